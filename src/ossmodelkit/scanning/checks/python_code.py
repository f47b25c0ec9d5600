"""Python that a loader imports: what it does beside computing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.python_code import LoaderCode, PythonFile
from ossmodelkit.formats.repository_views import UnreachedPython
from ossmodelkit.scanning.python_malice import unmistakable
from ossmodelkit.scanning.python_reach import Deed, deeds
from ossmodelkit.scanning.tables import table

REMEDY = "Do not load the model with remote code; read the file, or use the architecture from the library."


@lru_cache(maxsize=16)
def _deeds(text: str) -> tuple[Deed, ...]:
    return tuple(deeds(text))


def _hits(view: LoaderCode | PythonFile, because: str) -> Iterator[Hit]:
    for deed in _deeds(view.text):
        yield Hit(
            at=replace(view.at, line=deed.line),
            saw=f"{deed.saw} {table('python')[deed.effect]['why']} (runs because of {because})",
            remedy=REMEDY,
            severity=deed.severity,
        )


@check("python-reaches-out", reads=LoaderCode, severity=Severity.HIGH)
def reaches_out(code: LoaderCode) -> Iterator[Hit]:
    """Python that loading this model imports does more than compute.

    With `trust_remote_code` the module runs with all rights of the person who loads the model: at
    import, when its classes are built, and whenever the model is called.
    """
    return _hits(code, code.because)


@check("python-in-archive-reaches-out", reads=PythonFile, severity=Severity.HIGH)
def in_archive(file: PythonFile) -> Iterator[Hit]:
    """Python inside this archive does more than compute, and loading the archive imports it.

    Model archives (`.mar`, `torch.package`) carry their code along and run it.
    """
    if file.at.members:
        try:
            yield from _hits(file, "the archive's loader")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            remedy = "Ask the publisher what this file is."
            yield Hit(at=file.at, saw="cannot be parsed", remedy=remedy, severity=Severity.LOW)


@check("python-unreached", reads=UnreachedPython, severity=Severity.INFO)
def unreached(file: UnreachedPython) -> Iterator[Hit]:
    """A Python file that no loader field leads to; it runs only when a person runs it."""
    yield Hit(at=file.at, saw="not imported by a loader", remedy="Read it before running it.")


@check("python-attacks", reads=PythonFile, severity=Severity.CRITICAL)
def attacks(file: PythonFile) -> Iterator[Hit]:
    """This Python file does what only an attack does, whoever is to run it.

    No loader has to import it: a name like `app.py`, or a line in the model card, makes people start it.
    """
    for line, saw in unmistakable(file.text)[:5]:
        yield Hit(at=replace(file.at, line=line), saw=saw[:160], remedy="Do not run it; report it to the publisher.")


CHECKS = (reaches_out, in_archive, unreached, attacks)
