"""The rule about rows longer than the user allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Place, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long the turns of a row are together, and how long they may be, in characters."""

    at: Place
    chars: int
    most: int


@check("data-row-too-long", reads=Length, severity=Severity.MEDIUM)
def row_too_long(length: Length) -> Iterator[Hit]:
    """The turns of this row are longer than allowed.

    What lies beyond the context is cut off in training, most often the answer. Characters are counted; the
    trainer counts tokens with the model's own tokenizer.
    """
    if length.most and length.chars > length.most:
        saw = f"{length.chars} characters, {length.most} are allowed"
        yield Hit(at=length.at, saw=saw, remedy="Split or shorten it, or raise --max-chars.")


RULES = (row_too_long,)
