"""Python source as text; whether it runs is a question about the files around it."""

from __future__ import annotations

from dataclasses import dataclass

from ossmodelkit.core.finding import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFile:
    """The text of one Python file."""

    at: Place
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderCode:
    """Python that a loader imports, and the field or convention that makes it do so."""

    at: Place
    text: str
    because: str
