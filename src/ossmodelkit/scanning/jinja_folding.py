"""Constants in a Jinja template's syntax tree: what a name, a joined text or a filtered one may be.

Attacks hide attribute names in `~`, `+`, `*`, join, replace, reverse, formats, variables, loops and macros;
folding them back is bounded in candidates and length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

MOST_CANDIDATES = 64
LONGEST_FOLD = 4096
MOST_PASSES = 4
# Methods of a text (and filters of the same name) whose outcome is no longer than what goes in.
CHANGES = ("lower", "upper", "title", "capitalize", "swapcase", "casefold", "strip", "lstrip", "rstrip")
CUTS = ("removeprefix", "removesuffix", "split", "rsplit", "splitlines", "partition", "rpartition")
TEXT_METHODS = frozenset((*CHANGES, *CUTS))


@dataclass(slots=True)
class Known:
    """Constant values that names may hold. Mutable by nature."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    macros: frozenset[str] = frozenset()

    def add(self, name: str, found: list[Any]) -> None:
        """Remember candidates, at most `MOST_CANDIDATES` of them."""
        kept = self.values.setdefault(name, [])
        kept.extend(value for value in found if value not in kept and len(kept) < MOST_CANDIDATES)


def learn(tree: Any) -> Known:
    """Constant values of variables, loop variables and macro parameters, in a few passes."""
    from jinja2 import nodes

    known = Known()
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    known.macros = frozenset(macros)
    for _ in range(MOST_PASSES):
        before = sum(map(len, known.values.values()))
        for assign in tree.find_all(nodes.Assign):
            _learn_target(assign.target, fold(assign.node, known), known)
        for block in tree.find_all(nodes.With):
            for target, value in zip(block.targets, block.values, strict=True):
                _learn_target(target, fold(value, known), known)
        for loop in tree.find_all(nodes.For):
            for values in fold(loop.iter, known):
                if isinstance(values, (list, str, dict)):
                    _learn_target(loop.target, list(islice(values, MOST_CANDIDATES)), known)
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in macros:
                for parameter, argument in zip(macros[call.node.name].args, call.args, strict=False):
                    known.add(parameter.name, fold(argument, known))
            elif isinstance(call.node, nodes.Name) and call.node.name == "namespace":
                for pair in call.kwargs:
                    known.add("." + pair.key, fold(pair.value, known))
        for block in tree.find_all(nodes.AssignBlock):
            name = _target(block.target)
            if name:
                known.add(name, _block_text(block, known))
        if sum(map(len, known.values.values())) == before:
            break
    return known


def _learn_target(target: Any, found: list[Any], known: Known) -> None:
    """Candidates for a name, or piece by piece for several names at once."""
    if type(target).__name__ == "Tuple":
        for place, part in enumerate(target.items):
            pieces = [one[place] for one in found if isinstance(one, (list, str)) and len(one) == len(target.items)]
            _learn_target(part, pieces, known)
    elif name := _target(target):
        known.add(name, found)


def _target(node: Any) -> str:
    kind = type(node).__name__
    return node.name if kind == "Name" else "." + node.attr if kind == "NSRef" else ""


def _block_text(block: Any, known: Known) -> list[Any]:
    parts = [found for output in block.body for found in [fold(piece, known) for piece in getattr(output, "nodes", ())]]
    return ["".join(map(str, one)) for one in islice(product(*parts), MOST_CANDIDATES)] if parts else []


def fold(node: Any, known: Known) -> list[Any]:
    """Every constant that an expression may be; empty when it cannot be told."""
    kind = type(node).__name__
    rule = FOLDS.get(kind)
    if rule is None:
        return []
    try:
        return [v for v in rule(node, known) if not isinstance(v, (str, list)) or len(v) <= LONGEST_FOLD]
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError):
        return []


def _concat(node: Any, known: Known) -> list[Any]:
    parts = [fold(part, known) for part in node.nodes]
    return ["".join(map(str, one)) for one in islice(product(*parts), MOST_CANDIDATES)]


def _pairwise(node: Any, known: Known) -> list[Any]:
    found = []
    pairs = product(fold(node.left, known), fold(node.right, known))
    for left, right in islice(pairs, MOST_CANDIDATES):
        if node.operator == "+" and type(left) is type(right):
            found.append(left + right)
        elif (node.operator == "*" and isinstance(left, str) and isinstance(right, int) and right <= LONGEST_FOLD) or (
            node.operator == "*" and isinstance(left, int) and isinstance(right, int)
        ):
            found.append(left * right)
        elif node.operator == "%" and isinstance(left, str):
            found.append(_percent(left, right))
        elif node.operator in "-//" and isinstance(left, int) and isinstance(right, int):
            found.append(left - right if node.operator == "-" else left // right)
        elif node.operator == "**" and isinstance(left, int) and isinstance(right, int) and 0 <= right <= 64:
            found.append(left**right if left.bit_length() * right <= LONGEST_FOLD else 1 << LONGEST_FOLD)
    return found


def _percent(pattern: str, values: Any) -> str:
    if re.search(r"%[^a-z%]*\d{4}", pattern):
        raise ValueError("a width that only fills memory")
    return pattern % (tuple(values) if isinstance(values, list) else values)


def _items(node: Any, known: Known) -> list[Any]:
    parts = [fold(item, known) for item in node.items]
    return [list(one) for one in islice(product(*parts), MOST_CANDIDATES)]


def _table(node: Any, known: Known) -> list[Any]:
    """A dictionary of constants; of several candidates for a value the first is kept."""
    table: dict[Any, Any] = {}
    for pair in node.items:
        keys, values = fold(pair.key, known), fold(pair.value, known)
        if keys and values:
            table[keys[0]] = values[0]
    return [table]


def _attribute(node: Any, known: Known) -> list[Any]:
    """What a namespace keeps under the name, or a dictionary."""
    tables = [one for one in fold(node.node, known) if isinstance(one, dict) and node.attr in one]
    return [*known.values.get("." + node.attr, ()), *(one[node.attr] for one in tables)]


def _item(node: Any, known: Known) -> list[Any]:
    found: list[Any] = []
    for value in fold(node.node, known):
        if type(node.arg).__name__ == "Slice":
            bounds = [fold(part, known)[0] if part else None for part in (node.arg.start, node.arg.stop, node.arg.step)]
            found.append(value[slice(*bounds)])
        else:
            found.extend(value[index] for index in fold(node.arg, known) if isinstance(value, (str, list, dict)))
    return found


def _filtered(node: Any, known: Known) -> list[Any]:
    arguments = [fold(argument, known) for argument in node.args]
    found = []
    for value, *rest in islice(product(fold(node.node, known), *arguments), MOST_CANDIDATES):
        found.append(_apply(node.name, value, rest))
    return [value for value in found if value is not None]


def _apply(name: str, value: Any, rest: list[Any]) -> Any:
    """The few filters and methods that text is assembled with."""
    if name == "join":
        return (rest[0] if rest else "").join(map(str, value))
    if name == "format":
        return _percent(value, tuple(rest))
    if name == "replace" and len(rest) > 1:
        return value.replace(rest[0], rest[1])
    if name == "reverse":
        return value[::-1]
    if name in ("first", "last"):
        return value[0 if name == "first" else -1]
    if name in TEXT_METHODS and isinstance(value, str):
        changed = getattr(value, name)(*rest)
        return list(changed) if isinstance(changed, tuple) else changed
    if name == "default":
        return value
    if name in ("trim", "string", "list", "safe", "e", "escape", "int"):
        convert: dict[str, Any] = {"trim": str.strip, "list": list, "int": int}
        return convert.get(name, str)(value)
    return None


def _called(node: Any, known: Known) -> list[Any]:
    if type(node.node).__name__ == "Name" and node.node.name == "dict":
        return [{pair.key: "" for pair in node.kwargs}]
    if type(node.node).__name__ != "Getattr":
        return []
    method = node.node
    arguments = [fold(argument, known) for argument in node.args]
    found = []
    for value, *rest in islice(product(fold(method.node, known), *arguments), MOST_CANDIDATES):
        if method.attr == "join":
            found.append(value.join(map(str, rest[0])))
        elif method.attr == "format" and isinstance(value, str) and not re.search(r"{[^}]*[.\[:]", value):
            found.append(value.format(*rest))
        else:
            found.append(_apply(method.attr, value, rest))
    return [value for value in found if value is not None]


FOLDS: dict[str, Any] = {
    "Const": lambda node, known: [node.value],
    "TemplateData": lambda node, known: [node.data],
    "Name": lambda node, known: list(known.values.get(node.name, ())),
    "Getattr": _attribute,
    "Dict": _table,
    "Concat": _concat,
    "Add": _pairwise,
    "Sub": _pairwise,
    "Mul": _pairwise,
    "Mod": _pairwise,
    "FloorDiv": _pairwise,
    "Pow": _pairwise,
    "List": _items,
    "Tuple": _items,
    "Getitem": _item,
    "Filter": _filtered,
    "Call": _called,
    "Neg": lambda node, known: [-value for value in fold(node.node, known)],
    "CondExpr": lambda node, known: [*fold(node.expr1, known), *(fold(node.expr2, known) if node.expr2 else ())],
    "Or": lambda node, known: [*fold(node.left, known), *fold(node.right, known)],
    "MarkSafe": lambda node, known: fold(node.expr, known),
}
