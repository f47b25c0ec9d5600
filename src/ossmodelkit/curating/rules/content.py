"""Rules about what stands in the texts of a row: personal data, secrets, hidden and hostile text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from ossmodelkit.core.check import Check, check
from ossmodelkit.core.finding import Confidence, Hit, Severity
from ossmodelkit.curating import hidden, secrets, takeover
from ossmodelkit.curating.example import Example
from ossmodelkit.curating.personal import context, looking
from ossmodelkit.curating.personal.found import masked

MOJIBAKE = re.compile(
    "(?:Ã[\x80-\xbf\u00a0-\u00bf\u0192\u201a-\u2122]|Â[\xa0-\xbf]|â€[\x80-\xbf\u0153\u02dc\u2018-\u2122])"
)


def _declared(rule_id: str, title: str, severity: Severity) -> Check:
    """A rule that a detector speaks under: its title comes from the data, and it asks nothing by itself."""

    def silent(_: Example) -> Iterable[Hit]:
        return ()

    silent.__doc__ = title
    decorate: Callable[[Callable[[Example], Iterable[Hit]]], Check] = check(rule_id, reads=Example, severity=severity)
    return decorate(silent)


def personal_rules() -> tuple[Check, ...]:
    """One rule for each kind of personal data."""
    return tuple(
        _declared(kind["id"], kind["title"], Severity(kind["severity"])) for kind in context.settings()["kind"]
    )


def secret_rules() -> tuple[Check, ...]:
    """One rule for each family of secrets."""
    return tuple(_declared(kind.id, kind.title, Severity(kind.severity)) for kind in secrets.shipped() if kind.title)


def personal_hits(example: Example) -> Iterator[tuple[str, Hit]]:
    """Every piece of personal data in the row, as (rule, hit); what was seen is masked."""
    remedies = {kind["id"]: kind["remedy"] for kind in context.settings()["kind"]}
    for field, text in example.texts:
        for found in looking.find(text, field):
            yield found.rule, Hit(at=example.at(field), saw=masked(found.text), remedy=remedies[found.rule])


def secret_hits(example: Example) -> Iterator[tuple[str, Hit]]:
    """Every secret in the row, as (rule, hit); what was seen is masked."""
    if not secrets.may_hold_one(example.all_text):
        return
    for field, text in example.texts:
        for found, kind, sure in secrets.find(text):
            shown = 2 if kind.confirm == "assigned" else 6
            saw = f"{kind.name or 'key'}: {found.text[:shown]}… ({len(found.text)} characters)"
            doubt = not sure or "EXAMPLE" in found.text
            yield (
                found.rule,
                Hit(
                    at=example.at(field),
                    saw=saw if sure else f"{saw}, whose check digits do not fit",
                    remedy="Revoke it where it was issued, then take it out: kit data clean.",
                    severity=Severity.MEDIUM if doubt else None,
                    confidence=Confidence.LOW if doubt else None,
                ),
            )


@check("data-hidden-characters", reads=Example, severity=Severity.HIGH)
def hidden_characters(example: Example) -> Iterator[Hit]:
    """The text holds characters that people do not see and the model reads."""
    if example.all_text.isascii():
        return
    for field, text in example.texts:
        for _, _, what in hidden.find(text):
            yield Hit(at=example.at(field), saw=what, remedy="Take them out: kit data clean.")


@check("data-lookalike-word", reads=Example, severity=Severity.LOW, confidence=Confidence.MEDIUM)
def lookalike_word(example: Example) -> Iterator[Hit]:
    """A word mixes letters of two scripts that look the same."""
    if example.all_text.isascii():
        return
    for field, text in example.texts:
        for word in hidden.lookalikes(text):
            codes = " ".join(f"U+{ord(char):04X}" for char in word if not char.isascii())
            yield Hit(at=example.at(field), saw=f"{word} ({codes})", remedy="Write it in one script.")


@check("data-garbled-text", reads=Example, severity=Severity.LOW, confidence=Confidence.MEDIUM)
def garbled_text(example: Example) -> Iterator[Hit]:
    """The text was decoded wrongly somewhere on its way.

    UTF-8 that was read as Windows-1252, replacement characters, and halves of surrogate pairs.
    """
    if example.all_text.isascii():
        return
    for field, text in example.texts:
        if "\ufffd" in text:
            yield Hit(at=example.at(field), saw="replacement characters (U+FFFD)", remedy="Convert the source again.")
        elif match := MOJIBAKE.search(text):
            yield Hit(at=example.at(field), saw=f"{match[0]!r}", remedy="Convert the source again, as UTF-8.")
        elif any("\ud800" <= char <= "\udfff" for char in text):
            yield Hit(at=example.at(field), saw="half a surrogate pair", remedy="Convert the source again.")


@check("data-takeover-phrase", reads=Example, severity=Severity.MEDIUM, confidence=Confidence.MEDIUM)
def takeover_phrase(example: Example) -> Iterator[Hit]:
    """A sentence tries to take over the model.

    In training data it teaches the model to obey such sentences, unless the answer refuses.
    """
    if not takeover.may_hold_one(example.all_text):
        return
    for field, text in example.texts:
        for kind, said in takeover.find(text):
            remedy = "Leave the row out, unless it teaches the model to refuse."
            yield Hit(at=example.at(field), saw=f"{kind}: {said[:120]}", remedy=remedy)


RULES = (hidden_characters, lookalike_word, garbled_text, takeover_phrase)
