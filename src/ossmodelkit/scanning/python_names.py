"""Which object a Python expression names, as far as the text tells: aliases, getattr, folded strings."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from ossmodelkit.scanning.python_effects import effect_of

LONGEST_TEXT = 4096
# Builtins that matter here; any other name that was not imported is marked with "?", as it is a variable.
BUILTINS = frozenset(
    {"eval", "exec", "compile", "__import__", "open", "getattr", "globals", "locals", "vars", "bytes", "__builtins__"}
)
# Calls that give back the path they are given, for all that matters here.
PATHS = frozenset({"os.path.expanduser", "os.path.abspath", "os.path.join", "pathlib.Path", "os.path.expandvars"})


@dataclass(slots=True)
class Names:
    """What the names of one module stand for. Mutable by nature."""

    aliases: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)

    def learn(self, tree: ast.Module, stars: frozenset[str]) -> None:
        """Collect imports, then simple assignments, wherever they stand."""
        assigned: list[ast.Assign | ast.AnnAssign | ast.NamedExpr] = []
        for node in ast.walk(tree):
            if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)):
                assigned.append(node)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    target = alias.name if alias.asname else alias.name.partition(".")[0]
                    self.aliases[alias.asname or alias.name.partition(".")[0]] = target
            elif isinstance(node, ast.ImportFrom) and not node.level:
                for alias in node.names:
                    if alias.name == "*" and node.module in stars:
                        self.stars.append(node.module or "")
                    self.aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.own.add(node.name)
        for _ in range(3):
            for one in assigned:
                self._assign(one)

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        value = node.value
        for target in targets:
            if not isinstance(target, ast.Name) or value is None:
                continue
            text = self.text(value)
            if text is not None:
                self.texts[target.id] = text
            dotted = self.dotted(value)
            if dotted and not dotted.startswith("?") and not dotted.endswith("()") and dotted != target.id:
                self.aliases.setdefault(target.id, dotted)

    def dotted(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for; empty when it cannot be told."""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id) or self._of_star(node.id)
        if isinstance(node, ast.Attribute):
            base = self.dotted(node.value)
            return f"{base}.{node.attr}" if base else ""
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.NamedExpr):
            return self.dotted(node.value)
        return self._call(node) if isinstance(node, ast.Call) else ""

    def _of_star(self, name: str) -> str:
        """A builtin, a name that a star import of a dangerous module brings, or a variable."""
        for module in () if name in self.own else self.stars:
            if effect_of(f"{module}.{name}") or effect_of(f"{module}.{name}.x"):
                return f"{module}.{name}"
        return name if name in BUILTINS else f"?{name}"

    def _subscript(self, node: ast.Subscript) -> str:
        """`sys.modules["os"]`, `globals()["x"]`, `module.__dict__["x"]`."""
        base, key = self.dotted(node.value), self.text(node.slice)
        if key is None:
            return ""
        if base == "sys.modules":
            return key
        if base in ("globals()", "locals()", "vars()"):
            return self.aliases.get(key, key)
        if base == "__builtins__" or base.endswith("__builtins__"):
            return f"builtins.{key}"
        return f"{base.removesuffix('.__dict__')}.{key}" if base.endswith(".__dict__") else ""

    def _call(self, node: ast.Call) -> str:
        """What a lookup by text gives; for any other call, the callable with brackets."""
        function = self.dotted(node.func)
        texts = [self.text(argument) for argument in node.args]
        if function.startswith(("operator.attrgetter(", "operator.methodcaller(")) and node.args:
            return f"{self.dotted(node.args[0])}.{function.partition('(')[2][:-1]}"
        if function in ("__import__", "builtins.__import__", "importlib.import_module", "importlib.__import__"):
            name = texts[0] if texts else None
            if name is None:
                return ""
            return name.partition(".")[0] if "__import__" in function and len(node.args) < 4 else name
        if function in ("getattr", "builtins.getattr") and len(node.args) >= 2:
            base = self.dotted(node.args[0])
            return f"{base}.{texts[1]}" if base and texts[1] is not None else ""
        if function in ("operator.attrgetter", "operator.methodcaller") and texts and texts[0]:
            return f"{function}({texts[0]})"
        if function in ("vars", "builtins.vars") and node.args:
            return f"{self.dotted(node.args[0])}.__dict__"
        return f"{function}()" if function in ("globals", "locals", "vars") else ""

    def text(self, node: ast.AST) -> str | None:
        """The text that an expression is, folded: `+`, join, format, reversal, chr, decode."""
        try:
            found = self._text(node, 0)
        except (ValueError, TypeError, IndexError, KeyError, OverflowError, LookupError):
            return None
        return found if found is not None and len(found) <= LONGEST_TEXT else None

    def _text(self, node: ast.AST, depth: int) -> str | None:
        if depth > 60:
            return None
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bytes):
                return node.value.decode("latin-1")
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self.texts.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = self._text(node.left, depth + 1), self._text(node.right, depth + 1)
            return left + right if left is not None and right is not None else None
        if isinstance(node, ast.JoinedStr):
            parts = [self._text(v.value if isinstance(v, ast.FormattedValue) else v, depth + 1) for v in node.values]
            return "".join(part for part in parts if part is not None) if None not in parts else None
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            base = self._text(node.value, depth + 1)
            step = node.slice.step
            backward = isinstance(step, ast.UnaryOp) and isinstance(step.op, ast.USub)
            return base[::-1] if base is not None and backward else None
        return self._text_call(node, depth + 1) if isinstance(node, ast.Call) else None

    def _text_call(self, node: ast.Call, depth: int) -> str | None:
        if isinstance(node.func, ast.Name) and node.func.id == "chr" and isinstance(node.args[0], ast.Constant):
            return chr(node.args[0].value)  # type: ignore[arg-type]
        function = self.dotted(node.func)
        if function in (
            "base64.b64decode",
            "bytes.fromhex",
            "codecs.decode",
            "base64.b32decode",
            "base64.urlsafe_b64decode",
        ):
            return self._decoded(function, node, depth)
        if function in PATHS and node.args:
            return self._text(node.args[0], depth)
        if not isinstance(node.func, ast.Attribute):
            return None
        base, method = self._text(node.func.value, depth), node.func.attr
        if base is None:
            return None
        if method == "join" and node.args and isinstance(node.args[0], (ast.List, ast.Tuple)):
            parts = [self._text(item, depth) for item in node.args[0].elts]
            return base.join(part for part in parts if part is not None) if None not in parts else None
        texts = [self._text(argument, depth) for argument in node.args]
        if method in ("lower", "upper", "strip", "swapcase", "title", "decode", "encode", "capitalize"):
            return getattr(base, method)() if method not in ("decode", "encode") else base
        if method == "replace" and len(texts) >= 2 and texts[0] is not None and texts[1] is not None:
            return base.replace(texts[0], texts[1])
        if method == "format" and None not in texts and not node.keywords and "." not in base and "[" not in base:
            return base.format(*texts)
        return None

    def _decoded(self, function: str, node: ast.Call, depth: int) -> str | None:
        import base64
        import codecs

        text = self._text(node.args[0], depth) if node.args else None
        if text is None or len(text) > LONGEST_TEXT:
            return None
        if function == "bytes.fromhex":
            return bytes.fromhex(text).decode("latin-1")
        if function == "codecs.decode":
            return (
                codecs.decode(text, "rot13")
                if len(node.args) > 1 and "rot" in (self._text(node.args[1], depth) or "")
                else None
            )
        decode = {"base64.b32decode": base64.b32decode, "base64.urlsafe_b64decode": base64.urlsafe_b64decode}
        return decode.get(function, base64.b64decode)(text.encode("latin-1")).decode("latin-1")


def never_for_a_loader(test: ast.expr) -> bool:
    """`if __name__ == "__main__"` and `if TYPE_CHECKING`."""
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name):
        return test.left.id == "__name__" and isinstance(test.ops[0], ast.Eq)
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
