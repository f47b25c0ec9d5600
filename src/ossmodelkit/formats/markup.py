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


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlEntity:
    """An entity or external definition that a document declares."""

    at: Place
    name: str
    points_to: str
    external: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlDocument:
    """Root element, and the operator types of an OpenVINO network with their libraries."""

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
        if name.rpartition(":")[2].lower() in ("script", "foreignobject"):
            seen.scripts.append(name)

    def end(name: str) -> None:
        seen.depth -= 1

    def entity(name: str, parameter: int, value: str | None, base: object, system: str | None, *rest: object) -> None:
        seen.entities.append((name, system or value or "", system is not None, parser.CurrentLineNumber))  # type: ignore[attr-defined]
        if len(seen.entities) > 20:
            raise ValueError("declares more entities than any model needs")

    def doctype(name: str, system: str | None, public: str | None, internal: int) -> None:
        if system and LEADS_AWAY.search(system) and not system.startswith(("http://www.w3.org/", "https://www.w3.org/")):
            seen.entities.append((name, system, True, parser.CurrentLineNumber))  # type: ignore[attr-defined]

    def doctype_over() -> None:
        if seen.entities:
            raise ValueError("declares entities; the rest is not expanded")

    parser.EndDoctypeDeclHandler = doctype_over  # type: ignore[attr-defined]
    parser.StartElementHandler = start  # type: ignore[attr-defined]
    parser.EndElementHandler = end  # type: ignore[attr-defined]
    parser.EntityDeclHandler = entity  # type: ignore[attr-defined]
    parser.StartDoctypeDeclHandler = doctype  # type: ignore[attr-defined]
