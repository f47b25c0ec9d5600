"""Duties that a plan cannot show done: source on offer, words in publications, names not used, risks taken over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.core.license import State
from ossmodelkit.licensing.case import Case
from ossmodelkit.licensing.rules.duties import copies
from ossmodelkit.licensing.rules.grants import used
from ossmodelkit.licensing.rules.saying import Saying, owed


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A fact that is a duty, and what to do about it; `{}` stands for what the license says."""

    fact: str
    text: str
    key: str = "value"


ON_COPIES = (
    Duty(fact="endorsement", text="do not advertise with its names: {}", key="forbidden"),
    Duty(fact="relinking", text="let recipients exchange the library in what you ship"),
    Duty(fact="original_availability", text="{}"),
    Duty(fact="disclaimer_pass_on", text="pass its disclaimer on"),
    Duty(fact="standalone_sale", text="do not sell it by itself"),
    Duty(fact="downstream_liability", text="bind recipients by agreement: {}"),
)
ON_USE = (
    Duty(fact="publication_acknowledgement", text="acknowledge it where you publish results"),
    Duty(fact="latest_version", text="use its latest version: {}"),
)


def standing(case: Case) -> Iterator[Saying]:
    """What is owed as long as it is used, or as soon as copies go out."""
    for duties, parts in ((ON_USE, used(case)), (ON_COPIES, copies(case))):
        for part in parts:
            for duty in duties:
                told = part.terms.says(duty.fact, duty.key)
                if told:
                    check = f"license-{duty.fact.replace('_', '-')}"
                    yield owed(part, check, duty.text.format(told), State.MANUAL, fact=duty.fact)


def source_offer(case: Case) -> Iterator[Saying]:
    """Copyleft copies go out with their source, or with an offer of it."""
    for part in copies(case):
        if part.terms.says("source_offer"):
            done = "source offered" if part.component.source_offered else ""
            text = f"offer the corresponding source of {part.label}"
            state = State.MET if done else State.MANUAL
            yield owed(part, "license-source-offer", text, state, fact="source_offer", evidence=done)
