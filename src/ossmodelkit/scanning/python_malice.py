"""Python that only an attack writes, wherever in a model it lies and whoever is to start it.

Code that a loader imports is judged by everything it does (`python_reach`). A script that a person is
told to run may start programs and use the network, so here counts only what no honest script does:
running what it has just decoded or downloaded, a shell on a socket, keys sent away.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

from ossmodelkit.scanning.python_effects import effect_of
from ossmodelkit.scanning.python_names import Names
from ossmodelkit.scanning.python_network import sends
from ossmodelkit.scanning.tables import words

WORTH_PARSING = re.compile(r"exec|eval|system|popen|subprocess|spawn|socket|marshal|\.ssh|\.aws|environ|__import__")
DECODES = re.compile(r"b\d\d(hex)?decode|a85decode|unhexlify|fromhex|decodebytes|a2b_\w+")
UNPACKS = re.compile(r"decompress|marshal\.loads")
DOWNLOADS = re.compile(r"(requests|httpx|urllib3?|aiohttp)\.(\w+\.)*(get|urlopen|request)")
ONE_ENTRY = ("get", "pop", "setdefault")
FETCHED = ("text", "content", "read", "decode")
SHELL_COMMAND = re.compile(
    r"/dev/(tcp|udp)/\S+/\d|\b(nc|ncat|netcat)\b[^\n]*\s-\w*e\s|base64\s+(-d|--decode|-D)[^\n]*\|\s*(ba|z|da)?sh\b"
    r"|\b(curl|wget)\b[^\n]*\s[\"']?(http://|https?://\d+\.\d+\.\d+\.\d+)[^\n]*\|\s*(sudo\s+)?((ba|z|da)?sh|python3?)\b"
)


@dataclass(slots=True)
class _Module:
    """What was met in one module. Mutable by nature."""

    names: Names
    decoded: set[str] = field(default_factory=set)
    sockets: bool = False
    shell_on_descriptor: ast.Call | None = None
    starts_program: bool = False
    key_path: str = ""
    sending: ast.Call | None = None


def unmistakable(text: str) -> list[tuple[int, str]]:
    """Line and description of everything in `text` that only an attack does; empty where it cannot be parsed."""
    if not WORTH_PARSING.search(text):
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    module = _Module(Names())
    module.names.learn(tree, words("python", "lists", "star_modules"))
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Assign) and _comes_decoded(node.value, module):
            module.decoded |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    found = [deed for node in nodes if isinstance(node, ast.Call) for deed in _call(node, module)]
    module.key_path = next((path for node in nodes if (path := _key_path(node))), "")
    return sorted({*found, *_together(module)})


def _call(node: ast.Call, module: _Module) -> Iterator[tuple[int, str]]:
    """What one call does by itself; what counts only together is noted."""
    dotted = module.names.dotted(node.func)
    effect = effect_of(dotted)
    inputs = (*node.args, *(keyword.value for keyword in node.keywords))
    module.sockets = module.sockets or dotted in ("socket.socket", "socket.create_connection")
    module.starts_program = module.starts_program or effect == "process"
    if dotted == "pty.spawn" or (dotted == "os.dup2" and any(_is_descriptor(part) for part in node.args)):
        module.shell_on_descriptor = node
    if effect in ("code", "process"):
        source = next((why for part in inputs if (why := _source(part, effect, module))), "")
        if source:
            yield node.lineno, f"{dotted} of {source}"
        command = next((text for part in inputs if (text := module.names.text(part))), "")
        if effect == "process" and SHELL_COMMAND.search(command):
            yield node.lineno, f"{dotted}({command[:100]!r})"
    elif effect == "network" and sends(node, dotted):
        module.sending = module.sending or node
        if any(_whole_environment(part, module) for part in inputs):
            yield node.lineno, f"{dotted} of the whole environment"


def _source(part: ast.expr, effect: str, module: _Module) -> str:
    """Where the text that runs comes from, when that is nothing an honest script would run."""
    named = _stripped(part)
    if isinstance(named, ast.Name) and named.id in module.decoded:
        return f"{named.id}, which was decoded"
    for inner in ast.walk(part):
        if isinstance(inner, ast.Call):
            called = module.names.dotted(inner.func) or getattr(inner.func, "attr", "")
            last = called.rpartition(".")[2]
            if DECODES.fullmatch(last):
                return f"what {last} gives"
            if effect == "code" and (UNPACKS.search(called) or DOWNLOADS.fullmatch(called)):
                return f"what {called} gives"
            if effect == "process" and DOWNLOADS.fullmatch(called) and _stripped(part) is inner:
                return f"what {called} gives"
    return ""


def _stripped(node: ast.expr) -> ast.expr:
    """What stands under `x.decode()`, `x.text` and the like."""
    while True:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FETCHED:
            node = node.func.value
        elif isinstance(node, ast.Attribute) and node.attr in FETCHED:
            node = node.value
        else:
            return node


def _comes_decoded(node: ast.expr, module: _Module) -> bool:
    """Whether a value is the outcome of a decoder, perhaps made a text."""
    while isinstance(node, ast.Call):
        called = module.names.dotted(node.func) or getattr(node.func, "attr", "")
        if DECODES.fullmatch(called.rpartition(".")[2]) or called == "marshal.loads":
            return True
        if isinstance(node.func, ast.Attribute) and node.func.attr == "decode":
            node = node.func.value
        elif "decompress" in called and node.args:
            node = node.args[0]
        else:
            return False
    return False


def _is_descriptor(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fileno"


def _whole_environment(part: ast.expr, module: _Module) -> bool:
    """`os.environ` itself, not one variable of it."""
    single = {id(under) for inner in ast.walk(part) if (under := _asked_for_one(inner)) is not None}
    return any(
        isinstance(inner, ast.Attribute) and id(inner) not in single and module.names.dotted(inner) == "os.environ"
        for inner in ast.walk(part)
    )


def _asked_for_one(node: ast.AST) -> ast.expr | None:
    """The mapping under `x[…]` or `x.get`; None for everything else."""
    if isinstance(node, ast.Subscript) or (isinstance(node, ast.Attribute) and node.attr in ONE_ENTRY):
        return node.value
    return None


def _key_path(node: ast.AST) -> str:
    """A path where people keep private keys and passwords."""
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return text if re.fullmatch(r"(~|/root|/home/\w+|)/?\.(ssh/id_\w+|aws/credentials)|/etc/shadow", text) else ""


def _together(module: _Module) -> Iterator[tuple[int, str]]:
    shell = module.shell_on_descriptor
    if shell is not None and module.sockets and module.starts_program:
        yield shell.lineno, "a shell on a network socket"
    if module.key_path and module.sending is not None:
        yield module.sending.lineno, f"sends, and reads {module.key_path}"
