"""What Python code reaches when a loader imports it, read from its syntax tree; nothing is run.

Names are resolved through imports, assignments, `getattr` and folded strings (`python_names`); what
they reach stands in `configs/scan/python.toml`.
"""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field

from ossmodelkit.core.finding import Severity
from ossmodelkit.scanning.python_effects import allows_pickle, effect_of, severity_in
from ossmodelkit.scanning.python_names import Names, never_for_a_loader
from ossmodelkit.scanning.python_network import names_strange_host, sends
from ossmodelkit.scanning.python_texts import acts
from ossmodelkit.scanning.tables import words

INTERNALS = frozenset(
    {"__subclasses__", "__globals__", "__builtins__", "__code__", "__closure__", "f_globals", "f_builtins", "gi_frame"}
)


PATCHED = frozenset({"builtins", "__builtins__", "os", "sys", "importlib", "socket", "subprocess"})


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that the code does: the effect, the name, the line, and how bad it is there."""

    effect: str
    saw: str
    line: int
    severity: Severity


@dataclass(slots=True)
class _Scope:
    """Where in the module the walk stands. Mutable by nature."""

    names: Names
    function: str = ""
    parameters: frozenset[str] = frozenset()
    deeds: list[Deed] = field(default_factory=list)
    secrets: list[int] = field(default_factory=list)

    def note(self, effect: str, saw: str, node: ast.AST, severity: Severity) -> None:
        """Remember one deed."""
        self.deeds.append(Deed(effect, saw[:160], getattr(node, "lineno", 1), severity))


def deeds(text: str) -> list[Deed]:
    """Everything the module `text` does that reaches beyond numbers.

    Raises `SyntaxError`, `ValueError` or `RecursionError` when the text cannot be parsed.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    names = Names()
    names.learn(tree, words("python", "lists", "star_modules"))
    scope = _Scope(names=names)
    _statements(tree.body, scope)
    return _together(scope)


def _statements(body: list[ast.stmt], scope: _Scope) -> None:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
                _expression(part, scope)
            _function(node, scope)
        elif isinstance(node, ast.ClassDef):
            for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
                _expression(part, scope)
            _statements(node.body, scope)
        elif isinstance(node, ast.If) and never_for_a_loader(node.test):
            _statements(node.orelse, scope)
        else:
            _statement(node, scope)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, scope: _Scope) -> None:
    before = scope.function, scope.parameters
    arguments = node.args
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    scope.function = node.name
    scope.parameters = scope.parameters | {argument.arg for argument in every}
    _statements(node.body, scope)
    scope.function, scope.parameters = before


def _statement(node: ast.stmt, scope: _Scope) -> None:
    """Nested blocks keep their own rules; everything else is looked at as expressions."""
    for name, value in ast.iter_fields(node):
        if name in ("body", "orelse", "finalbody"):
            _statements(value, scope)
        elif name in ("handlers", "cases"):
            for part in value:
                for inner in (getattr(part, "type", None), getattr(part, "guard", None)):
                    if inner is not None:
                        _expression(inner, scope)
                _statements(part.body, scope)
        else:
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    _expression(part, scope)
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        _assignment(node, scope)


def _expression(node: ast.AST, scope: _Scope) -> None:
    covered = {id(part.func) for part in ast.walk(node) if isinstance(part, ast.Call)}
    covered |= {id(part.value) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            _call(part, scope)
        elif isinstance(part, (ast.Attribute, ast.Name, ast.Subscript)) and id(part) not in covered:
            _mention(part, scope)
        if isinstance(part, ast.Attribute) and part.attr in INTERNALS:
            scope.note("code", f".{part.attr}", part, Severity.HIGH)
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            _secret_path(part, scope)
            if acts(part.value):
                scope.note("code", f"text {part.value[:80]!r}", part, Severity.HIGH)


def _mention(node: ast.Attribute | ast.Name | ast.Subscript, scope: _Scope) -> None:
    """A dangerous function that is handed on instead of called."""
    if isinstance(getattr(node, "ctx", None), ast.Store):
        return
    dotted = scope.names.dotted(node)
    if not dotted or (isinstance(node, ast.Name) and node.id in scope.parameters | scope.names.own):
        return
    if dotted == "os.environ" and not isinstance(node, ast.Subscript):
        scope.secrets.append(node.lineno)
    if "__builtins__" in dotted and isinstance(node, ast.Name):
        scope.note("code", "__builtins__", node, Severity.HIGH)
    effect = effect_of(dotted)
    if effect in ("process", "code") and (isinstance(node, ast.Name) or "." in dotted):
        scope.note(effect, dotted, node, severity_in(effect, scope.function))


def _call(node: ast.Call, scope: _Scope) -> None:
    names = scope.names
    dotted = names.dotted(node.func)
    if dotted.startswith("operator.methodcaller("):
        dotted = names.dotted(node)  # the call of a methodcaller is the call of the method
    _method(node, scope)
    base = node.func
    while isinstance(base, ast.Attribute):
        base = base.value
    if isinstance(base, ast.Name) and base.id in scope.parameters | names.own and base.id not in names.aliases:
        dotted = f"?{dotted}"  # a name of the module's own hides the builtin
    if not dotted:
        _call_of_computed(node, scope)
        return
    effect = effect_of(dotted)
    if dotted in ("compile", "builtins.compile"):
        effect = "code"
    if effect:
        _sink(node, dotted, effect, scope)
        return
    if dotted == "?setattr" and node.args and names.dotted(node.args[0]) in PATCHED:
        scope.note("hook", f"setattr({names.dotted(node.args[0])}, …)", node, Severity.HIGH)
    elif dotted in ("open", "builtins.open", "io.open", "codecs.open"):
        _open(node, dotted, scope)
    elif dotted in ("getattr", "builtins.getattr") and node.args:
        target = names.dotted(node.args[0])
        if target in ("os", "sys", "builtins", "subprocess", "importlib", "posix", "__builtins__", "ctypes", "shutil"):
            scope.note("code", f"getattr({target}, …) with a computed name", node, Severity.HIGH)
    elif dotted == "torch.load":
        unsafe = any(k.arg == "weights_only" and getattr(k.value, "value", None) is False for k in node.keywords)
        scope.note("unpickle", "torch.load", node, Severity.MEDIUM if unsafe else Severity.LOW)
    elif dotted in ("numpy.load", "np.load") and any(map(allows_pickle, node.keywords)):
        scope.note("unpickle", "numpy.load(allow_pickle=…)", node, Severity.MEDIUM)
    elif dotted in ("sys.path.insert", "sys.path.append"):
        if (names.text(node.args[-1]) or "").startswith(("/", "~")):
            scope.note("import", f"{dotted}({names.text(node.args[-1])!r})", node, Severity.MEDIUM)
    elif dotted in ("os.getenv", "os.environ.get", "os.environ.copy", "os.environ.items"):
        _environment(node, scope)


def _method(node: ast.Call, scope: _Scope) -> None:
    """Methods of `pathlib.Path`, whatever object they are called on."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name in ("write_text", "write_bytes"):
        path = scope.names.text(node.func.value) if isinstance(node.func, ast.Attribute) else None
        scope.note("write", f".{name}()", node, _writing(path or "", scope))
    elif name in ("unlink", "rmdir") and not node.args:
        scope.note("delete", f".{name}()", node, severity_in("delete", scope.function))
    elif name in ("enable_load_extension", "load_extension"):
        scope.note("native", f".{name}()", node, Severity.HIGH)
    elif any(k.arg == "trust_remote_code" and getattr(k.value, "value", None) is True for k in node.keywords):
        source = (scope.names.text(node.args[0]) if node.args else None) or ""
        if "/" in source:
            scope.note("code", f"trusts the code of {source[:80]!r}", node, Severity.MEDIUM)


def _call_of_computed(node: ast.Call, scope: _Scope) -> None:
    """`(lambda: …)()` is fine; calling what a lookup by a computed name gave is not."""
    inner = node.func
    if isinstance(inner, ast.Call):
        found = scope.names.dotted(inner.func)
        if found in ("getattr", "builtins.getattr") and inner.args:
            target = scope.names.dotted(inner.args[0])
            if effect_of(f"{target}.x") or target in ("os", "sys", "builtins"):
                scope.note("code", f"call of getattr({target}, …)", node, Severity.HIGH)
    elif isinstance(inner, ast.Subscript):
        found = scope.names.dotted(inner.value)
        if found in ("globals()", "locals()", "__builtins__", "sys.modules") or found.endswith("__dict__"):
            scope.note("code", f"call of {found}[…]", node, Severity.HIGH)


def _sink(node: ast.Call, dotted: str, effect: str, scope: _Scope) -> None:
    if effect == "import":
        name = scope.names.text(node.args[0]) if node.args else None
        if name is not None:
            return  # an import like any other: what is done with it is resolved by name
        if dotted.startswith("importlib.") and not dotted.endswith(("import_module", "__import__", "reload")):
            return
        loud = "__import__" in dotted
        scope.note(effect, f"{dotted} of a computed name", node, Severity.HIGH if loud else Severity.MEDIUM)
        return
    if effect == "unpickle" and dotted == "yaml.load":
        loaders = [scope.names.dotted(part) for part in (*node.args[1:], *(k.value for k in node.keywords))]
        if any("Safe" in loader or "Base" in loader for loader in loaders):
            return
    if effect == "secret":
        scope.secrets.append(node.lineno)
    severity = severity_in(effect, scope.function)
    if effect == "network" and sends(node, dotted):
        severity = _worse(severity, Severity.HIGH)
    elif effect == "network" and names_strange_host(node):
        severity = _worse(severity, Severity.MEDIUM)
    argument = next((t for t in map(scope.names.text, node.args) if t), "")
    scope.note(effect, f"{dotted}({argument[:100]!r})" if argument else dotted, node, severity)


def _worse(one: Severity, other: Severity) -> Severity:
    return max(one, other, key=lambda severity: severity.rank)


def _open(node: ast.Call, dotted: str, scope: _Scope) -> None:
    mode = next((k.value for k in node.keywords if k.arg == "mode"), node.args[1] if len(node.args) > 1 else None)
    text = scope.names.text(mode) if mode is not None else "r"
    if text is not None and set(text) & set("wax+"):
        path = (scope.names.text(node.args[0]) if node.args else None) or ""
        scope.note("write", f"open({path[:80]!r}, {text!r})", node, _writing(path, scope))


def _writing(path: str, scope: _Scope) -> Severity:
    """Writing to a place that the code names itself is worse than writing where the caller says."""
    severity = severity_in("write", scope.function)
    return _worse(severity, Severity.MEDIUM) if path.startswith(("/", "~", "..")) else severity


def _environment(node: ast.Call, scope: _Scope) -> None:
    name = (scope.names.text(node.args[0]) if node.args else None) or ""
    whole = not node.args
    if whole or any(
        word in name.upper() for word in ("TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "API_KEY", "ACCESS_KEY")
    ):
        scope.secrets.append(node.lineno)


def _secret_path(node: ast.Constant, scope: _Scope) -> None:
    """A path where people keep secrets, written out in full."""
    text = str(node.value)
    listed = words("python", "lists", "secret_paths")
    if len(text) > 200 or "\n" in text or not text.startswith(("~", "/", *listed)):
        return
    if any(f"/{path.lstrip('/')}" in f"/{text.lstrip('/')}" for path in listed):
        scope.secrets.append(node.lineno)
        if text.startswith(("/etc/", "~/.ssh", "~/.aws", "/root")):
            scope.note("secret", f"path {text!r}", node, Severity.HIGH)


def _assignment(node: ast.Assign | ast.AugAssign, scope: _Scope) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Subscript) and scope.names.dotted(target.value) == "os.environ":
            name = scope.names.text(target.slice)
            if name in words("python", "lists", "dangerous_variables"):
                scope.note("hook", f"os.environ[{name!r}] = …", node, Severity.HIGH)
        elif isinstance(target, ast.Attribute):
            dotted = scope.names.dotted(target)
            if dotted.startswith(("builtins.", "__builtins__.", "sys.meta_path", "sys.path_hooks", "sys.excepthook")):
                scope.note("hook", f"{dotted} = …", node, Severity.HIGH)


def _together(scope: _Scope) -> list[Deed]:
    """Secrets and the network in one module are more than both alone."""
    sends = [deed for deed in scope.deeds if deed.effect == "network"]
    if sends and scope.secrets:
        saw = f"{sends[0].saw}, and reads secrets or the environment in line {scope.secrets[0]}"
        scope.deeds.append(Deed("network", saw, sends[0].line, Severity.CRITICAL))
    return list(dict.fromkeys(scope.deeds))
