"""Say prompts another way where there are few: seeded, label-preserving, and with a note of what was done.

Answers and labels stay as they are, letter for letter; the one exception is a given name that is exchanged in
the whole row. Words that stand in the answer, in a quotation or in code are left alone.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ossmodelkit.curating import shapes
from ossmodelkit.curating.example import Example, Turn
from ossmodelkit.curating.fingerprints import text_digest
from ossmodelkit.curating.output import Written, provenance_of, writing
from ossmodelkit.curating.reading.walking import FileFacts, facts_of, walk
from ossmodelkit.curating.rewording import WAYS, settings
from ossmodelkit.curating.row import Bounds, Feed
from ossmodelkit.foundation.progress import Progress

TRIES = 4
ASKS = frozenset({"messages", "sharegpt", "alpaca", "prompt-completion", "source-target"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmenting:
    """How many variants of each row to try for, and the seed that decides everything."""

    times: int = 1
    seed: int = 0
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmented:
    """What was written, the note beside it, the files, how often each way was used, and the unread rows."""

    written: Written
    provenance: Written
    files: tuple[FileFacts, ...]
    variants: int
    ways: dict[str, int]
    unread: int


def augment(feeds: Iterable[Feed], target: Path, wanted: Augmenting, progress: Progress) -> Augmented:
    """Write every row and its variants to `target`, and what was done beside it."""
    opened = [(feed, facts_of(feed, wanted.bounds)) for feed in feeds]
    ways: dict[str, int] = {}
    variants = unread = 0
    with writing(target) as out, writing(provenance_of(target)) as notes:
        for feed, facts in opened:
            for row in walk(feed, facts, wanted.bounds, progress):
                if not isinstance(row.value, dict):
                    unread += 1
                    continue
                facts.rows += 1
                example = shapes.read(feed.name, row.line, row.value)
                where = {"file": feed.name, "line": row.line}
                out.write(row.value)
                notes.write({"row": out.rows, **where, "made": []})
                chance = random.Random(f"{wanted.seed}:{facts.name}:{facts.rows}")  # noqa: S311
                for value, made in variants_of(example, wanted.times, chance):
                    out.write(value)
                    notes.write({"row": out.rows, **where, "made": list(made)})
                    variants += 1
                    for way in made:
                        ways[way] = ways.get(way, 0) + 1
        written, noted = out.written(), notes.written()
    return Augmented(
        written=written,
        provenance=noted,
        files=tuple(facts for _, facts in opened),
        variants=variants,
        ways=dict(sorted(ways.items())),
        unread=unread,
    )


def variants_of(example: Example, times: int, chance: random.Random) -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    """Up to `times` different variants of a row, each with the ways it was made; none where nothing can vary."""
    prompts = [turn for turn in example.turns if turn.role == "user" and isinstance(turn.content, str)]
    if not prompts or example.shape not in ASKS | {"labeled"}:
        return []
    seen = {text_digest(example.prompt)}
    found: list[tuple[dict[str, Any], tuple[str, ...]]] = []
    for _ in range(times * TRIES):
        if len(found) == times:
            break
        value, made, prompt = _variant(example, prompts, chance)
        if made and (digest := text_digest(prompt)) not in seen:
            seen.add(digest)
            found.append((value, made))
    return found


def _variant(
    example: Example, prompts: list[Turn], chance: random.Random
) -> tuple[dict[str, Any], tuple[str, ...], str]:
    turn = chance.choice(prompts)
    text = str(turn.content)
    made: list[str] = []
    kept = frozenset(re.findall(r"\w+", f"{example.answer} {example.label or ''}".lower()))
    # A review to be sorted is no question: a greeting around it would be a new kind of text.
    ways = sorted(WAYS) if example.shape in ASKS else sorted(set(WAYS) - {"frame"})
    for way in chance.sample(ways, k=chance.randint(1, 2)):
        changed = WAYS[way](text, kept, chance)
        if changed != text:
            text, made = changed, [*made, way]
    value: Any = _replaced(example.value, turn.field, str(turn.content), text)
    if (names := _names(example, chance)) and chance.random() < 0.5:
        value, made = _renamed(value, names), [*made, "name"]
        text = _renamed(text, names)
    return value, tuple(made), text


def _replaced(value: Any, path: str, before: str, after: str) -> Any:
    """A copy of `value` with the text at `path` exchanged."""
    head, _, rest = path.partition(".")
    name, bracket, number = head.partition("[")
    if not isinstance(value, dict) or name not in value:
        return value
    inner = value[name]
    if bracket and isinstance(inner, list):
        place = int(number.rstrip("]"))
        items = [_replaced(item, rest, before, after) if i == place else item for i, item in enumerate(inner)]
        return {**value, name: items}
    return {**value, name: _replaced(inner, rest, before, after) if rest else after}


def _names(example: Example, chance: random.Random) -> dict[str, str]:
    """One given name of the row, and one that is not in it to take its place."""
    names = settings()["slots"]["name"]
    words = set(re.findall(r"\w+", example.body))
    inside = [name for name in names if name in words]
    others = [name for name in names if name not in words]
    return {chance.choice(inside): chance.choice(others)} if inside and others else {}


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for before, after in names.items():
            value = re.sub(rf"(?<!\w){before}(?!\w)", after, value)
        return value
    if isinstance(value, dict):
        return {key: _renamed(item, names) for key, item in value.items()}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value
