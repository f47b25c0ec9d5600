"""What a release has to show: display lines, and names that begin with a base's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ossmodelkit.core.license import Issue, Level, State
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules import texts
from ossmodelkit.licensing.rules.saying import Question, Saying, duty_of, owed


def display(case: Case) -> Iterator[Saying]:
    """A line that must be shown."""
    for part in case.parts:
        for row in part.terms.rows("display"):
            if row.get("encouraged_only") or not _shown(case, part, row):
                yield from _perhaps_shown(case, part, row)
                continue
            options = tuple(row.get("any_of", (row["text"],)))
            where = next((place for option in options if (place := _displayed(case, row, option))), "")
            told = " or ".join(f"“{option}”" for option in options)
            place = row.get("where", "the card or the product")
            yield from duty_of(
                case,
                part,
                "license-display-missing",
                duty=f"show {told} ({place})",
                done=where,
                why=f"{part.terms.name} wants {told} shown: {place}",
                fix=f"write {told} there",
                clause=str(row.get("clause", "")),
                verified=bool(row.get("verified", True)),
            )


def _shown(case: Case, part: Part, row: Mapping[str, Any]) -> bool:
    """Whether the moment has come in which the line is due."""
    available = case.profile.makes_available
    trigger = row.get("trigger")
    if trigger == "product":
        return _in_product(case) and _above(case, row)
    if not available:
        return False
    if trigger == "trained":
        return (part.is_weights and case.names_new_model) or case.trains_on(part)
    if trigger == "derivative":
        return part.covers_weights and case.names_new_model
    if trigger == "cosmos":
        return part.component.is_multimodal or "cosmos" in part.label.lower()
    return trigger == "distribution" and part.covers_weights


def _in_product(case: Case) -> bool:
    return case.profile.commercial and (case.profile.makes_available or "internal" not in case.profile.use)


def _above(case: Case, row: Mapping[str, Any]) -> bool:
    return any((getattr(case.profile, figure) or 0) > limit for figure, limit in row.get("above", {}).items())


def _perhaps_shown(case: Case, part: Part, row: Mapping[str, Any]) -> Iterator[Saying]:
    """A line that is due above a figure which nobody gave."""
    unknown = [figure for figure in row.get("above", {}) if getattr(case.profile, figure) is None]
    if not unknown or not _in_product(case) or _displayed(case, row, row["text"]):
        return
    yield Question(
        text=f"What is your {' or '.join(unknown)}? {part.terms.name} wants “{row['text']}” shown: {row['when']}"
    )
    yield part.issue(
        "license-display-missing",
        Level.WARN,
        f"{part.terms.name} wants “{row['text']}” shown above a limit, and your figure is not known",
        f"show it ({row['where']}), or fill in {' and '.join(unknown)}",
        clause=str(row.get("clause", "")),
    )


def _displayed(case: Case, row: Mapping[str, Any], text: str) -> str:
    plan = case.release
    if plan is None:
        return ""
    pattern = re.sub(r"\[[^\]]+\]", "\0", text).strip("\0 ")
    places = {"ui": plan.ui_contains, "readme": plan.readme_contains, "notice": plan.notice_contains}
    allowed = row.get("places", ("ui", "readme"))
    return next((name for name in allowed if texts.contains(places[name], pattern)), "")


def naming(case: Case) -> Iterator[Saying]:
    """A name that must begin with the base's."""
    wanted = [(part, row) for part in case.parts for row in _prefixes(case, part)]
    if not wanted:
        return
    prefixes = {str(row["value"]) for _, row in wanted}
    longest = max(prefixes, key=len)
    satisfiable = all(_begins(longest, prefix) for prefix in prefixes)
    name = case.release.name if case.release else None
    for part, row in wanted:
        prefix, clause = str(row["value"]), str(row.get("clause", ""))
        if not satisfiable:
            yield _unsatisfiable(part, prefixes, clause)
            continue
        if name is None:
            yield owed(part, "license-naming-prefix", f"begin its name with “{prefix}”", State.MANUAL, clause=clause)
            yield Question(text=f"What will the model be called? {part.terms.name} wants “{prefix}” at the front.")
            continue
        fits = _begins(name.rpartition("/")[2], prefix)
        yield from duty_of(
            case,
            part,
            "license-naming-prefix",
            duty=f"begin its name with “{prefix}”",
            done=name if fits else "",
            why=f"{part.terms.name} wants the name to begin with “{prefix}”, and it is {name!r}",
            fix=f"call it {prefix.replace(' ', '-')}-{name.rpartition('/')[2]}",
            clause=clause,
        )


def _prefixes(case: Case, part: Part) -> Iterator[Mapping[str, Any]]:
    for row in part.terms.rows("naming"):
        if row.get("rule") != "prefix":
            continue
        trained_on = case.trains_on(part) and row.get("reaches_outputs")
        reached = (part.is_weights and case.names_new_model) or trained_on
        if reached and (case.profile.makes_available or not row.get("needs_distribution")):
            yield row


def _begins(name: str, prefix: str) -> bool:
    letters = re.sub(r"[-_\s]+", "", name).lower()
    return letters.startswith(re.sub(r"[-_\s]+", "", prefix).lower())


def _unsatisfiable(part: Part, prefixes: Iterable[str], clause: str) -> Issue:
    listed = " and ".join(f"“{prefix}”" for prefix in sorted(prefixes))
    return part.issue(
        "license-naming-prefix",
        Level.FAIL,
        f"no name can begin with {listed} at once",
        "leave one of the bases out, or ask a licensor to waive the name",
        clause=clause,
    )
