"""Is there a record behind every number of the card?

A number in the header's results or in a generated block must be the value of some record, as exact as it is
printed. A number that a person wrote beside a metric's name must be a recorded value of that metric.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from ossmodelkit.releasing.card import fences, frontmatter, scores
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CARD

NUMBER = re.compile(
    r"(?<![\w.@#/-])[-−+±~≈]?(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?(?:[eE]([-+]?\d+))?"
    r"\s?(%|percent|points|[kKMBGT](?:iB|B)?\b|million|billion|trillion)?(?![\w/-])"
)
# What stands beside a number and makes it a count or a setting, not a score.
BEFORE = re.compile(
    r"(?:steps?|epochs?|seeds?|batch|version|rank|section|chapter|figure|table|page|n|k|top|in|since)\W{0,3}$", re.I
)
AFTER = re.compile(
    r"^[\s-]{0,2}(?:steps?|epochs?|shots?|examples?|samples?|rows?|tokens?|questions?|gpus?|cores?|hours?|minutes?|bits?"
    r"|languages?|layers?|parameters?|params)\b",
    re.I,
)
METRICS = (
    "accuracy", "acc", "f1", "precision", "recall", "bleu", "sacrebleu", "rouge", "perplexity", "ppl", "loss",
    "exact match", "em", "pass@", "win rate", "auc", "auroc", "mmlu", "gsm8k", "hellaswag", "arc", "truthfulqa",
    "humaneval", "mbpp", "ifeval", "winogrande", "bertscore", "chrf", "meteor", "wer", "cer", "mae", "mse", "rmse",
    "elo", "mrr", "ndcg", "map", "r2", "brier", "ece", "score", "bbh", "gpqa", "squad", "glue", "math-500", "aime",
)  # fmt: skip
METRIC = re.compile(r"(?<![\w-])(" + "|".join(re.escape(m) for m in METRICS) + r")(?:[-@]?[\w]{1,2})?(?![\w])", re.I)
ALIASES = {"acc": "accuracy", "ppl": "perplexity", "em": "exactmatch"}
SHORT = 3
SCALES = {"k": 10**3, "K": 10**3, "M": 10**6, "million": 10**6, "B": 10**9, "billion": 10**9, "T": 10**12,
          "trillion": 10**12, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "kiB": 2**10,
          "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}  # fmt: skip
# Names, dates, digests and addresses are made of digits and are no claims.
NOT_A_CLAIM = re.compile(
    r"`[^`]*`|https?://\S+|\b\d{4}-\d\d-\d\d(?:[T ][\d:]+Z?)?|\b\d+(?:\.\d+){2,}\S*|\b[0-9a-f]{12,}\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A number in the card: as it is printed, its line, and the words it stands beside."""

    token: str
    line: int
    near: str


def unproven(dossier: Dossier) -> list[Claim]:
    """The numbers of the card that no record stands behind, in the order of the text."""
    text = dossier.text(CARD)
    front = frontmatter.read(text)
    rest = "\n" * (text.count("\n") - front.body.count("\n")) + front.body
    return [*_in_header(dossier, front), *_in_blocks(dossier, rest), *_in_words(dossier, rest)]


def rounds_to(value: float, token: str, unit: str = "") -> bool:
    """Whether `token`, printed with this unit, is `value` as exactly as it is printed."""
    try:
        printed = Decimal(token.replace(",", ""))
        exact = Decimal(repr(value))
    except InvalidOperation:
        return False
    if not exact.is_finite():
        return False
    step = Decimal(1).scaleb(int(printed.as_tuple().exponent))
    scales = [Decimal(SCALES[unit])] if unit in SCALES else [Decimal(1)]
    if unit in ("%", "percent", "points"):
        scales = [Decimal(1), Decimal("0.01")]
    for scale in scales:
        for mode in (ROUND_HALF_EVEN, ROUND_HALF_UP):
            try:
                if (exact / scale).copy_abs().quantize(step, rounding=mode) == printed.copy_abs():
                    return True
            except InvalidOperation:
                continue
    return False


def _in_header(dossier: Dossier, front: frontmatter.Front) -> Iterator[Claim]:
    index = front.values.get("model-index")
    known = _values_by_metric(dossier)
    for model in index if isinstance(index, list) else ():
        for result in model.get("results", ()) if isinstance(model, Mapping) else ():
            for metric in result.get("metrics", ()) if isinstance(result, Mapping) else ():
                name, value = str(metric.get("name") or metric.get("type")), metric.get("value")
                if not _proven_score(name, str(value), "", known):
                    yield Claim(token=str(value), line=front.lines.get("model-index", 1), near=f"{name} in model-index")


def _in_blocks(dossier: Dossier, text: str) -> Iterator[Claim]:
    pool = sorted(set(_pool(dossier)))
    for part in fences.parts(text):
        if not part.name or part.name in fences.QUOTED:
            continue
        for number, line in enumerate(part.text.splitlines(), part.line):
            clean = NOT_A_CLAIM.sub(lambda found: " " * len(found[0]), line)
            for found in NUMBER.finditer(clean):
                token, unit = found[1] + (found[2] or ""), found[4] or ""
                if not any(rounds_to(value, token, unit) for value in pool):
                    yield Claim(token=found[0].strip(), line=number, near=f"block {part.name}")


def _in_words(dossier: Dossier, text: str) -> Iterator[Claim]:
    known = _values_by_metric(dossier)
    for part in fences.parts(text):
        if part.name and part.name not in fences.QUOTED:
            continue
        header: list[str] = []
        for number, line in enumerate(part.text.splitlines(), part.line):
            header = (header or _cells(line)) if line.strip().startswith("|") else []
            for sentence, column in _pieces(line, header):
                yield from _beside_metric(sentence, column, number, known)


def _pieces(line: str, header: list[str]) -> Iterator[tuple[str, str]]:
    """The sentences of a line; the cells of a table row, each with its heading and the row's first cell."""
    if not header:
        yield from ((piece, "") for piece in re.split(r"(?<=[.;!?])\s+", line))
        return
    cells = _cells(line)
    for i, cell in enumerate(cells):
        yield cell, f"{header[i] if i < len(header) else ''} {cells[0] if i else ''}"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _beside_metric(sentence: str, column: str, line: int, known: Mapping[str, list[float]]) -> Iterator[Claim]:
    metrics = [found[0] for found in METRIC.finditer(f"{sentence} {column}")]
    if not metrics:
        return
    clean = NOT_A_CLAIM.sub(lambda found: " " * len(found[0]), sentence)
    spans = [found.span() for found in METRIC.finditer(clean)]
    for found in NUMBER.finditer(clean):
        inside = any(low <= found.start() < high for low, high in spans)
        if inside or BEFORE.search(clean[: found.start()]) or (not found[4] and AFTER.match(clean[found.end() :])):
            continue
        if re.fullmatch(r"(?:19|20)\d\d", found[1]) and not found[2] and not found[4]:
            continue
        token = found[1] + (found[2] or "")
        if not any(_proven_score(metric, token, found[4] or "", known) for metric in metrics):
            yield Claim(token=found[0].strip(), line=line, near=", ".join(dict.fromkeys(metrics)))


def _proven_score(metric: str, token: str, unit: str, known: Mapping[str, list[float]]) -> bool:
    wanted = ALIASES.get(_plain(metric), _plain(metric))
    same = (name for name in known if name == wanted or (len(wanted) > SHORT and (wanted in name or name in wanted)))
    return any(rounds_to(value, token, unit or scale) for name in same for value in known[name] for scale in ("", "%"))


def _values_by_metric(dossier: Dossier) -> dict[str, list[float]]:
    known: dict[str, list[float]] = {}
    for score in scores.scores(dossier):
        extra = [score.base] if score.base is not None else []
        extra += list(score.interval or ()) + ([score.error] if score.error is not None else [])
        extra += [score.value - score.base] if score.base is not None else []
        for name in (score.metric, score.task, score.dataset):
            if name:
                known.setdefault(_plain(name), []).extend([score.value, *extra])
    for record in dossier.records:
        for path, value in _numbers(record.details, ()):
            for key in path:
                if METRIC.fullmatch(key.replace("_", " ")) or "loss" in key:
                    known.setdefault(_plain(key), []).append(value)
    return known


def _pool(dossier: Dossier) -> Iterator[float]:
    from ossmodelkit.releasing.card import numbers

    for record in dossier.records:
        yield from (value for _, value in _numbers(record.details, ()))
        yield from (float(len(record.asked)), float(len(record.findings)), float(len(record.gaps)))
    for score in scores.scores(dossier):
        if score.base is not None:
            yield score.value - score.base
    yield from numbers.derived(dossier)


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, (int, float)):
        yield path, float(value)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _numbers(inner, (*path, str(key)))
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _numbers(inner, path)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
