"""Code beside the weights: what may be linked, and where copyleft ends."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.license import Issue, Level, State, Terms
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.code_pairs import answer
from ossmodelkit.licensing.rules.saying import Question, Saying, owed

# Copyleft of files, libraries and source modules ends at the library: whoever links it chooses other terms.
STAYS_INSIDE = frozenset({"file", "library", "source"})


def code(case: Case) -> Iterator[Saying]:
    """Code that is linked with code under an incompatible license, and copyleft that ends at the code."""
    shipped = [part for part in case.parts if part.is_code and part.component.is_shipped]
    outer = [part for part in shipped if part.role in ("repo-code", "serving-code")] or shipped[:1]
    for part in shipped if case.profile.distributes else ():
        others = [leading for leading in outer if leading is not part]
        for terms, label in [(one.terms, one.label) for one in others] or _release_itself(case, part):
            if part.component.linked and terms.id != part.terms.id:
                yield from _pair(terms, label, part)
    for part in case.parts:
        if part.is_code and part.terms.family in ("strong-copyleft", "network-copyleft") and case.covering:
            yield part.issue(
                "license-code-copyleft-only",
                Level.NOTE,
                f"{part.terms.name} is on code: it does not reach the weights that the code trains or serves",
                "keep the code's own license and source with the code; the weights keep theirs",
                fact="share_alike",
            )


def _release_itself(case: Case, part: Part) -> list[tuple[Terms, str]]:
    """What a dependency is linked with where no other code is named: the release, if its license is one for code."""
    release = case.release_terms if part.role == "dependency" else None
    return [(release, "release")] if release is not None and "code" in release.applies_to else []


def _pair(outer: Terms, label: str, inner: Part) -> Iterator[Saying]:
    said = answer(outer, inner.terms)
    kept = inner.role == "dependency" and inner.terms.says("share_alike", "kind") in STAYS_INSIDE
    if kept and outer.family not in ("strong-copyleft", "network-copyleft"):
        text = f"keep {inner.label} and its changes under {inner.terms.name}, apart from the code that links it"
        yield owed(inner, "license-code-incompatible", text, State.MANUAL, fact="share_alike")
        return
    if said == "No":
        yield Issue(
            id="license-code-incompatible",
            level=Level.FAIL,
            components=(label, inner.label),
            why=f"code under {outer.name} cannot be one program with code under {inner.terms.name}",
            fix="unlink the two, or release the program under the stricter license",
            clause=inner.terms.clause("share_alike"),
            verified=outer.verified and inner.terms.verified,
        )
    elif said in ("Unknown", "Check dependency", ""):
        yield Question(text=f"May code under {outer.name} be linked with code under {inner.terms.name}?")
