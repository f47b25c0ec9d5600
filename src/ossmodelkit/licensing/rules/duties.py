"""What a release owes to the licenses of its weights: texts, notices, displays, names, changes, cards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ossmodelkit.core.license import Issue, Level, State
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules import texts
from ossmodelkit.licensing.rules.saying import Question, Saying, owed


def copies(case: Case) -> tuple[Part, ...]:
    """The parts of which copies leave the house."""
    return tuple(part for part in case.parts if _leaves(case, part))


def _leaves(case: Case, part: Part) -> bool:
    if part.role in ("dataset", "synthetic-data") and "redistribute-dataset" in case.profile.use:
        return True
    if not case.profile.distributes:
        return False
    return part.makes_covered_derivative or ((part.is_weights or part.is_code) and part.component.is_shipped)


def license_text(case: Case) -> Iterator[Saying]:
    """The license's text, or for some a link, must travel."""
    for part in copies(case):
        required = part.terms.says("include_license_text", "required", "no")
        unmodified_only = part.terms.says("include_license_text", "unmodified_only", False)
        if required == "no" or (unmodified_only and part.is_modified):
            continue
        what = "the text of or a link to" if required == "link" else "a copy of"
        where = texts.file_for(case, part) or (_linked(case, part) if required == "link" else "")
        yield from _duty(
            case,
            part,
            "license-text-missing",
            duty=f"ship {what} {part.terms.name}",
            done=where,
            why=f"{part.terms.name} wants {what} it to travel with the model, and the release holds none",
            fix=f"add it as LICENSE, or as LICENSE-{part.terms.id} beside your own",
            fact="include_license_text",
        )


def _linked(case: Case, part: Part) -> str:
    plan = case.release
    if plan is None:
        return ""
    names = {str(part.terms.says("ids", "spdx")).lower(), part.terms.id, part.terms.name.lower()} - {""}
    said = " ".join((*plan.readme_contains, *plan.notice_contains)).lower()
    if any(name in said for name in names):
        return "readme"
    return "LICENSE" if case.release_terms and case.release_terms.id == part.terms.id and plan.license else ""


def notice(case: Case) -> Iterator[Saying]:
    """A notice in the exact words of the license, or the upstream NOTICE handed on."""
    for part in copies(case):
        wanted = part.terms.says("notice_file", "text")
        if wanted:
            places = (*case.release.notice_contains,) if case.release else ()
            if not part.terms.says("notice_file", "file") and case.release:
                places = (*places, *case.release.readme_contains)
            held = texts.contains(places, wanted)
            file = texts.notice_file(case) or "NOTICE"
            yield from _duty(
                case,
                part,
                "license-notice-missing",
                duty=f"write into a Notice file: {wanted}",
                done=file if held else "",
                why=f"{part.terms.name} wants these exact words in a Notice file: {wanted}",
                fix="kit license notice writes them; the notice of another version does not count",
                fact="notice_file",
            )
        elif part.terms.says("notice_file", "propagate"):
            yield from _propagated(case, part)
        if part.terms.says("retain_notices") == "yes":
            kept = part.terms.says("retain_notices", "what") or "copyright and license notices"
            yield owed(part, "license-notice-missing", f"keep {kept}", State.MANUAL, fact="retain_notices")


def _propagated(case: Case, part: Part) -> Iterator[Saying]:
    if not any(texts.NOTICE_FILE.match(file.rpartition("/")[2]) for file in part.component.upstream_files):
        return
    yield from _duty(
        case,
        part,
        "license-notice-missing",
        duty=f"hand the contents of {part.label}'s NOTICE on",
        done=texts.notice_file(case),
        why=f"{part.label} comes with a NOTICE, and {part.terms.name} wants its contents to travel",
        fix="add the upstream NOTICE to yours",
        fact="notice_file",
    )


def modified_notice(case: Case) -> Iterator[Saying]:
    """Say that files were changed."""
    for part in copies(case):
        changed = part.is_modified or (part.makes_covered_derivative and not part.is_weights)
        if not (part.terms.says("modified_files_notice", "required", False) and changed) or part.is_outputs:
            continue
        if part.is_data or (part.is_code and not part.component.modified):
            continue
        yield from _duty(
            case,
            part,
            "license-modified-notice",
            duty=f"say that you changed files of {part.label}",
            done=texts.says_changed(case),
            why=f"{part.terms.name} wants changed files to say that they were changed",
            fix="write into NOTICE or the card that you modified the model, and how",
            fact="modified_files_notice",
        )


def display(case: Case) -> Iterator[Saying]:
    """A line that must be shown."""
    for part in case.parts:
        for row in part.terms.rows("display"):
            if row.get("encouraged_only") or not _shown(case, part, row):
                continue
            options = tuple(row.get("any_of", (row["text"],)))
            where = next((place for option in options if (place := _displayed(case, row, option))), "")
            told = " or ".join(f"“{option}”" for option in options)
            place = row.get("where", "the card or the product")
            yield from _duty(
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
        return case.profile.commercial and (available or "internal" not in case.profile.use) and _above(case, row)
    if not available:
        return False
    if trigger == "trained":
        return (part.is_weights and case.makes_new_model) or (part.is_outputs and not part.evaluates_only)
    if trigger == "derivative":
        return part.covers_weights and case.makes_new_model
    if trigger == "cosmos":
        return part.component.multimodal or "cosmos" in part.label.lower()
    return trigger == "distribution" and part.covers_weights


def _above(case: Case, row: Mapping[str, Any]) -> bool:
    limits = row.get("above", {})
    figures = {
        "mau": case.profile.mau,
        "monthly_revenue_usd": case.profile.monthly_revenue_usd,
        "annual_revenue_usd": case.profile.annual_revenue_usd,
    }
    return any((figures[name] or 0) > limit for name, limit in limits.items())


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
        yield from _duty(
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
        trained_on = part.is_outputs and part.role != "output-source" and not part.evaluates_only
        reached = (part.is_weights and case.makes_new_model) or (trained_on and row.get("reaches_outputs"))
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


def pass_on(case: Case) -> Iterator[Saying]:
    """Use restrictions that must bind whoever receives or reaches the model."""
    for part in case.covering:
        if part.terms.says("use_restrictions", "pass_on_kind") != "enforceable" or part.role == "output-source":
            continue
        hosted = case.profile.hosts and bool(part.terms.says("hosted_service_is_distribution"))
        if not (case.profile.distributes or hosted):
            continue
        yield from _duty(
            case,
            part,
            "license-use-restriction-pass-on",
            duty=f"bind your users to the use restrictions of {part.terms.name}",
            done=texts.binds_recipients(case, part),
            why=f"{part.terms.name} wants its use restrictions as an enforceable provision in your terms"
            + (", and hosted access counts as distribution" if hosted and not case.profile.distributes else ""),
            fix="release it under the same license, or write the restrictions into your agreement",
            fact="use_restrictions",
        )


def card_retention(case: Case) -> Iterator[Saying]:
    """A license that wants the model card kept."""
    for part in copies(case):
        if not (part.covers_weights and part.terms.says("model_card_retention")):
            continue
        card = case.release.model_card if case.release else ""
        yield from _duty(
            case,
            part,
            "license-model-card-retention",
            duty=str(part.terms.says("model_card_retention")),
            done="model card" if card == "present" else "",
            why=f"{part.terms.name} wants model and data cards kept, and the release has none",
            fix="ship the card, with your changes documented as well as the original",
            fact="model_card_retention",
        )


def companion_policy(case: Case) -> Iterator[Saying]:
    """A use policy beside a license that does not mention one."""
    for part in case.parts:
        policies = [file for file in part.component.upstream_files if texts.POLICY_FILE.search(file)]
        if not policies or not part.is_weights or part.terms.says("use_restrictions") == "yes":
            continue
        if case.profile.distributes and texts.policy_file(case):
            text = f"hand {policies[0]} on"
            yield owed(part, "license-companion-policy", text, State.MET, evidence=texts.policy_file(case))
            continue
        yield part.issue(
            "license-companion-policy",
            Level.WARN,
            f"{part.label} comes with {policies[0]} beside {part.terms.name}, which does not mention it",
            "read the policy, keep to it, and ship it with the license",
            fact="use_restrictions",
        )


def network_source(case: Case) -> Iterator[Saying]:
    """A changed version that others use over a network, without its source on offer."""
    if not case.profile.hosts:
        return
    for part in case.parts:
        rule = part.terms.facts.get("network_clause")
        serves = part.is_weights or part.role in ("repo-code", "serving-code") or part.component.linked
        if not rule or not rule.get("source") or not serves:
            continue
        changed = part.is_modified if part.is_weights else bool(part.component.modified)
        if rule.get("modified_only") and not changed:
            continue
        yield from _duty(
            case,
            part,
            "license-network-source",
            duty="offer the source to everyone who uses it over the network",
            done="source offered" if part.component.source_offered else "",
            why=f"{part.terms.name}: {rule['value']}",
            fix="publish the corresponding source and link it where the service is used",
            fact="network_clause",
            without_release=True,
        )


def _duty(
    case: Case,
    part: Part,
    check: str,
    *,
    duty: str,
    done: str,
    why: str,
    fix: str,
    fact: str = "",
    clause: str = "",
    verified: bool = True,
    without_release: bool = False,
) -> Iterator[Saying]:
    """The obligation, and an issue where a release plan shows that it is not met."""
    unseen = case.release is None or part.is_code  # a plan does not say what lies inside the code's own folder
    if done:
        yield owed(part, check, duty, State.MET, fact=fact, clause=clause, evidence=done)
    elif unseen and not without_release:
        yield owed(part, check, duty, State.MANUAL, fact=fact, clause=clause)
    else:
        yield owed(part, check, duty, State.UNMET, fact=fact, clause=clause)
        yield part.issue(check, Level.FAIL, why, fix, fact=fact, clause=clause, verified=verified)
