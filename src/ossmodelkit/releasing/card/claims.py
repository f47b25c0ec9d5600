"""Is there a record behind every number of the card?

A number in the header's results or in a generated block must be the value of some record, as exactly as it is
printed. A number that a person wrote beside a metric's name must be a recorded value of that metric.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from ossmodelkit.releasing.card import fences, frontmatter, scores
from ossmodelkit.releasing.card.figures import NOT_A_CLAIM, NUMBER, figures, is_score, rounds_to, words
from ossmodelkit.releasing.card.recorded import Recorded, canonical, metric_names, metrics_in, pool, recorded
from ossmodelkit.releasing.card.sentences import Sentence, sentences
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CARD
from ossmodelkit.releasing.owed import parent_name
from ossmodelkit.releasing.runs import datasets

Values = list[Mapping[str, list[float]]]
SHORT = 3
UNBOUNDED = ("loss", "perplexity")
CODE_SPAN = re.compile(r"`[^`]*`")


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
    known, parents = recorded(dossier), [one.ref.rpartition("/")[2].lower() for one in dossier.parents if one.ref]
    found = [*_in_header(front, known), *_in_blocks(dossier, rest, known)]
    return [*found, *_in_words(rest, known, parents)]


def unproven_results(dossier: Dossier, entries: Any) -> list[str]:
    """The values of a file below `.eval_results/` that are no recorded score of their task."""
    known, found = [recorded(dossier).values], []
    for number, entry in enumerate(entries if isinstance(entries, list) else (), 1):
        dataset = entry.get("dataset") if isinstance(entry, Mapping) else None
        if isinstance(dataset, Mapping):
            names = {str(dataset.get(key, "")).rpartition("/")[2] for key in ("id", "task_id")} | {
                str(dataset.get("id"))
            }
            if not any(_proven(name, str(entry.get("value")), "", known) for name in names):
                found.append(f"result {number}: no record holds {str(entry.get('value'))[:40]} for it")
    return found


def _in_header(front: frontmatter.Front, known: Recorded) -> Iterator[Claim]:
    for key, value in front.values.items():
        line = front.lines.get(key, 1)
        for about, number in _header_numbers(value, (key,)):
            metrics = metrics_in(" ".join(about).replace("_", " "))
            if metrics and not any(_proven(metric, repr(number), "", [known.values]) for metric in metrics):
                yield Claim(token=str(number), line=line, near=f"{metrics[0]} in {key}")
        for text in _header_texts(value):
            for sentence in sentences(text, line):
                yield from (replace(claim, line=line) for claim in _beside_metric(sentence, known))


def _header_texts(value: Any) -> Iterator[str]:
    """Whatever a header says in more than one word."""
    if isinstance(value, str) and " " in value.strip() and not NUMBER.fullmatch(value.strip()):
        yield value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _header_texts(inner)


def _header_numbers(value: Any, about: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Every number of a header, with its keys and the texts beside it; also one that is written as text."""
    if isinstance(value, Mapping):
        beside = tuple(str(one) for name, one in value.items() if name in ("name", "type", "metric", "task", "id"))
        for name, inner in value.items():
            yield from _header_numbers(inner, (*about, str(name), *(beside if name == "value" else ())))
    elif isinstance(value, list):
        for inner in value:
            yield from _header_numbers(inner, about)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield about, value
    elif isinstance(value, str) and about[-1] != "license_link" and (found := NUMBER.fullmatch(value.strip())):
        yield about, float(found[1].replace(",", "") + (found[2] or "").replace(",", "."))


def _in_blocks(dossier: Dossier, text: str, known: Recorded) -> Iterator[Claim]:
    printable = sorted(set(pool(dossier)))
    names = _quoted(dossier)
    for part in fences.parts(text):
        if not part.name or part.name in fences.QUOTED:
            continue
        for number, line in enumerate(part.text.splitlines(), part.line):
            clean = html.unescape(CODE_SPAN.sub(_blank, line).replace("\\", ""))
            for name in names:
                if name in clean:
                    yield from _beside_metric(Sentence(text=name, line=number), known)
                    clean = clean.replace(name, " ")
            clean = NOT_A_CLAIM.sub(_blank, clean)
            for found in NUMBER.finditer(clean):
                token = found[1] + (found[2] or "") + (f"e{found[3]}" if found[3] else "")
                if not any(rounds_to(value, token, found[4] or "") for value in printable):
                    yield Claim(token=found[0].strip(), line=number, near=f"block {part.name}")


def _quoted(dossier: Dossier) -> list[str]:
    """Names with digits that a block repeats: they are no numbers, and are checked like anybody's words."""
    words = dossier.words
    found = {words.name, words.owner, words.contact, dossier.signature.signer}
    found |= {parent_name(one.ref, one.sha256) for one in dossier.made_from} | {
        one.license for one in dossier.made_from
    }
    for name, facts in datasets(dossier):
        found |= {name, str(facts.get("license") or "")}
    for score in scores.scores(dossier):
        found |= {score.metric, score.dataset, score.task, score.slice}
    found |= {text for waiver in dossier.waivers for text in (waiver.reason, waiver.owner)}
    plain = {" ".join(text.replace("\\", "").split()) for text in found}
    return sorted((text for text in plain if re.search(r"\d", text)), key=len, reverse=True)


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0])


def _in_words(text: str, known: Recorded, parents: list[str]) -> Iterator[Claim]:
    for part in fences.parts(text):
        if not part.name or part.name in fences.QUOTED:
            for sentence in sentences(part.text, part.line):
                yield from _beside_metric(sentence, known, parents)


def _beside_metric(sentence: Sentence, known: Recorded, parents: Iterable[str] = ()) -> Iterator[Claim]:
    if not re.search(r"\d", sentence.text) and " " not in sentence.text.strip():
        return
    metrics = metrics_in(f"{sentence.text} {sentence.near}")
    announced = () if metrics else metrics_in(sentence.above)
    if (not metrics and not announced) or _is_setting(sentence.column):
        return
    names = [found.span() for found in metric_names().finditer(sentence.text) if not found[0].isalpha()]
    around = f"{sentence.text} {sentence.near} {sentence.column}"
    if any(name in around.lower() for name in parents):
        around += " base"
    stand, line_of = cache(partial(_stands, metrics or announced, known.told_by(around))), sentence.line_at()
    for figure in figures(sentence.text):
        inside = any(low <= figure.at < high for low, high in names)
        if inside or (announced and not figure.looks_like_a_score):
            continue
        if not stand(figure.token, figure.unit):
            yield Claim(token=figure.printed, line=line_of(figure.at), near=", ".join(metrics or announced))


def _is_setting(column: str) -> bool:
    """Whether a table's column holds settings or counts, by its heading."""
    known = words()["number"]
    last = [word.lower() for word in re.findall(r"[^\W\d_]+", column)][-1:]
    return bool(last) and (last[0] in known["before"] or last[0].removesuffix("s") in known["after"])


def _stands(metrics: tuple[str, ...], known: Values, token: str, unit: str) -> bool:
    return any(_proven(metric, token, unit, known) for metric in metrics)


def _proven(metric: str, token: str, unit: str, known: Values) -> bool:
    wanted = canonical(metric)
    holds = rounds_to if any(word in wanted for word in UNBOUNDED) else is_score
    for held in known:
        for name, values in held.items():
            same = name == wanted or (len(wanted) > SHORT and (wanted in name or name in wanted))
            if same and any(holds(value, token, unit) for value in values):
                return True
    return False
