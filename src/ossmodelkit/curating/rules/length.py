"""The rules about how long rows are, in characters and in the base's own tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Place, Severity
from ossmodelkit.curating.tokens import Measure

MOSTLY_UNKNOWN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """How long the turns of a row are together, and how long they may be, in characters."""

    at: Place
    chars: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the base's tokenizer says of a row, and how many tokens it may have (0: no limit)."""

    at: Place
    measure: Measure
    most: int


@check("data-row-too-long", reads=Length, severity=Severity.MEDIUM)
def row_too_long(length: Length) -> Iterator[Hit]:
    """The turns of this row are longer than allowed.

    What lies beyond the context is cut off in training, most often the answer. Characters are counted; with
    `--model BASE` the base's own tokenizer counts tokens as well.
    """
    if length.most and length.chars > length.most:
        saw = f"{length.chars} characters, {length.most} are allowed"
        yield Hit(at=length.at, saw=saw, remedy="Split or shorten it, or raise --max-chars.")


@check("data-too-many-tokens", reads=Measured, severity=Severity.MEDIUM)
def too_many_tokens(row: Measured) -> Iterator[Hit]:
    """This row has more tokens than the model can take, or than you allow.

    Counted with the base's tokenizer and, for conversations, its chat template: what the trainer will see.
    """
    if 0 < row.most < row.measure.tokens:
        saw = f"{row.measure.tokens} tokens, {row.most} are allowed"
        yield Hit(at=row.at, saw=saw, remedy="Split or shorten it, or raise --max-tokens if the model can take more.")


@check("data-template-refuses", reads=Measured, severity=Severity.MEDIUM)
def template_refuses(row: Measured) -> Iterator[Hit]:
    """The base cannot read this row: its chat template or its tokenizer refuses it.

    Training on the file would end at this row, before the first step.
    """
    if row.measure.trouble:
        yield Hit(at=row.at, saw=row.measure.trouble, remedy="Bring the turns into the order that the template wants.")


@check("data-no-learned-token", reads=Measured, severity=Severity.MEDIUM)
def no_learned_token(row: Measured) -> Iterator[Hit]:
    """Not one token of this row would be learned.

    Loss is taken from what the assistant says. Rendered by the base's chat template this row has nothing of it.
    """
    if not row.measure.trouble and not row.measure.learned:
        saw = f"{row.measure.tokens} tokens, none of them the assistant's"
        yield Hit(at=row.at, saw=saw, remedy="Leave the row out, or train with learn = 'everything'.")


@check("data-unknown-tokens", reads=Measured, severity=Severity.LOW)
def unknown_tokens(row: Measured) -> Iterator[Hit]:
    """The base's tokenizer has no word for much of this row.

    What it does not know becomes one and the same token: the model neither sees nor learns it.
    """
    unknown, tokens = row.measure.unknown, row.measure.tokens
    if unknown > 1 and unknown > MOSTLY_UNKNOWN * tokens:
        yield Hit(at=row.at, saw=f"{unknown} of {tokens} tokens are unknown", remedy="Choose a base for this language.")


RULES = (row_too_long, too_many_tokens, template_refuses, no_learned_token, unknown_tokens)
