"""Whether it fits together: share-alike terms, and restrictions on top of copyleft."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ossmodelkit.core.license import Issue, Level, Terms
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules.saying import Saying

WHOLE = frozenset({"whole-work", "same-license", "same-elements"})
LIMITED = frozenset({"noncommercial", "research-only"})


def one_work(case: Case) -> tuple[Part, ...]:
    """The parts whose licenses meet in what is handed on: one work, if anything is combined or changed."""
    if not (case.profile.distributes or case.profile.hosts):
        return ()
    return tuple(
        part
        for part in case.covering
        if part.component.is_shipped or part.makes_covered_derivative or case.makes_new_model
    )


def share_alike(case: Case) -> Iterator[Saying]:
    """Two licenses that each want the whole for themselves, or a release under neither."""
    parts = [part for part in one_work(case) if part.terms.says("share_alike", "kind") in WHOLE]
    for one, other in combinations(parts, 2):
        if one.terms.id != other.terms.id and not _meet(one.terms, other.terms):
            yield Issue(
                id="license-share-alike-conflict",
                level=Level.FAIL,
                components=(one.label, other.label),
                why=f"{one.terms.name} and {other.terms.name} each demand the whole under their own terms",
                fix="leave one of them out, or ask one licensor for other terms",
                clause=f"{one.terms.clause('share_alike')}; {other.terms.clause('share_alike')}",
                verified=one.terms.verified and other.terms.verified,
            )
    yield from _released_elsewhere(case, parts)
    yield from _data_released_elsewhere(case)


def _released_elsewhere(case: Case, parts: list[Part]) -> Iterator[Saying]:
    release = case.release_terms
    if release is None or not case.profile.distributes:
        return
    for part in parts:
        if release.id != part.terms.id and not accepts(part.terms, release):
            yield part.issue(
                "license-share-alike-conflict",
                Level.FAIL,
                f"{part.terms.name} stays on what is made from {part.label}, and the release says {release.name}",
                f"release it under {part.terms.id}",
                fact="share_alike",
            )


def _data_released_elsewhere(case: Case) -> Iterator[Saying]:
    release = case.release_terms
    if release is None or "redistribute-dataset" not in case.profile.use:
        return
    for part in case.parts:
        kind = part.terms.says("share_alike", "kind")
        if part.role != "dataset" or kind not in WHOLE | {"data"} or release.id == part.terms.id:
            continue
        if not accepts(part.terms, release):
            yield part.issue(
                "license-share-alike-conflict",
                Level.FAIL,
                f"the data stays under {part.terms.name}, and the release says {release.name}",
                f"release the data under {part.terms.id}",
                fact="share_alike",
            )


def _meet(one: Terms, other: Terms) -> bool:
    return accepts(one, other) or accepts(other, one)


def accepts(terms: Terms, other: Terms) -> bool:
    """Whether share-alike terms name the other license as one that may take their place."""
    return other.id in terms.says("share_alike", "accepts", ())


def further_restriction(case: Case) -> Iterator[Saying]:
    """Copyleft that lets nobody add restrictions, in one work with terms that add them."""
    parts = one_work(case)
    for part in parts:
        if not _forbids_more(part.terms):
            continue
        for other in parts:
            if other is not part and _restricts(other.terms) and other.terms.id != part.terms.id:
                yield _further(part, other.terms, (part.label, other.label))
        release = case.release_terms
        if release and case.profile.distributes and _restricts(release) and release.id != part.terms.id:
            yield _further(part, release, (part.label,))


def _further(part: Part, other: Terms, labels: tuple[str, ...]) -> Issue:
    clause = part.terms.clause("additional_restrictions") or part.terms.clause("share_alike")
    return Issue(
        id="license-further-restriction",
        level=Level.FAIL,
        components=labels,
        why=f"{part.terms.name} lets nobody add restrictions, and {other.name} adds them",
        fix="keep the two works apart, or leave one out",
        clause=clause,
        verified=part.terms.verified and other.verified,
    )


def _forbids_more(terms: Terms) -> bool:
    whole = terms.says("share_alike", "kind") in ("whole-work", "same-elements")
    return whole and terms.family not in LIMITED


def _restricts(terms: Terms) -> bool:
    limits = terms.says("use_restrictions") == "yes" or terms.says("commercial_use") in ("no", "conditional")
    return limits or bool(terms.rows("territory"))
