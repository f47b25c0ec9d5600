"""Data governance: DAT-001 to DAT-009. They ask about what the training run was fed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing.checks.asking import attested, item
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import DISCLOSURE, SUMMARY
from ossmodelkit.releasing.noting import missing, moot, wrong
from ossmodelkit.releasing.runs import datasets

RECORD = "release/evidence/data.json"
CHECK = "kit data check DATA, then release again"
# The rules of `kit data check` that answer an item; all of them must have been asked.
PERSONAL = frozenset({"data-email", "data-phone", "data-credit-card", "data-iban", "data-ssn", "data-ip-address"})
ANOMALIES = frozenset({"data-duplicate-row", "data-near-duplicate", "data-trigger-word"})
USUAL_OVERLAP = 0.01
UNTRAINED = "no training run of ours made these bytes"


@item("DAT-001")
def datasets_listed(dossier: Dossier) -> Iterator[Hit]:
    """A dataset is used and not described."""
    if not dossier.was_trained:
        yield moot(RECORD, UNTRAINED)
        return
    every = list(datasets(dossier))
    if not every:
        yield missing(RECORD, "the run records no dataset", "fine-tune again with this version of kit")
    for name, facts in every:
        absent = [word for word, keys in WANTED.items() if not any(facts.get(key) for key in keys)]
        if absent:
            yield wrong(RECORD, f"{name}: no {', no '.join(absent)}", CHECK)


WANTED = {
    "digest": ("sha256", "digest", "files"),
    "record count": ("rows", "records", "count", "examples"),
    "license": ("license",),
}


@item("DAT-002")
def personal_data_screened(dossier: Dossier) -> Iterator[Hit]:
    """Nobody looked for personal data in what the model learned from."""
    yield from _asked_of_data(dossier, PERSONAL)


@item("DAT-003")
def permission_stated(dossier: Dossier) -> Iterator[Hit]:
    """Nobody states that the data may be used."""
    if not dossier.was_trained:
        yield moot(RECORD, UNTRAINED)
    else:
        yield from attested(dossier, "DAT-003")


@item("DAT-004")
def copyright_policy(dossier: Dossier) -> Iterator[Hit]:
    """No copyright policy is stated."""
    yield from attested(dossier, "DAT-004")


@item("DAT-005")
def summary_generated(dossier: Dossier) -> Iterator[Hit]:
    """The public summary of training content is absent or not confirmed."""
    if not dossier.was_trained:
        yield moot(SUMMARY, UNTRAINED)
    elif not dossier.text(SUMMARY).strip():
        yield missing(SUMMARY, "no summary", "release with the profile eu-gpai: it is written for you")
    else:
        yield from attested(dossier, "DAT-005")


@item("DAT-006")
def disclosure_prepared(dossier: Dossier) -> Iterator[Hit]:
    """The disclosure of training data is absent or not confirmed."""
    if not dossier.was_trained:
        yield moot(DISCLOSURE, UNTRAINED)
    elif not dossier.text(DISCLOSURE).strip():
        yield missing(DISCLOSURE, "no disclosure", "release again: it is written for you")
    else:
        yield from attested(dossier, "DAT-006")


@item("DAT-007")
def evaluation_not_trained_on(dossier: Dossier) -> Iterator[Hit]:
    """Evaluation data lies in the training data, or nobody compared them."""
    if not dossier.was_trained:
        yield moot(RECORD, UNTRAINED)
        return
    run = dossier.details(Kind.FINETUNE)
    if table := dossier.measured("contamination"):
        yield from _overlap(table.get("rate", table.get("overlap")), table.get("allowed", USUAL_OVERLAP))
    elif not dossier.details(Kind.EVALUATE) and not run.get("evaluations"):
        yield moot(RECORD, "no score is reported")
    else:
        yield from _compared(list(_examined(dossier)), {str(f["evaluation_sha256"]) for f in _held_out(run)})


@item("DAT-008")
def anomalies_screened(dossier: Dossier) -> Iterator[Hit]:
    """Nobody looked for planted or duplicated rows."""
    yield from _asked_of_data(dossier, ANOMALIES)


@item("DAT-009")
def synthetic_data_named(dossier: Dossier) -> Iterator[Hit]:
    """Nobody says whether the data was made by a model, and under which terms."""
    if not dossier.was_trained:
        yield moot(RECORD, UNTRAINED)
        return
    shares = [facts.get("synthetic_share", facts.get("synthetic")) for _, facts in datasets(dossier)]
    if shares and all(share in (0, 0.0, False) for share in shares):
        yield moot(RECORD, "no row was made by a model")
    else:
        yield from attested(dossier, "DAT-009")


def _asked_of_data(dossier: Dossier, rules: frozenset[str]) -> Iterator[Hit]:
    if not dossier.was_trained:
        yield moot(RECORD, UNTRAINED)
        return
    records = dossier.all_of(Kind.DATA)
    if not records:
        yield missing(RECORD, "no record of the training data", CHECK)
    for record in records:
        if silent := rules.difference(record.asked):
            yield missing(RECORD, f"nobody asked: {', '.join(sorted(silent))}", CHECK)
        for finding in record.findings:
            if finding.check in rules and finding.severity.rank >= dossier.demands.refuse_at.rank:
                yield Hit(at=finding.at, saw=f"{finding.check}: {finding.saw}"[:200], remedy=finding.remedy)


def _held_out(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What the run says of its data, wherever it was evaluated on rows that it did not learn."""
    told = run.get("data")
    for facts in told if isinstance(told, (list, tuple)) else [told]:
        if isinstance(facts, Mapping) and facts.get("evaluation_sha256"):
            yield facts


def _examined(dossier: Dossier) -> Iterator[Mapping[str, Any]]:
    """The evaluation files that the training data was compared with, as the data records tell."""
    for record in dossier.all_of(Kind.DATA):
        listed = record.details.get("against")
        for one in listed if isinstance(listed, (list, tuple)) else ():
            if isinstance(one, Mapping) and isinstance(one.get("items"), int) and one["items"] > 0:
                yield one


def _compared(examined: list[Mapping[str, Any]], held_out: set[str]) -> Iterator[Hit]:
    compare = "kit data check DATA --against EVAL"
    if not examined:
        yield missing(RECORD, "nobody compared evaluation and training data", compare)
        return
    for digest in sorted(held_out - {str(one.get("sha256")) for one in examined}):
        yield missing(RECORD, f"compared with other files than the evaluation data {digest[:12]}…", compare)
    for one in examined:
        met = one.get("met")
        yield from _overlap(met / one["items"] if isinstance(met, int) else None, USUAL_OVERLAP, str(one.get("file")))


def _overlap(rate: object, allowed: object, where: str = "") -> Iterator[Hit]:
    most = float(allowed) if isinstance(allowed, (int, float)) else USUAL_OVERLAP
    of = f" with {where}" if where else ""
    if not isinstance(rate, (int, float)):
        yield missing(RECORD, f"the comparison{of} tells no overlap", "kit data check DATA --against EVAL")
    elif rate > most:
        yield wrong(RECORD, f"{rate:.2%} overlap{of}", "take the overlap out: kit data clean, then evaluate again")


CHECKS = (
    datasets_listed,
    personal_data_screened,
    permission_stated,
    copyright_policy,
    summary_generated,
    disclosure_prepared,
    evaluation_not_trained_on,
    anomalies_screened,
    synthetic_data_named,
)
