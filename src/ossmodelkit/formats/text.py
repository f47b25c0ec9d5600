"""Text of every kind: read to the end, then as JSON, YAML, XML, Python, a template or a script."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.formats import (
    json_documents,
    large_text,
    markup,
    python_code,
    scripts,
    settings_files,
    templates,
    text_protobufs,
    yaml_documents,
)
from ossmodelkit.formats.encodings import NO_CONTROLS, encoding_of
from ossmodelkit.formats.reading import Blob, Reader
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import MIB, Budget

PIECE_BYTES = MIB
OVERLAP = 512  # characters that two pieces share, so that nothing hides on a seam
HELD = 4 * MIB  # as a document; larger ones are read in pieces
HELD_AS_A_WHOLE = 8 * MIB  # what can be judged in no other way
LFS_POINTER = "version https://git-lfs.github.com/spec/v1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPiece:
    """A stretch of a text; `offset` counts bytes from the start of the file."""

    at: Place
    offset: int
    text: str


def accepts(blob: Blob) -> bool:
    """No NUL, hardly a control character, and an encoding that fits."""
    return encoding_of(blob.head()) != ""


def read(blob: Blob, budget: Budget) -> Iterator[object]:
    """A `TextPiece` for every stretch, then the views of what the text is.

    Raises `UnreadableError` where a text turns into binary data.
    """
    encoding = encoding_of(blob.head())
    small = blob.size <= (HELD_AS_A_WHOLE if blob.name.lower().endswith(large_text.TAKEN_WHOLE) else HELD)
    whole: list[str] = []
    tail = ""
    tagged = False
    for offset, text in _pieces(blob, encoding, budget):
        piece = tail + text
        yield TextPiece(at=blob.at, offset=max(0, offset - len(tail)), text=piece)
        tail = piece[-OVERLAP:]
        if small:
            whole.append(text)
        else:
            tagged = tagged or yaml_documents.TAGGED.search(piece) is not None
    if small:
        text = "".join(whole)
        budget.spend_bytes(len(text))
        yield from _documents(blob, text, budget)
    else:
        yield from large_text.views(blob, lambda: _texts(blob, encoding, budget), budget, tagged=tagged)


def _texts(blob: Blob, encoding: str, budget: Budget) -> Iterator[str]:
    return (text for _, text in _pieces(blob, encoding, budget))


def _pieces(blob: Blob, encoding: str, budget: Budget) -> Iterator[tuple[int, str]]:
    decoder = codecs.getincrementaldecoder(encoding)()
    controls = offset = 0
    while True:
        budget.check_time()
        data = blob.slice(offset, PIECE_BYTES)
        if encoding != "utf-16":
            controls += len(data.translate(None, NO_CONTROLS))
        if controls > 64 + (offset + len(data)) // 100 or (b"\0" in data and encoding != "utf-16"):
            raise UnreadableError(f"begins as text and turns into binary data after byte {offset}")
        try:
            yield offset, decoder.decode(data, final=len(data) < PIECE_BYTES)
        except UnicodeDecodeError:
            # Old text files mix encodings; every byte is a character in this one.
            yield offset, data.decode("latin-1")
            decoder = codecs.getincrementaldecoder("latin-1")()
        offset += len(data)
        if len(data) < PIECE_BYTES:
            return


def _documents(blob: Blob, text: str, budget: Budget) -> Iterator[object]:
    """What this text is to a loader: by content, and by name where loaders go by the name."""
    if text.startswith(LFS_POINTER):
        yield Gap(at=blob.at, reason="a Git LFS pointer: the file itself is not here", remedy="run git lfs pull")
        return
    name = blob.name.lower()
    start = text[:512].lstrip("\ufeff \t\r\n")
    if start.startswith(("{", "[")):
        yield from json_documents.views(blob, text, budget)
    elif start.startswith("<"):
        yield from markup.views(blob, (text,), budget)
    named = templates.TEMPLATE_FILE.fullmatch(name) is not None and templates.climbs(text)
    if named or name.endswith(templates.JINJA_ENDINGS):
        yield templates.ChatTemplate(at=blob.at, field=blob.name, text=text)
    if name.endswith((".py", ".pyw")):
        yield python_code.PythonFile(at=blob.at, text=text)
    elif text_protobufs.looks_like(name, text):
        yield from text_protobufs.views(blob, text)
    if yaml_documents.looks_like(name, text):
        yield from yaml_documents.views(blob, text, budget)
    yield from settings_files.views(blob, name, text)
    yield from scripts.views(blob, name, text)


READER = Reader(name="text", accepts=accepts, read=read)
