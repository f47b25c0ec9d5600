"""XML: PMML, OpenVINO, SVG and others, parsed by expat with every entity refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.limits import Budget

MODEL_ENDINGS = (".xml", ".pmml")
DEEPEST = 1000
# A document type that lies beside the document is ordinary; one at an address or a path of its own is fetched.
LEADS_AWAY = re.compile(r"://|^[/\\]|^[A-Za-z]:|\.\.[/\\]")
XINCLUDE = "http://www.w3.org/2001/XInclude"


# Documents that have no use for a script; a page has, and shows itself to be one.
SCRIPTED = frozenset({"svg", "pmml", "net", "stylesheet", "transform"})
EVENT = re.compile(r"on[a-z]+")
# Classes that XMLDecoder, XStream or Spring would build to start a process or to load code.
ACTS = re.compile(
    r"java\.lang\.(ProcessBuilder|Runtime)|java\.beans\.(XMLDecoder|EventHandler)|javax\.(script|naming)\.|java\.net\.URLClassLoader"
    r"|groovy\.|org\.apache\.(xalan|commons\.collections)|com\.sun\.(org\.apache\.xalan|rowset)|System\.Diagnostics\.Process"
)
REACHES_OUT = re.compile(r"\b(document|unparsed-text|doc)\s*\(|\b(java|xalan|php|clitype):")


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlEntity:
    """An entity or external definition that a document declares."""

    at: Place
    name: str
    points_to: str
    external: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlDocument:
    """Root element, the operator types of an OpenVINO network with their libraries, and what runs as a script."""

    at: Place
    root: str
    layers: tuple[tuple[str, str], ...] = ()
    scripts: tuple[str, ...] = ()


class _Seen:
    """What the parser met. Mutable by nature."""

    def __init__(self) -> None:
        self.root = ""
        self.depth = 0
        self.includes = False
        self.layers: list[tuple[str, str]] = []
        self.scripts: list[str] = []
        self.entities: list[tuple[str, str, bool, int]] = []


def views(blob: Blob, texts: Iterable[str], budget: Budget) -> Iterator[object]:
    """Entities first, then the document; HTML and fragments are text and nothing more."""
    from xml.parsers import expat

    seen = _Seen()
    parser = expat.ParserCreate("utf-8")
    _listen(parser, seen)
    broken = ""
    try:
        for text in texts:
            budget.check_time()
            parser.Parse(text.encode("utf-8", "replace"), False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError) as error:
        broken = str(error)
    for name, points_to, external, line in seen.entities:
        at = Place(path=blob.at.path, members=blob.at.members, line=line)
        yield XmlEntity(at=at, name=name, points_to=points_to[:200], external=external)
    if broken and blob.name.lower().endswith(MODEL_ENDINGS) and not seen.entities:
        yield Gap(at=blob.at, reason=f"no valid XML: {broken[:120]}")
    elif seen.root:
        yield XmlDocument(at=blob.at, root=seen.root, layers=tuple(seen.layers), scripts=tuple(seen.scripts))


def _scripts(name: str, attributes: dict[str, str]) -> Iterator[str]:
    """What of an element runs: a script itself, a handler of an event, a function of XSLT that reaches out."""
    if name == "script":
        yield f"<script> {attributes.get('href', attributes.get('xlink:href', ''))}".strip()
    for key, value in attributes.items():
        address = key.rpartition(":")[2] == "href" and value.strip().lower().startswith("javascript:")
        handler = EVENT.fullmatch(key.lower()) is not None and "(" in value
        reads = key in ("select", "test", "match", "use") and REACHES_OUT.search(value)
        if address or handler or reads:
            yield f"<{name} {key}={value[:100]!r}>"


def _listen(parser: object, seen: _Seen) -> None:
    def start(name: str, attributes: dict[str, str]) -> None:
        seen.root = seen.root or name
        seen.depth += 1
        if seen.depth > DEEPEST:
            raise ValueError("nested too deeply")
        seen.includes = seen.includes or XINCLUDE in attributes.values()
        if seen.includes and name.rpartition(":")[2] == "include" and "href" in attributes:
            seen.entities.append((name, attributes["href"], True, parser.CurrentLineNumber))  # type: ignore[attr-defined]
        if seen.root == "net" and name == "layer":
            seen.layers.append((attributes.get("type", ""), attributes.get("version", "")))
        if ACTS.match(name) or ACTS.match(attributes.get("class", attributes.get("type", ""))):
            seen.scripts.append(f"<{name} {' '.join(attributes.values())[:100]}>")
        elif seen.root.rpartition(":")[2].lower() in SCRIPTED:
            seen.scripts.extend(_scripts(name.rpartition(":")[2].lower(), attributes))

    def instruction(target: str, data: str) -> None:
        link = re.search(r"""href\s*=\s*["']([^"']*)""", data)
        if target == "xml-stylesheet" and link and LEADS_AWAY.search(link[1]):
            seen.entities.append((target, link[1], True, parser.CurrentLineNumber))  # type: ignore[attr-defined]

    def end(name: str) -> None:
        seen.depth -= 1

    def entity(name: str, parameter: int, value: str | None, base: object, system: str | None, *rest: object) -> None:
        seen.entities.append((name, system or value or "", system is not None, parser.CurrentLineNumber))  # type: ignore[attr-defined]
        if len(seen.entities) > 20:
            raise ValueError("declares more entities than any model needs")

    def doctype(name: str, system: str | None, public: str | None, internal: int) -> None:
        if (
            system
            and LEADS_AWAY.search(system)
            and not system.startswith(("http://www.w3.org/", "https://www.w3.org/"))
        ):
            seen.entities.append((name, system, True, parser.CurrentLineNumber))  # type: ignore[attr-defined]

    def doctype_over() -> None:
        if seen.entities:
            raise ValueError("declares entities; the rest is not expanded")

    parser.EndDoctypeDeclHandler = doctype_over  # type: ignore[attr-defined]
    parser.StartElementHandler = start  # type: ignore[attr-defined]
    parser.ProcessingInstructionHandler = instruction  # type: ignore[attr-defined]
    parser.EndElementHandler = end  # type: ignore[attr-defined]
    parser.EntityDeclHandler = entity  # type: ignore[attr-defined]
    parser.StartDoctypeDeclHandler = doctype  # type: ignore[attr-defined]
