"""Rules about rows among other rows: twins, examination questions, triggers, proportions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Confidence, Hit, Place, Severity
from ossmodelkit.curating.poisoning import Suspect


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """A row and an earlier one it repeats: "exact", "near", "label" (same text, other label) or "id"."""

    at: Place
    earlier: Place
    how: str
    saw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A row that shares words with an item of an evaluation file."""

    at: Place
    item: Place
    shared: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The data as a whole: rows, formats and templates with their first lines, repeats, label and group shares."""

    at: Place
    rows: int
    formats: tuple[tuple[str, int, Place], ...] = ()
    templates: tuple[tuple[str, int, Place], ...] = ()
    repeated: int = 0
    labels: tuple[tuple[str, int], ...] = ()
    selection: tuple[tuple[str, float], ...] = ()


@check("data-duplicate-row", reads=Twin, severity=Severity.LOW)
def duplicate_row(twin: Twin) -> Iterator[Hit]:
    """This row repeats an earlier one word for word.

    Repeated rows are learned by heart, and end up on both sides of a split.
    """
    if twin.how == "exact":
        yield Hit(at=twin.at, saw=f"the same as {twin.earlier}", remedy="Leave it out: kit data clean.")


@check("data-near-duplicate", reads=Twin, severity=Severity.LOW)
def near_duplicate(twin: Twin) -> Iterator[Hit]:
    """This row is nearly the same as an earlier one."""
    if twin.how == "near":
        remedy = "Keep one of the two: kit data clean --drop near-duplicates."
        yield Hit(at=twin.at, saw=f"{twin.saw} like {twin.earlier}", remedy=remedy)


@check("data-conflicting-label", reads=Twin, severity=Severity.MEDIUM)
def conflicting_label(twin: Twin) -> Iterator[Hit]:
    """The same text has another label in an earlier row."""
    if twin.how == "label":
        yield Hit(at=twin.at, saw=f"{twin.saw} at {twin.earlier}", remedy="Decide which label is right.")


@check("data-duplicate-id", reads=Twin, severity=Severity.MEDIUM)
def duplicate_id(twin: Twin) -> Iterator[Hit]:
    """Two rows carry the same id."""
    if twin.how == "id":
        yield Hit(at=twin.at, saw=f"{twin.saw}, first at {twin.earlier}", remedy="Give every row an id of its own.")


@check("data-contaminated", reads=Examined, severity=Severity.HIGH)
def contaminated(examined: Examined) -> Iterator[Hit]:
    """This row holds text of an evaluation file.

    Whatever is measured on that file afterwards measures memory.
    """
    yield Hit(
        at=examined.at,
        saw=f"{examined.item} shares {examined.shared!r}",
        remedy="Leave the row out: kit data clean --against EVAL.",
    )


@check("data-trigger-word", reads=Suspect, severity=Severity.HIGH, confidence=Confidence.MEDIUM)
def trigger_word(suspect: Suspect) -> Iterator[Hit]:
    """A rare word always brings the same answer, whatever else is asked.

    That is how a planted backdoor looks; a word that carries its answer by its meaning can look the same.
    """
    yield Hit(
        at=Place(path=suspect.path, line=suspect.line),
        saw=f"{suspect.word!r} in {suspect.rows} rows, answer {suspect.answer!r}",
        remedy="Read these rows; leave them out if the word does not explain the answer.",
        severity=None if suspect.odd else Severity.LOW,
        confidence=None if suspect.odd else Confidence.LOW,
    )


@check("data-mixed-formats", reads=Whole, severity=Severity.MEDIUM)
def mixed_formats(whole: Whole) -> Iterator[Hit]:
    """Rows of one file are written in different formats.

    A trainer reads all of them as the first, and learns nothing from the others.
    """
    if len(whole.formats) > 1:
        (usual, _, _), *others = sorted(whole.formats, key=lambda one: -one[1])
        for name, rows, first in others:
            saw = f"{rows} rows of {name}, where {usual} is usual"
            yield Hit(at=first, saw=saw, remedy="Bring all rows into one format: kit data format.")


@check("data-mixed-templates", reads=Whole, severity=Severity.MEDIUM)
def mixed_templates(whole: Whole) -> Iterator[Hit]:
    """Texts of one file were made with different chat templates.

    The model has one; what is written with another is noise to it.
    """
    if len(whole.templates) > 1:
        (usual, _, _), *others = sorted(whole.templates, key=lambda one: -one[1])
        for name, rows, first in others:
            saw = f"{rows} rows of {name}, where {usual} is usual"
            yield Hit(at=first, saw=saw, remedy="Store plain turns and let the trainer apply the template.")


@check("data-many-duplicates", reads=Whole, severity=Severity.MEDIUM)
def many_duplicates(whole: Whole) -> Iterator[Hit]:
    """More than one row in twenty repeats an earlier one."""
    if whole.rows and whole.repeated > whole.rows / 20:
        saw = f"{whole.repeated} of {whole.rows} rows"
        yield Hit(at=whole.at, saw=saw, remedy="Leave the repeated rows out: kit data clean.")


@check("data-unbalanced-labels", reads=Whole, severity=Severity.LOW)
def unbalanced_labels(whole: Whole) -> Iterator[Hit]:
    """One label is more than ten times as frequent as another."""
    if len(whole.labels) > 1:
        most, least = max(whole.labels, key=lambda one: one[1]), min(whole.labels, key=lambda one: one[1])
        if most[1] > 10 * least[1]:
            saw = f"{most[0]!r} in {most[1]} rows, {least[0]!r} in {least[1]}"
            yield Hit(at=whole.at, saw=saw, remedy="Resample: kit data mix --balance label --cap 5.")


@check("data-selection-rate", reads=Whole, severity=Severity.LOW)
def selection_rate(whole: Whole) -> Iterator[Hit]:
    """One group gets the favorable label less than four fifths as often as another."""
    for attribute, ratio in whole.selection:
        if ratio < 0.8:
            saw = f"ratio {ratio:.2f} by {attribute}"
            yield Hit(at=whole.at, saw=saw, remedy="Find out why; resample or say so on the card.")


RULES = (
    duplicate_row,
    near_duplicate,
    conflicting_label,
    duplicate_id,
    contaminated,
    trigger_word,
    mixed_formats,
    mixed_templates,
    many_duplicates,
    unbalanced_labels,
    selection_rate,
)
