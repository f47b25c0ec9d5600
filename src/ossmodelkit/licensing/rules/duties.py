"""What a release owes to the licenses of its parts: texts, notices, changes told, restrictions, cards, source."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.license import Level, State
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules import texts
from ossmodelkit.licensing.rules.saying import Saying, duty_of, owed

# How use restrictions reach recipients: in your own terms, or through the license's text, which names the policy.
BINDING = {
    "enforceable": "its use restrictions as an enforceable provision in your terms",
    "reference": "its use policy to bind whoever receives the model, and neither license nor agreement does",
}


def copies(case: Case) -> tuple[Part, ...]:
    """The parts of which copies leave the house."""
    return tuple(part for part in case.parts if _leaves(case, part))


def _leaves(case: Case, part: Part) -> bool:
    if part.role == "dataset" and "redistribute-dataset" in case.profile.use:
        return True
    if not case.profile.distributes:
        return False
    if part.role == "dataset":
        return part.component.is_shipped
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
        yield from duty_of(
            case,
            part,
            "license-license-text-missing",
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
        if part.terms.says("notice_file", "propagate"):
            yield from _propagated(case, part)
        elif part.terms.says("notice_file", "text"):
            yield from _exact_words(case, part)
        if part.terms.says("retain_notices") == "yes":
            kept = part.terms.says("retain_notices", "what") or "copyright and license notices"
            yield owed(part, "license-retain-notices", f"keep {kept}", State.MANUAL, fact="retain_notices")


def _exact_words(case: Case, part: Part) -> Iterator[Saying]:
    if part.terms.says("notice_file", "with_upstream_notice", False) and not _comes_with_notice(part):
        return
    wanted = part.terms.says("notice_file", "text")
    places = case.release.notice_contains if case.release else ()
    if not part.terms.says("notice_file", "file") and case.release:
        places = (*places, *case.release.readme_contains)
    yield from duty_of(
        case,
        part,
        "license-notice-missing",
        duty=f"write into a Notice file: {wanted}",
        done=(texts.notice_file(case) or "NOTICE") if texts.contains(places, wanted) else "",
        why=f"{part.terms.name} wants these exact words in a Notice file: {wanted}",
        fix="kit license notice writes them; the notice of another version does not count",
        fact="notice_file",
    )


def _propagated(case: Case, part: Part) -> Iterator[Saying]:
    if not _comes_with_notice(part):
        return
    yield from duty_of(
        case,
        part,
        "license-notice-missing",
        duty=f"hand the contents of {part.label}'s NOTICE on",
        done=texts.notice_file(case),
        why=f"{part.label} comes with a NOTICE, and {part.terms.name} wants its contents to travel",
        fix="add the upstream NOTICE to yours",
        fact="notice_file",
    )


def _comes_with_notice(part: Part) -> bool:
    return any(texts.NOTICE_FILE.match(file.rpartition("/")[2]) for file in part.component.upstream_files)


def modified_notice(case: Case) -> Iterator[Saying]:
    """Say that files were changed."""
    for part in copies(case):
        required = part.terms.says("modified_files_notice", "required", False)
        if not (required and part.is_modified) or part.is_outputs:
            continue
        yield from duty_of(
            case,
            part,
            "license-modified-notice",
            duty=f"say that you changed files of {part.label}",
            done=texts.says_changed(case, part),
            why=f"{part.terms.name} wants changed files to say that they were changed",
            fix="write into NOTICE or the card that you modified the model, and how",
            fact="modified_files_notice",
        )


def pass_on(case: Case) -> Iterator[Saying]:
    """Use restrictions that must bind whoever receives or reaches the model."""
    for part in case.covering:
        kind = part.terms.says("use_restrictions", "pass_on_kind")
        if kind not in BINDING:
            continue
        hosted = case.profile.hosts and bool(part.terms.says("hosted_service_is_distribution"))
        if not (case.profile.distributes or hosted):
            continue
        by_text = texts.file_for(case, part) if kind == "reference" else ""
        yield from duty_of(
            case,
            part,
            "license-use-restriction-pass-on",
            duty=f"bind your users to the use restrictions of {part.terms.name}",
            done=texts.binds_recipients(case, part) or by_text,
            why=f"{part.terms.name} wants {BINDING[kind]}"
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
        yield from duty_of(
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
        if part.terms.says("use_restrictions") == "comply-with-law-only":
            policies = policies or [str(part.terms.says("use_restrictions", "aup"))]
        if not policies or not part.is_weights or part.terms.says("use_restrictions") == "yes":
            continue
        if texts.policy_file(case):
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
        # What is linked with other code is one changed work with it.
        changed = part.is_modified or (part.is_code and part.component.linked)
        if rule.get("modified_only") and not changed:
            continue
        yield from duty_of(
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
