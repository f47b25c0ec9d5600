"""What nobody has read: a fact that is absent from a license that was not read is no permission."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.license import Issue, Level
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules.grants import used
from ossmodelkit.licensing.rules.saying import Question, Saying


def handing_on(case: Case) -> Iterator[Saying]:
    """Weights that go out under a license of which nobody knows whether it lets them."""
    if not case.profile.distributes:
        return
    for part in case.covering:
        silent = not (part.terms.says("redistribution") or part.terms.verification == "text")
        if silent and part.component.is_shipped:
            yield _open(part, f"the text of {part.terms.name} was not read: whether the model may be handed on is open")


def conditions(case: Case) -> Iterator[Saying]:
    """A commercial use under conditions that are known by hearsay only."""
    if not case.profile.commercial:
        return
    for part in used(case):
        told = part.terms.says("commercial_use", "note")
        listed = part.terms.rows("commercial_use", "conditions")
        if part.terms.says("commercial_use") == "conditional" and not listed:
            yield _open(part, f"{part.terms.name} allows commercial use on conditions that were not read: {told}")
            yield Question(text=f"Do you meet the conditions of {part.terms.name}? ({told})")


def _open(part: Part, why: str) -> Issue:
    fix = "read the license text, or ask the licensor"
    return part.issue("license-unresolved-license", Level.UNRESOLVED, why, fix, fact="redistribution")
