"""Evaluation and bias: EVL-001 to EVL-009."""

from __future__ import annotations

from collections.abc import Iterator

from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing.card import claims, frontmatter, scores
from ossmodelkit.releasing.checks.asking import attested, item, measured
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CARD
from ossmodelkit.releasing.noting import missing, moot, wrong
from ossmodelkit.releasing.said import known_limits

RECORD = "release/evidence/evaluate.json"
EVALUATE = (
    'give the plan evaluation_data, or write a JSON list like [{"metric": "accuracy", "value": 0.8, "base": 0.7, '
    '"n": 400, "interval": [0.76, 0.84], "seed": 7}], then: kit release attach MODEL scores FILE.json'
)
LEAST_LIMITS = 3
QUANTIZED = (".gguf", ".ggml", "-int8", "-int4", "-q4", "-q8", "gptq", "awq")


@item("EVL-001")
def numbers_proven(dossier: Dossier) -> Iterator[Hit]:
    """A number in the card has no record behind it."""
    if not dossier.documents.get(CARD):
        yield missing(CARD, "there is no card", "release again: it is written for you")
        return
    for claim in claims.unproven(dossier):
        yield wrong(CARD, f"{claim.token} ({claim.near})", "take it out, or record the evaluation", line=claim.line)
    for name, data in dossier.texts.items():
        if name.startswith(".eval_results/") and name.endswith((".yaml", ".yml")):
            for saw in claims.unproven_results(dossier, frontmatter.load(data.decode("utf-8", "replace"))):
                yield wrong(name, saw, "take it out, or record the evaluation")


@item("EVL-002")
def evaluated_as_released(dossier: Dossier) -> Iterator[Hit]:
    """Nobody evaluated the released weights, or not how they did."""
    found = scores.scores(dossier)
    if not found:
        if dossier.profiles == ("internal",):
            yield moot(RECORD, "no score is reported")
        else:
            yield missing(RECORD, "no evaluation of these bytes", EVALUATE)
        return
    for score in found:
        if not score.settings:
            yield wrong(RECORD, f"{score.metric}: no seed, precision or harness recorded", EVALUATE)


@item("EVL-003")
def compared_with_base(dossier: Dossier) -> Iterator[Hit]:
    """Nobody knows what the tuning gained and what it broke."""
    if not dossier.was_trained:
        yield moot(RECORD, "nothing was tuned")
    elif not any(score.base is not None for score in scores.scores(dossier)):
        yield missing(RECORD, "the base was not measured on the same task", EVALUATE)


@item("EVL-004")
def uncertainty_told(dossier: Dossier) -> Iterator[Hit]:
    """A score comes without a sample size or an interval."""
    found = scores.scores(dossier)
    if not found:
        yield moot(RECORD, "no score is reported")
    for score in found:
        if score.n is None or (score.interval is None and score.error is None):
            yield wrong(RECORD, f"{score.metric}: no {'n' if score.n is None else 'interval'}", EVALUATE)


@item("EVL-005")
def variants_evaluated(dossier: Dossier) -> Iterator[Hit]:
    """A compressed variant is shipped and was not measured by itself."""
    names = [name for name in dossier.files if any(mark in name.lower() for mark in QUANTIZED)]
    if not names:
        yield moot("release/evidence", "no compressed variant is shipped")
    else:
        yield from measured(dossier, "EVL-005")


@item("EVL-006")
def bias_measured(dossier: Dossier) -> Iterator[Hit]:
    """Nobody measured how differently groups of people are served."""
    yield from measured(dossier, "EVL-006")
    yield from attested(dossier, "EVL-006")


@item("EVL-007")
def memorization_probed(dossier: Dossier) -> Iterator[Hit]:
    """Nobody knows whether the model recites its training data."""
    if not dossier.was_trained:
        yield moot("release/evidence", "nothing was tuned")
    else:
        yield from measured(dossier, "EVL-007")


@item("EVL-008")
def limits_shown(dossier: Dossier) -> Iterator[Hit]:
    """The card does not say where the model fails."""
    limits = known_limits(dossier)
    if not limits:
        yield missing("kit.toml", "no limit is stated", "[release] limitations = one sentence for each limit")
    elif len(limits) < LEAST_LIMITS:
        yield wrong("kit.toml", f"{len(limits)} of {LEAST_LIMITS} limits", "state at least three concrete limits")


@item("EVL-009")
def explained(dossier: Dossier) -> Iterator[Hit]:
    """Decisions about people would have no explanation."""
    if dossier.measured("explain") is None:
        yield from attested(dossier, "EVL-009")


CHECKS = (
    numbers_proven,
    evaluated_as_released,
    compared_with_base,
    uncertainty_told,
    variants_evaluated,
    bias_measured,
    memorization_probed,
    limits_shown,
    explained,
)
