"""Code beside the weights: what may be linked, and where copyleft ends."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.license import Issue, Level
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.code_pairs import answer
from ossmodelkit.licensing.rules.saying import Question, Saying


def code(case: Case) -> Iterator[Saying]:
    """Code that is linked with code under an incompatible license, and copyleft that ends at the code."""
    linked = [part for part in case.parts if part.is_code and part.component.is_shipped]
    outer = [part for part in linked if part.role in ("repo-code", "serving-code")] or linked[:1]
    for part in linked:
        if not part.component.linked:
            continue
        for leading in outer:
            if leading is not part and leading.terms.id != part.terms.id and case.profile.distributes:
                yield from _pair(leading, part)
    for part in case.parts:
        if part.is_code and part.terms.family in ("strong-copyleft", "network-copyleft") and case.covering:
            yield part.issue(
                "license-code-copyleft-only",
                Level.NOTE,
                f"{part.terms.name} is on code: it does not reach the weights that the code trains or serves",
                "keep the code's own license and source with the code; the weights keep theirs",
                fact="share_alike",
            )


def _pair(outer: Part, inner: Part) -> Iterator[Saying]:
    said = answer(outer.terms, inner.terms)
    labels = (outer.label, inner.label)
    verified = outer.terms.verified and inner.terms.verified
    if said == "No":
        yield Issue(
            id="license-code-incompatible",
            level=Level.FAIL,
            components=labels,
            why=f"code under {outer.terms.name} cannot be one program with code under {inner.terms.name}",
            fix="unlink the two, or release the program under the stricter license",
            clause=inner.terms.clause("share_alike"),
            verified=verified,
        )
    elif said in ("Unknown", "Check dependency", ""):
        yield Question(text=f"May code under {outer.terms.name} be linked with code under {inner.terms.name}?")
