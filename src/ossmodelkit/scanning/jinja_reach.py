"""What a Jinja template can reach, from its syntax tree: nothing is rendered.

A template is a program without imports, so an attack climbs from some object over its dunder
attributes. Constants are folded (`~`, `+`, `*`, join, replace, reverse, escapes, variables), because
that is how the names are hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, product
from typing import Any

from ossmodelkit.scanning.tables import words

DUNDER = re.compile(r"__\w+")
ATTRIBUTE_FILTERS = frozenset(
    ["attr", "map", "selectattr", "rejectattr", "groupby", "sort", "unique", "sum", "min", "max", "join"]
)
MOST_CANDIDATES = 64
LONGEST_FOLD = 4096
LARGEST_RANGE = 10_000_000
DEEPEST = 150
LONGEST_TEMPLATE = 200_000
MOST_PASSES = 4


@dataclass(frozen=True, slots=True)
class Reached:
    """One construct that should not be in a template, and its line."""

    kind: str
    saw: str
    line: int


@dataclass(slots=True)
class _Known:
    """Constant values that names may hold. Mutable by nature."""

    values: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, name: str, found: list[Any]) -> None:
        """Remember candidates, at most `MOST_CANDIDATES` of them."""
        kept = self.values.setdefault(name, [])
        kept.extend(value for value in found if value not in kept and len(kept) < MOST_CANDIDATES)


@cache
def _environment() -> Any:
    import jinja2
    from jinja2 import nodes
    from jinja2.ext import Extension

    class Generation(Extension):
        """The `generation` block of chat templates: marks what the assistant wrote."""

        tags = {"generation"}  # noqa: RUF012 (Jinja's own protocol)

        def parse(self, parser: Any) -> Any:
            """The block's body, as if the tag were not there."""
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    return jinja2.Environment(  # noqa: S701 (parsed, never rendered)
        extensions=[Generation, "jinja2.ext.loopcontrols", "jinja2.ext.do"], trim_blocks=True, lstrip_blocks=True
    )


def reached(text: str) -> list[Reached]:
    """Everything in the template `text` that a chat template has no use for."""
    import jinja2

    if len(text) > LONGEST_TEMPLATE:
        return [Reached("exhausts", f"a template of {len(text)} characters", 1)]
    if _is_deep(text):
        return [Reached("exhausts", f"expressions nested more than {DEEPEST} deep", 1)]
    try:
        tree = _environment().parse(text)
    except jinja2.TemplateSyntaxError as error:
        return [Reached("unreadable", str(error.message)[:200], error.lineno)]
    except (RecursionError, MemoryError):
        return [Reached("exhausts", "nesting that the parser cannot hold", 1)]
    try:
        known = _learn(tree)
        return list(dict.fromkeys(_look(tree, known)))
    except RecursionError:
        return [Reached("exhausts", "nesting that cannot be walked", 1)]


def _is_deep(text: str) -> bool:
    depth = 0
    for found in re.finditer(r"[(\[{]|[)\]}]|{%-?\s*(?:end)?(?:if|for|macro|set|call|filter|block)\b", text):
        token = found.group()
        if token in ("(", "[", "{") or (token.startswith("{%") and "end" not in token and "set" not in token):
            depth += 1
        elif depth:
            depth -= 1
        if depth > DEEPEST * 4:
            return True
    return False


def _learn(tree: Any) -> _Known:
    """Constant values of variables, loop variables and macro parameters, in a few passes."""
    from jinja2 import nodes

    known = _Known()
    macros = {macro.name: macro for macro in tree.find_all(nodes.Macro)}
    for _ in range(MOST_PASSES):
        before = sum(map(len, known.values.values()))
        for assign in tree.find_all(nodes.Assign):
            name = _target(assign.target)
            if name:
                known.add(name, fold(assign.node, known))
        for loop in tree.find_all(nodes.For):
            name = _target(loop.target)
            if name:
                for values in fold(loop.iter, known):
                    known.add(name, list(islice(values, MOST_CANDIDATES)) if isinstance(values, (list, str)) else [])
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


def _target(node: Any) -> str:
    kind = type(node).__name__
    return node.name if kind == "Name" else "." + node.attr if kind == "NSRef" else ""


def _block_text(block: Any, known: _Known) -> list[Any]:
    parts = [found for output in block.body for found in [fold(piece, known) for piece in getattr(output, "nodes", ())]]
    return ["".join(map(str, one)) for one in islice(product(*parts), MOST_CANDIDATES)] if parts else []


def fold(node: Any, known: _Known) -> list[Any]:
    """Every constant that an expression may be; empty when it cannot be told."""
    kind = type(node).__name__
    rule = FOLDS.get(kind)
    if rule is None:
        return []
    try:
        return [v for v in rule(node, known) if not isinstance(v, (str, list)) or len(v) <= LONGEST_FOLD]
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError):
        return []


def _concat(node: Any, known: _Known) -> list[Any]:
    parts = [fold(part, known) for part in node.nodes]
    return ["".join(map(str, one)) for one in islice(product(*parts), MOST_CANDIDATES)]


def _pairwise(node: Any, known: _Known) -> list[Any]:
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
    return found


def _percent(pattern: str, values: Any) -> str:
    if re.search(r"%[^a-z%]*\d{4}", pattern):
        raise ValueError("a width that only fills memory")
    return pattern % (tuple(values) if isinstance(values, list) else values)


def _items(node: Any, known: _Known) -> list[Any]:
    parts = [fold(item, known) for item in node.items]
    return [list(one) for one in islice(product(*parts), MOST_CANDIDATES)]


def _item(node: Any, known: _Known) -> list[Any]:
    found: list[Any] = []
    for value in fold(node.node, known):
        if type(node.arg).__name__ == "Slice":
            bounds = [fold(part, known)[0] if part else None for part in (node.arg.start, node.arg.stop, node.arg.step)]
            found.append(value[slice(*bounds)])
        else:
            found.extend(value[index] for index in fold(node.arg, known) if isinstance(value, (str, list, dict)))
    return found


def _filtered(node: Any, known: _Known) -> list[Any]:
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
    if name in ("lower", "upper", "title", "capitalize", "strip"):
        return getattr(value, name)(*rest)
    if name in ("trim", "string", "list", "safe", "e", "escape", "int"):
        convert: dict[str, Any] = {"trim": str.strip, "list": list, "int": int}
        return convert.get(name, str)(value)
    return value.split(*rest) if name == "split" else None


def _called(node: Any, known: _Known) -> list[Any]:
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
    "Getattr": lambda node, known: list(known.values.get("." + node.attr, ())),
    "Concat": _concat,
    "Add": _pairwise,
    "Sub": _pairwise,
    "Mul": _pairwise,
    "Mod": _pairwise,
    "FloorDiv": _pairwise,
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


def _is_bad(name: Any) -> bool:
    if not isinstance(name, str):
        return False
    parts = name.split(".")
    return any(DUNDER.match(part) or part in words("jinja", "internals") for part in parts)


def _look(tree: Any, known: _Known) -> Iterator[Reached]:
    from jinja2 import nodes

    for node in tree.find_all((nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends)):
        named = ", ".join(str(value) for value in fold(node.template, known)) or "a computed name"
        yield Reached("loads", f"{type(node).__name__.lower()} {named}", node.lineno)
    for node in tree.find_all(nodes.Getattr):
        if _is_bad(node.attr):
            yield Reached("python", f".{node.attr}", node.lineno)
    for node in tree.find_all(nodes.Getitem):
        yield from _look_at_name(node.arg, "[…]", known, node.lineno)
    for node in tree.find_all(nodes.Name):
        if _is_bad(node.name):
            yield Reached("python", node.name, node.lineno)
    for node in tree.find_all(nodes.Filter):
        yield from _look_at_filter(node, known)
    for node in tree.find_all(nodes.Call):
        yield from _look_at_call(node, known)
    for node in tree.find_all(nodes.Keyword):
        if _is_bad(node.key):
            yield Reached("python", f"{node.key}=", node.lineno)
    yield from _ranges(tree, known)


def _look_at_name(node: Any, how: str, known: _Known, line: int) -> Iterator[Reached]:
    """A computed name: what it may be, or pieces of it that no ordinary key has."""
    found = fold(node, known)
    for value in found:
        if _is_bad(value):
            yield Reached("python", f"{how} with {value!r}", line)
    if not found and _has_underscored_piece(node, known):
        yield Reached("python", f"{how} with a name assembled around '__'", line)


def _has_underscored_piece(node: Any, known: _Known) -> bool:
    from jinja2 import nodes

    if not isinstance(node, (nodes.Concat, nodes.Add, nodes.Mod, nodes.Filter, nodes.Call)):
        return False
    pieces = [value for const in node.find_all(nodes.Const) for value in [const.value] if isinstance(value, str)]
    return any("__" in piece for piece in pieces)


def _look_at_filter(node: Any, known: _Known) -> Iterator[Reached]:
    if node.name not in ATTRIBUTE_FILTERS:
        return
    for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
        yield from _look_at_name(argument, f"{node.name} filter", known, node.lineno)
    if node.name == "attr" and node.args:
        names = fold(node.args[0], known)
        if "format" in names:
            yield Reached("python", "attr filter with 'format', a way around the sandbox", node.lineno)
        elif not names:
            yield Reached("python", "attr filter with a computed name", node.lineno)
    if node.name == "map" and node.args and "attr" in fold(node.args[0], known) and len(node.args) > 1:
        yield from _look_at_name(node.args[1], "map filter", known, node.lineno)


def _look_at_call(node: Any, known: _Known) -> Iterator[Reached]:
    method = node.node
    if type(method).__name__ == "Getattr" and method.attr in ("format", "format_map"):
        for value in fold(method.node, known):
            if isinstance(value, str) and re.search(r"{[^}]*[.\[]_|{[^}]*__", value):
                yield Reached("python", f"a format text that walks attributes: {value[:80]!r}", node.lineno)


def _ranges(tree: Any, known: _Known) -> Iterator[Reached]:
    """Loops whose constant bounds multiply to more steps than any chat has."""
    from jinja2 import nodes

    def size(node: Any) -> int:
        if not (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range"):
            return 1
        bounds = [value for argument in node.args for value in fold(argument, known)[:1]]
        if not bounds or not all(isinstance(bound, int) for bound in bounds):
            return 1
        return len(range(*bounds)) if abs(bounds[-1]) < 1 << 62 and (len(bounds) < 3 or bounds[2]) else 1 << 62

    def visit(node: Any, steps: int) -> Iterator[Reached]:
        if isinstance(node, nodes.For):
            steps *= size(node.iter)
        elif isinstance(node, nodes.Call):
            steps = max(steps, steps * size(node) if isinstance(node.node, nodes.Name) else steps)
        if steps > LARGEST_RANGE:
            yield Reached("exhausts", f"loops of {steps} steps", node.lineno)
            return
        for child in node.iter_child_nodes():
            if not (isinstance(node, nodes.For) and child is node.iter):
                yield from visit(child, steps)

    yield from visit(tree, 1)
    for node in tree.find_all(nodes.Mul):
        for left, right in product(fold(node.left, known)[:4], fold(node.right, known)[:4]):
            if isinstance(left, str) and isinstance(right, int) and len(left) * right > LARGEST_RANGE:
                yield Reached("exhausts", f"a text of {len(left) * right} characters", node.lineno)
    for node in tree.find_all(nodes.Pow):
        if any(isinstance(power, int) and power > 1000 for power in fold(node.right, known)):
            yield Reached("exhausts", "a power with a large exponent", node.lineno)
