"""Texts too large to hold: JSON and XML are read in pieces, of the others it is said what is not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ossmodelkit.core.finding import Gap
from ossmodelkit.formats import json_documents, large_json, markup, scripts, templates
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget

# Texts that a loader takes as a whole, by their names.
TAKEN_WHOLE = (".py", ".pyw", ".yaml", ".yml", *templates.JINJA_ENDINGS)


def views(blob: Blob, texts: Callable[[], Iterator[str]], budget: Budget, *, tagged: bool) -> Iterator[object]:
    """What a large text is to a loader. `texts` reads it again from its start, a piece at a time.

    `tagged` says that a tag which builds objects was seen in it.
    """
    name = blob.name.lower()
    head = next(texts(), "")
    start = head[:512].lstrip("\ufeff \t\r\n")
    if name.endswith(TAKEN_WHOLE) or tagged:
        yield Gap(at=blob.at, reason=f"a document of {blob.size} bytes, which is too large to judge as a whole")
    elif start.startswith(("{", "[")):
        yield from _json(blob, texts(), budget)
        return
    elif start.startswith("<"):
        yield from markup.views(blob, texts(), budget)
    scripted = False
    for view in scripts.views(blob, name, head):
        scripted = True
        yield view
    if scripted:
        yield Gap(at=blob.at, reason=f"a script of {blob.size} bytes, of which the beginning is read")


def _json(blob: Blob, texts: Iterator[str], budget: Budget) -> Iterator[object]:
    """Views of every part; a notebook's code comes together at the end."""
    cells: list[Any] = []
    try:
        for part in large_json.parts(texts, budget):
            yield json_documents.JsonDocument(at=blob.at, value=part)
            yield from json_documents.meaning(blob.at, part, budget)
            if blob.name.endswith(".ipynb"):
                cells += [part] if isinstance(part, dict) and part.get("cell_type") == "code" else []
    except UnreadableError as error:
        if blob.name in json_documents.LOADED_BY_NAME or "nested" in error.message:
            yield Gap(at=blob.at, reason=error.message, remedy="ask the publisher for a valid file")
    if code := scripts.code_of(cells):
        yield scripts.Script(at=blob.at, interpreter="notebook", text=code)
