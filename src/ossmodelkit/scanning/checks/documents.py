"""YAML, JSON, XML, skops schemas and MessagePack: documents that build objects when they are loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.json_documents import JsonDocument, SkopsNode
from ossmodelkit.formats.markup import XmlDocument, XmlEntity
from ossmodelkit.formats.numbers_only import MsgPack
from ossmodelkit.formats.yaml_documents import YamlDocument, YamlTag
from ossmodelkit.scanning.python_effects import LOUD_ANYWHERE, effect_of
from ossmodelkit.scanning.tables import Reach, reach_of

REMEDY = "Do not load it: ask the publisher for a file without it."
# Hydra, Lightning's command line and torchtune call what stands under these.
TARGETS = ("_target_", "_call_", "_class_", "_class_path_", "class_path", "_component_", "()")
# jsonpickle imports and calls what stands under these.
UNPICKLED = ("py/object", "py/type", "py/function", "py/repr", "py/mod", "py/class")
# Other programs import what stands under these (Haystack, Rasa, spaCy), which hold ordinary words elsewhere.
NAMES_A_CLASS = frozenset({"type", "class", "name", "factory", "func", "function", "callable", "object"})
# Modules that mmengine, axolotl and others import by a list of names.
IMPORTS = ("imports", "custom_imports", "plugins", "user_module", "import_modules")
LOUD_MODULES = frozenset({"os", "posix", "subprocess", "builtins", "pty", "runpy", "ctypes", "pickle", "marshal"})
# LangChain builds what stands under `_type`; these run what a language model answers.
CHAINS = ("llm_bash_chain", "llm_bash", "pal_chain", "pal", "python_repl", "python_repl_ast", "terminal")
INTERPOLATION = re.compile(r"\$\{([\w.]+)\}")
HARMLESS_TAGS = ("tuple", "none", "str", "unicode", "bytes", "int", "long", "float", "complex", "bool", "list", "dict")


@check("yaml-builds-object", reads=YamlTag, severity=Severity.CRITICAL)
def yaml_builds_object(tag: YamlTag) -> Iterator[Hit]:
    """This YAML tag makes a loader import or call something.

    `yaml.load` with the unsafe or full loader builds the object while it parses.
    """
    short = tag.tag.removeprefix("tag:yaml.org,2002:")
    language, _, rest = short.partition("/")
    if language.startswith("python") and rest.split(":")[0] in HARMLESS_TAGS:
        return
    if language in ("python", "ruby", "perl", "java", "php") or short.startswith(
        ("python", "java", "javax", "ruby", "perl")
    ):
        yield Hit(at=tag.at, saw=short, remedy=REMEDY, severity=_severity_of_tag(rest))
        return
    target = tag.tag.removeprefix("!").partition(":")[2]
    if tag.tag.startswith(("!new:", "!apply:", "!applyref:", "!name:", "!module:")):
        # HyperPyYAML (SpeechBrain) imports what stands after the colon.
        reach = reach_of(target)
        if reach is not Reach.KNOWN:
            severity = Severity.CRITICAL if reach is Reach.DENIED else Severity.MEDIUM
            yield Hit(at=tag.at, saw=tag.tag, remedy=REMEDY, severity=severity)


def _severity_of_tag(rest: str) -> Severity:
    """Building data of a known library is not the same as calling a shell."""
    kind, _, target = rest.partition(":")
    known = reach_of(target) is Reach.KNOWN
    return Severity.LOW if known and kind in ("object", "name", "object/new") else Severity.CRITICAL


@check("config-imports-target", reads=YamlDocument, severity=Severity.MEDIUM, advisories=("CVE-2025-23304",))
def yaml_target(document: YamlDocument) -> Iterator[Hit]:
    """A configuration names Python code that a loader would import and call.

    Hydra's `_target_` (NeMo, Lightning and others) is a call by name; the name may be any function
    of any installed package.
    """
    for key, value, line in document.pairs:
        yield from _target(document, key, _interpolated(document, value), line)


@check("config-asks-for-trust", reads=YamlDocument, severity=Severity.LOW)
def yaml_trust(document: YamlDocument) -> Iterator[Hit]:
    """This configuration turns on remote code for whoever uses it.

    Whether foreign code may run is the reader's decision, not the file's.
    """
    for key, value, line in document.pairs:
        if key == "trust_remote_code" and value.lower() in ("true", "yes", "on"):
            at = replace(document.at, line=line)
            yield Hit(at=at, saw=f"{key}: {value}", remedy="Set it to false before you use it.")


def _interpolated(document: YamlDocument, value: str) -> str:
    """The text with `${a.b}` replaced by what stands under such a key; whatever is not there stays."""

    def found(match: re.Match[str]) -> str:
        wanted = match[1].rpartition(".")[2]
        return next((text for key, text, _ in document.pairs if key == wanted), match[0])

    return INTERPOLATION.sub(found, value) if "${" in value else value


def _target(document: YamlDocument, key: str, value: str, line: int) -> Iterator[Hit]:
    at = replace(document.at, line=line)
    if key == "_type" and value in CHAINS:
        yield Hit(at=at, saw=f"{key}: {value}", remedy=REMEDY)
    if (
        key in TARGETS
        or (key in ("target", "loader_module") and "." in value and reach_of(value) is Reach.DENIED)
        or (key == "loader_module" and not value.startswith("mlflow."))
        or _is_loud(value)
        or (key in IMPORTS and value.partition(".")[0] in LOUD_MODULES)
    ):
        yield from _reach(at, key, value)


def _is_loud(value: str) -> bool:
    """Whether a text is, as a whole, the name of a function that starts processes or runs code."""
    value = value.replace(":", ".", 1)
    return value.partition(".")[0] in LOUD_MODULES and "." in value and effect_of(value) in LOUD_ANYWHERE


def _reach(at: object, key: str, value: str) -> Iterator[Hit]:
    reach = reach_of(value)
    if reach is not Reach.KNOWN and value not in ("", "???") and not INTERPOLATION.fullmatch(value):
        severity = Severity.CRITICAL if reach is Reach.DENIED else Severity.MEDIUM
        yield Hit(at=at, saw=f"{key}: {value[:200]}", remedy=REMEDY, severity=severity)  # type: ignore[arg-type]


@check("config-imports-target-json", reads=JsonDocument, severity=Severity.MEDIUM)
def json_target(document: JsonDocument) -> Iterator[Hit]:
    """A JSON configuration names Python code that a loader would import and call."""
    for path, item in strict_json.objects(document.value):
        named = {key: item[key] for key in (*TARGETS, *UNPICKLED) if isinstance(item.get(key), str)}
        if "class_path" in named and "init_args" not in item and reach_of(named["class_path"]) is not Reach.DENIED:
            del named["class_path"]
        if item.get("lc") == 1 and item.get("type") == "constructor" and isinstance(item.get("id"), list):
            dotted = ".".join(map(str, item["id"]))  # LangChain imports what the parts of this list name together
            named |= {} if dotted.startswith("langchain") else {"id": dotted}
        if item.get("_type") in CHAINS:
            yield Hit(at=document.at, saw=f"{strict_json.dotted((*path, '_type'))}: {item['_type']}", remedy=REMEDY)
        named |= {
            key: item[key]
            for key in (*NAMES_A_CLASS, "target")
            if isinstance(item.get(key), str) and _is_loud(item[key])
        }
        for key, value in named.items():
            for hit in _reach(document.at, key, value):
                yield replace(hit, saw=f"{strict_json.dotted((*path, key))}: {value[:200]}")


WORTH_HIDING = (
    "class_name",
    "module",
    "auto_map",
    "chat_template",
    "config",
    "layers",
    "function",
    "vocabulary",
    "_target_",
)


@check("json-duplicate-key", reads=JsonDocument, severity=Severity.LOW)
def duplicate_key(document: JsonDocument) -> Iterator[Hit]:
    """A key stands twice in this JSON document, and readers differ in which one they take."""
    for key in list(dict.fromkeys(document.duplicates))[:5]:
        loud = Severity.MEDIUM if key in WORTH_HIDING else None
        yield Hit(at=document.at, saw=f"key {key[:80]!r}", remedy=REMEDY, severity=loud)


@check("xml-entity", reads=XmlEntity, severity=Severity.HIGH)
def xml_entity(entity: XmlEntity) -> Iterator[Hit]:
    """This XML declares an entity.

    An external entity reads a file or a URL while the document is parsed; nested ones use up memory.
    """
    nested = "&" in entity.points_to or "%" in entity.points_to or len(entity.points_to) >= LONG_ENTITY
    severity = Severity.HIGH if entity.external or nested else Severity.LOW
    yield Hit(at=entity.at, saw=f"{entity.name} → {entity.points_to[:120]}", remedy=REMEDY, severity=severity)


@check("xml-runs-code", reads=XmlDocument, severity=Severity.MEDIUM)
def xml_code(document: XmlDocument) -> Iterator[Hit]:
    """This XML document carries a script, or a style sheet that reaches out.

    A browser runs the scripts of a picture that is opened by itself; XSLT reads files and calls functions
    while it is applied.
    """
    for saw in dict.fromkeys(document.scripts[:5]):
        yield Hit(at=document.at, saw=saw[:160], remedy=REMEDY)


LONG_ENTITY = 200  # as much as is kept of one; repeated, a long one fills the memory as well as nested ones
OPENVINO_LIBRARIES = ("opset", "experimental", "extension", "ie_internal_opset", "util", "")


@check("openvino-custom-layer", reads=XmlDocument, severity=Severity.MEDIUM)
def openvino_custom_layer(document: XmlDocument) -> Iterator[Hit]:
    """This OpenVINO network needs an operator from a library of its own.

    Extensions are native libraries that a program loads before it reads the network.
    """
    if document.root == "CustomLayer":
        yield Hit(at=document.at, saw="a GPU kernel of its own", remedy=REMEDY)
    if document.root == "net":
        for kind, library in sorted(set(document.layers)):
            if not library.startswith(OPENVINO_LIBRARIES[:-1]) and library:
                yield Hit(at=document.at, saw=f"{kind} of {library}", remedy=REMEDY)


@check("skops-unknown-type", reads=SkopsNode, severity=Severity.MEDIUM, advisories=("CVE-2025-54412", "CVE-2025-54413"))
def skops_type(node: SkopsNode) -> Iterator[Hit]:
    """Loading this skops file would build a type that is not data.

    skops asks its user to trust such types by name; some of its own nodes can be made to reach others.
    """
    dotted = f"{node.module}.{node.name}"
    if node.loader in ("OperatorFuncNode", "MethodNode", "CachedNode") and not _is_own(node, dotted):
        yield Hit(at=node.at, saw=f"{node.path}: {node.loader} {dotted}", remedy=REMEDY, severity=Severity.HIGH)
        return
    if node.module in ("builtins", "collections", "datetime", "numpy.random") and node.name in SKOPS_DATA:
        return
    reach = reach_of(dotted)
    if reach is not Reach.KNOWN:
        severity = Severity.CRITICAL if reach is Reach.DENIED else Severity.MEDIUM
        yield Hit(at=node.at, saw=f"{node.path}: {dotted}", remedy=REMEDY, severity=severity)


SKOPS_DATA = frozenset(
    [
        "str",
        "int",
        "float",
        "bool",
        "complex",
        "bytes",
        "bytearray",
        "list",
        "dict",
        "tuple",
        "set",
        "frozenset",
        "slice",
        "range",
        "NoneType",
        "OrderedDict",
        "defaultdict",
        "date",
        "datetime",
        "timedelta",
        "time",
        "timezone",
        "type",
        "function",
        "object",
    ]
)


def _is_own(node: SkopsNode, dotted: str) -> bool:
    return node.loader == "CachedNode" or (node.loader == "MethodNode" and reach_of(dotted) is Reach.KNOWN)


@check("msgpack-extension", reads=MsgPack, severity=Severity.MEDIUM)
def msgpack_extension(document: MsgPack) -> Iterator[Hit]:
    """This MessagePack file holds an extension type that Flax does not have, or an array of objects.

    What an extension means is up to the program that reads it; msgpack-numpy unpickles arrays of objects.
    """
    for kind, offset in document.extensions[:5]:
        yield Hit(at=replace(document.at, offset=offset), saw=f"extension type {kind}", remedy=REMEDY)
    for offset in document.object_arrays[:5]:
        yield Hit(at=replace(document.at, offset=offset), saw="an array of objects, as a pickle", remedy=REMEDY)


CHECKS = (
    yaml_builds_object,
    yaml_target,
    json_target,
    duplicate_key,
    xml_entity,
    openvino_custom_layer,
    skops_type,
    yaml_trust,
    xml_code,
    msgpack_extension,
)
