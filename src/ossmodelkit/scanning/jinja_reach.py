"""What a Jinja template can reach, from its syntax tree: nothing is rendered.

A template is a program without imports, so an attack climbs from some object over its dunder
attributes. Constants are folded (`~`, `+`, `*`, join, replace, reverse, escapes, variables), because
that is how the names are hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ossmodelkit.scanning.jinja_folding import Known, fold, learn
from ossmodelkit.scanning.tables import words

DUNDER = re.compile(r"__\w+")
# A text without blanks that names one of Python's internals: nothing to print, something to look up.
SPELLED = re.compile(r"[^\s_]{0,40}__(?:[a-z]{2,12}|init_subclass|getattribute)__[^\s_]{0,40}")
MANGLED = re.compile(r"_[A-Z]\w*?__\w+")
ATTRIBUTE_FILTERS = frozenset(
    ["attr", "map", "selectattr", "rejectattr", "groupby", "sort", "unique", "sum", "min", "max", "join"]
)
LARGEST_RANGE = 10_000_000
LARGEST_POWER = 1000
WIDE_FORMAT = re.compile(r"%[-+ #0]*\d{7}|\{[^{}]*:[^{}]*\d{7}")
DEEPEST = 150
LONGEST_TEMPLATE = 200_000


@dataclass(frozen=True, slots=True)
class Reached:
    """One construct that should not be in a template, and its line."""

    kind: str
    saw: str
    line: int


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
        known = learn(tree)
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


def _is_bad(name: Any) -> bool:
    if not isinstance(name, str):
        return False
    parts = name.split(".")
    return any(DUNDER.match(part) or MANGLED.fullmatch(part) or part in words("jinja", "internals") for part in parts)


def _look(tree: Any, known: Known) -> Iterator[Reached]:
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
        if _is_bad(node.name) or node.name in words("jinja", "never"):
            yield Reached("python", node.name, node.lineno)
    for node in tree.find_all(nodes.Const):
        if isinstance(node.value, str) and SPELLED.fullmatch(node.value):
            yield Reached("python", f"the text {node.value!r}", node.lineno)
    for node in tree.find_all(nodes.Filter):
        yield from _look_at_filter(node, known)
    for node in tree.find_all(nodes.Call):
        yield from _look_at_call(node, known)
    for node in tree.find_all(nodes.Keyword):
        if _is_bad(node.key):
            yield Reached("python", f"{node.key}=", node.lineno)
    yield from _ranges(tree, known)


def _look_at_name(node: Any, how: str, known: Known, line: int) -> Iterator[Reached]:
    """A computed name: what it may be, or pieces of it that no ordinary key has."""
    found = fold(node, known)
    for value in found:
        if _is_bad(value):
            yield Reached("python", f"{how} with {value!r}", line)
    if not found and _has_underscored_piece(node, known):
        yield Reached("python", f"{how} with a name assembled around '__'", line)


def _has_underscored_piece(node: Any, known: Known) -> bool:
    from jinja2 import nodes

    if not isinstance(node, (nodes.Concat, nodes.Add, nodes.Mod, nodes.Filter, nodes.Call)):
        return False
    pieces = [value for const in node.find_all(nodes.Const) for value in [const.value] if isinstance(value, str)]
    return any("__" in piece for piece in pieces)


def _look_at_filter(node: Any, known: Known) -> Iterator[Reached]:
    if node.name not in ATTRIBUTE_FILTERS:
        return
    for argument in [*node.args, *(pair.value for pair in node.kwargs)]:
        yield from _look_at_name(argument, f"{node.name} filter", known, node.lineno)
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        yield Reached("python", f"{node.name} filter with computed arguments", node.lineno)
    for pair in node.kwargs:
        if pair.key == "attribute" and not fold(pair.value, known):
            yield Reached("python", f"{node.name} filter with a computed name", node.lineno)
    if node.name == "attr" and node.args:
        names = fold(node.args[0], known)
        if "format" in names:
            yield Reached("python", "attr filter with 'format', a way around the sandbox", node.lineno)
        elif not names:
            yield Reached("python", "attr filter with a computed name", node.lineno)
    if node.name == "map" and node.args and "attr" in fold(node.args[0], known) and len(node.args) > 1:
        yield from _look_at_name(node.args[1], "map filter", known, node.lineno)


def _look_at_call(node: Any, known: Known) -> Iterator[Reached]:
    method = node.node
    kind = type(method).__name__
    called = method.attr if kind == "Getattr" else method.name if kind == "Name" else ""
    if called in words("jinja", "calls") and called not in known.macros:
        yield Reached("python", f"{called}(…)", node.lineno)
    if kind == "Getitem" and type(method.arg).__name__ not in ("Const", "Slice") and not fold(method.arg, known):
        yield Reached("python", "a call of whatever a computed name brings", node.lineno)
    if type(method).__name__ == "Getattr" and method.attr in ("format", "format_map"):
        for value in fold(method.node, known):
            if isinstance(value, str) and re.search(r"{[^}]*[.\[]_|{[^}]*__", value):
                yield Reached("python", f"a format text that walks attributes: {value[:80]!r}", node.lineno)


def _numbers(node: Any, known: Known) -> list[int]:
    return [value for value in fold(node, known)[:4] if isinstance(value, int)]


def _outermost(tree: Any, kind: Any) -> Iterator[Any]:
    """Chains such as `a * b * c`, each once: the left operand of one link is the next link."""
    links = list(tree.find_all(kind))
    inner = {id(link.left) for link in links}
    return (link for link in links if id(link) not in inner)


def _largest_power(node: Any, known: Known) -> int:
    from jinja2 import nodes

    powers = _numbers(node.right, known)
    while isinstance(node.left, nodes.Pow):
        node = node.left
        powers += _numbers(node.right, known)
    return max(powers, default=0)


def _bits(node: Any, known: Known) -> int:
    """How long a power grows: each exponent multiplies the length of what stands below it."""
    from jinja2 import nodes

    if isinstance(node, nodes.Pow):
        return _bits(node.left, known) * max(1, *_numbers(node.right, known))
    return max((value.bit_length() for value in _numbers(node, known)), default=0)


def _length(node: Any, known: Known) -> int:
    """Characters or items of the longest constant that an expression makes, of texts repeated in it too."""
    from jinja2 import nodes

    if isinstance(node, nodes.Mul):
        return _length(node.left, known) * max(1, *_numbers(node.right, known))
    return max((len(value) for value in fold(node, known)[:4] if isinstance(value, (str, list))), default=0)


def _ranges(tree: Any, known: Known) -> Iterator[Reached]:
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
    for node in _outermost(tree, nodes.Mul):
        for one, other in ((node.left, node.right), (node.right, node.left)):
            times = max(_numbers(other, known), default=0)
            if times * _length(one, known) > LARGEST_RANGE:
                yield Reached("exhausts", f"{times} times a text or list", node.lineno)
    for node in _outermost(tree, nodes.Pow):
        if _largest_power(node, known) > LARGEST_POWER or _bits(node, known) > LARGEST_RANGE:
            yield Reached("exhausts", "a power with a large exponent", node.lineno)
    for node in tree.find_all((nodes.Call, nodes.Filter)):
        if (getattr(node.node, "attr", "") or getattr(node, "name", "")) in ("ljust", "rjust", "center", "zfill"):
            widths = [width for argument in node.args for width in fold(argument, known)]
            if any(isinstance(width, int) and width > LARGEST_RANGE for width in widths):
                yield Reached("exhausts", "a text padded to an enormous width", node.lineno)
    for node in tree.find_all(nodes.Const):
        if isinstance(node.value, str) and WIDE_FORMAT.search(node.value):
            yield Reached("exhausts", "a format with an enormous width", node.lineno)
