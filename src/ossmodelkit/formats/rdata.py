"""R's serialized objects (.rds, .rda): walked for promises, which R evaluates when they are touched.

Format: R Internals, section 1.8 "Serialization Formats". A promise anywhere in the object runs when it
is used. One that an environment binds to a name waits like the body of a function: lazy arguments of
fitted models are kept so. Those count when their expression names a function that acts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.rdata_input import Binary, Input, Words
from ossmodelkit.formats.rdata_walk import Walk
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

WORKSPACES = (b"RDX2\n", b"RDX3\n", b"RDA2\n", b"RDA3\n", b"RDB2\n", b"RDB3\n")
FORMS = (b"X\n", b"B\n", b"A\n")
VERSIONS = (2, 3)
BIG, LITTLE = ">i", "<i"
KNOWN_VERSIONS = [struct.pack(order, version) for order in (BIG, LITTLE) for version in VERSIONS]


@dataclass(frozen=True, slots=True, kw_only=True)
class RData:
    """An R object, the offsets of promises in it that nobody has evaluated yet, and what its code calls."""

    at: Place
    promises: tuple[int, ...]
    calls: tuple[tuple[str, int], ...] = ()


def accepts(blob: Blob) -> bool:
    """The header of a serialized object, bare or after the header of a workspace."""
    head = blob.head(16)
    start = 5 if head[:5] in WORKSPACES else 0
    form, version = head[start : start + 2], head[start + 2 : start + 6]
    if form == b"A\n":
        return version[:2] in (b"2\n", b"3\n")
    return form in FORMS and version in KNOWN_VERSIONS


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """One `RData` view, also of what was read before an object broke off."""
    span = Span(blob)
    start = 5 if blob.head(5) in WORKSPACES else 0
    walk = Walk(span, budget, _source(span, start, budget))
    _head(walk.source)
    try:
        walk.run()
    except UnreadableError:
        yield _seen(blob, walk)
        raise
    yield _seen(blob, walk)


def _seen(blob: Blob, walk: Walk) -> RData:
    return RData(at=blob.at, promises=tuple(sorted(walk.promises)), calls=tuple(walk.calls.items()))


def _source(span: Span, start: int, budget: Budget) -> Input:
    if span.take(start, 1) == b"A":
        return Words(span, start + 2, budget)
    # Native files do not say in which order their numbers are; the version is a small one.
    little = span.take(start, 1) == b"B" and span.take(start + 2, 1) != b"\0"
    return Binary(span, start + 2, LITTLE if little else BIG)


def _head(source: Input) -> None:
    """Version, the versions of R that wrote it and that can read it, and from version 3 on the encoding."""
    version, _, _ = source.number(), source.number(), source.number()
    if version not in VERSIONS:
        raise UnreadableError(f"R serialization version {version}")
    if version == max(VERSIONS):
        source.text(source.number())


READER = Reader(name="rdata", accepts=accepts, read=read)
