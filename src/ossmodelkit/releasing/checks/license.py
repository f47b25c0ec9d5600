"""License and attribution: LIC-001 to LIC-009."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing.card import frontmatter
from ossmodelkit.releasing.checks.asking import OLDEST_STATEMENT_DAYS, attested, item, refused
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CARD, CYCLONEDX, LICENSE, NOTICE, THIRD_PARTY
from ossmodelkit.releasing.noting import missing, moot, wrong
from ossmodelkit.releasing.owed import use_limits
from ossmodelkit.releasing.runs import datasets

RECORD = "release/evidence/license.json"
# A license that may be used inside a company may still forbid passing the weights on.
ASKED_USE = {"public-weights": "redistribute-weights", "hosted-api": "saas"}
AUDIT = "kit audit MODEL records it"


@item("LIC-001")
def base_named_exactly(dossier: Dossier) -> Iterator[Hit]:
    """A model this one was made from is not pinned to one revision."""
    for parent in dossier.parents:
        if not parent.pinned:
            remedy = "name its commit, or audit and fine-tune it as a local folder so that its digest is known"
            yield wrong(parent.said_by, f"{parent.ref or 'the base'} could be any revision", remedy)
    declared = _adapter_base(dossier)
    if declared and not dossier.parents:
        yield missing("adapter_config.json", f"an adapter for {declared}, and no record names that base", AUDIT)
    elif declared and not any(_tail(declared) == _tail(parent.ref) for parent in dossier.parents):
        known = ", ".join(parent.ref for parent in dossier.parents)
        yield wrong(
            "adapter_config.json", f"it names {declared}, the records name {known}", "correct the adapter's base"
        )
    elif not dossier.parents and not dossier.license_facts:
        yield missing(RECORD, "nothing is known about where this model comes from", AUDIT)


@item("LIC-002")
def every_part_has_a_license(dossier: Dossier) -> Iterator[Hit]:
    """A part of the release has no license, not even an explicit unknown."""
    if not dossier.license_facts:
        yield missing(RECORD, "no license record speaks of these bytes or of their base", AUDIT)
    elif not dossier.license_id:
        yield wrong(RECORD, "the license could not be concluded", "state it in kit.toml: [release] license")
    for name, data in datasets(dossier):
        if not data.get("license"):
            yield wrong("release/evidence/data.json", f"dataset {name} has no license", "kit data check --license ID")


@item("LIC-003")
def no_conflict(dossier: Dossier) -> Iterator[Hit]:
    """Two licenses in this release cannot both be kept."""
    facts = dossier.license_facts
    if not facts:
        yield missing(RECORD, "no license record", AUDIT)
        return
    record = dossier.record(Kind.LICENSE)
    for finding in refused(dossier, record.findings if record else ()):
        yield Hit(at=finding.at, saw=f"{finding.check}: {finding.saw or finding.title}", remedy=finding.remedy)
    if facts.get("verdict") in ("fail", "unresolved"):
        yield wrong(RECORD, f"the license verdict is {facts['verdict']}", "kit license audit MODEL says why")
    for profile, use in ASKED_USE.items():
        if profile in dossier.profiles and use not in (facts.get("use") or dossier.words.uses):
            remedy = f'add "{use}" to [use] in kit.toml, and audit again'
            yield missing(RECORD, f"the licenses were judged for another use than {use}", remedy)
    allowed = facts.get("allowed_release_licenses") or ()
    if allowed and dossier.license_id not in {str(one).lower() for one in allowed}:
        remedy = "release under one of: " + ", ".join(map(str, allowed))
        yield wrong(CARD, f"{dossier.license_id or 'no license'} is not open to this release", remedy)


@item("LIC-004")
def texts_shipped(dossier: Dossier) -> Iterator[Hit]:
    """The license text is absent, or is not the text of the license named."""
    if not dossier.documents.get(LICENSE, b"").strip():
        yield missing(LICENSE, "there is no license text", "put the text into LICENSE beside the weights")
        return
    claims = [c for c in dossier.license_facts.get("claims", ()) if isinstance(c, Mapping)]
    for claim in claims:
        modified = str(claim.get("declared_in", "")).startswith(LICENSE) and claim.get("how") == "modified"
        if modified and "modified" not in dossier.text(NOTICE).lower():
            said = f"the text differs from that of {claim.get('license') or claim.get('said')}"
            yield wrong(LICENSE, said, "ship the original text, or say in NOTICE that it was modified")
    for wanted in dossier.license_facts.get("texts_needed", ()):
        shipped = wanted == dossier.license_id or str(wanted) in dossier.text(THIRD_PARTY)
        if not shipped:
            yield missing(THIRD_PARTY, f"the text of {wanted} must travel along", "put it beside the base's weights")


@item("LIC-005")
def attribution_present(dossier: Dossier) -> Iterator[Hit]:
    """A notice, a display line or a name prefix that a parent demands is not there."""
    facts = dossier.license_facts
    if not facts:
        yield missing(NOTICE, "no license record says what is owed", AUDIT)
        return
    notices = dossier.text(NOTICE) + dossier.text(THIRD_PARTY)
    for line in facts.get("notice_strings", ()):
        if str(line) not in notices:
            yield wrong(NOTICE, f"the notice {str(line)[:80]!r} is absent", "release again: it is written for you")
    for line in facts.get("display_strings", ()):
        if str(line) not in dossier.text(CARD):
            yield wrong(CARD, f"{str(line)!r} must be displayed", "release again: it is written for you")
    for prefix in facts.get("name_prefixes", ()):
        if not dossier.words.name.lower().startswith(str(prefix).lower()):
            yield wrong("kit.toml", f"the name must begin with {prefix!r}", f"call it {prefix}-{dossier.words.name}")


@item("LIC-006")
def limits_passed_on(dossier: Dossier) -> Iterator[Hit]:
    """A use limit of a parent is not repeated to those who get this model."""
    facts = dossier.license_facts
    if not facts:
        yield missing(CARD, "no license record says which limits there are", AUDIT)
        return
    limits = use_limits(facts)
    if not limits:
        yield moot(CARD, "no parent limits the use")
    for duty in limits:
        if str(duty.get("text", "")) not in dossier.text(CARD):
            yield wrong(
                CARD, f"not repeated: {duty.get('id')}", "release again: the section Use limits is written for you"
            )


@item("LIC-007")
def clauses_answered(dossier: Dossier) -> Iterator[Hit]:
    """A clause about users, revenue, field or territory has no answer."""
    facts = dossier.license_facts
    if not facts:
        yield missing(RECORD, "no license record says which clauses there are", AUDIT)
    elif not facts.get("questions"):
        yield moot(RECORD, "no clause asks for an answer")
    else:
        yield from attested(dossier, "LIC-007", oldest_days=OLDEST_STATEMENT_DAYS)


@item("LIC-008")
def one_license_everywhere(dossier: Dossier) -> Iterator[Hit]:
    """Card, SBOM, NOTICE and LICENSE do not name the same license."""
    wanted = dossier.license_id
    if not wanted:
        yield missing("kit.toml", "no license is stated or concluded", "state it in kit.toml: [release] license")
        return
    said = {CARD: _in_card(dossier), CYCLONEDX: _in_sbom(dossier), NOTICE: _in_notice(dossier)}
    for claim in dossier.license_facts.get("claims", ()):
        own = dossier.record(Kind.LICENSE) is not None and isinstance(claim, Mapping)
        if own and claim.get("declared_in") in ("LICENSE", "LICENSE.md", "LICENSE.txt") and claim.get("license"):
            said[LICENSE] = str(claim["license"])
    for name, found in said.items():
        if found.lower() != wanted:
            yield wrong(name, f"it says {found or 'nothing'}, the release is under {wanted}", "make them agree")


@item("LIC-009")
def exemption_claim_holds(dossier: Dossier) -> Iterator[Hit]:
    """The open-source exemption is claimed and a condition is not answered with yes."""
    stated = dossier.attested("LIC-009")
    if stated is None:
        yield moot("release/attest.json", "the exemption is not claimed")
        return
    yield from attested(dossier, "LIC-009")
    conditions = stated.answers.get("conditions")
    for name in (
        "free-license",
        "no-use-limits",
        "weights-public",
        "architecture-public",
        "usage-public",
        "no-payment",
    ):
        if not isinstance(conditions, Mapping) or not conditions.get(name):
            yield wrong(
                "release/attest.json", f"condition {name} has no yes", "answer it, or do not claim the exemption"
            )
    if use_limits(dossier.license_facts):
        yield wrong("release/attest.json", "a parent's license limits the use", "do not claim the exemption")


def _adapter_base(dossier: Dossier) -> str:
    try:
        config = json.loads(dossier.texts.get("adapter_config.json", b"{}"))
        return str(config.get("base_model_name_or_path") or "")
    except (ValueError, AttributeError):
        return ""


def _tail(ref: str) -> str:
    return ref.rstrip("/").replace("\\", "/").rpartition("/")[2].partition("@")[0]


def _in_card(dossier: Dossier) -> str:
    front = frontmatter.read(dossier.text(CARD)).values
    return str(front.get("license_name") or "") if front.get("license") == "other" else str(front.get("license") or "")


def _in_sbom(dossier: Dossier) -> str:
    try:
        component = json.loads(dossier.documents.get(CYCLONEDX, b"{}"))["metadata"]["component"]
        for prop in component.get("properties", ()):
            if prop.get("name") == "ossmodelkit:license":
                return str(prop.get("value"))
    except (ValueError, KeyError, TypeError):
        pass
    return ""


def _in_notice(dossier: Dossier) -> str:
    for line in dossier.text(NOTICE).splitlines():
        if line.startswith("License: "):
            return line.removeprefix("License: ").strip()
    return ""


CHECKS = (
    base_named_exactly,
    every_part_has_a_license,
    no_conflict,
    texts_shipped,
    attribution_present,
    limits_passed_on,
    clauses_answered,
    one_license_everywhere,
    exemption_claim_holds,
)
