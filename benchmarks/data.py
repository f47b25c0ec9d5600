"""How fast training data is checked on one core, and how much of what was planted is found."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ossmodelkit.curating.checking import Questions
from ossmodelkit.curating.duplicates import NearDuplicates
from ossmodelkit.curating.personal.looking import find
from ossmodelkit.workflow import data
from ossmodelkit.workflow.desk import Desk
from tests.making.feeds import chat, jsonl
from tests.making.planted import KINDS, corpus
from tests.making.prose import edited, jaccard, prose, vocabulary

MEGABYTES = 12
REST = ("secrets", "hostile", "duplicates", "poisoning", "balance")
SKIPS = {
    "rows, formats and turns alone": ("personal", *REST),
    "with personal data": REST,
    "with personal data, secrets and hostile text": ("duplicates", "poisoning", "balance"),
    "everything": (),
}


def run() -> str:
    """A table of speeds, and a table of what was found."""
    return f"{_speeds()}\n\n{_personal()}\n\n{_twins()}"


def _speeds() -> str:
    lines = ["### kit data check on one core", "", "| asked | MB/s |", "|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        path.write_bytes(b"".join(_rows()))
        for name, skip in SKIPS.items():
            taken = min(_seconds(path, skip) for _ in range(2))
            lines.append(f"| {name} | {path.stat().st_size / 1e6 / taken:.1f} |")
    return "\n".join(lines)


def _rows() -> Iterator[bytes]:
    """Chats of 30 to 180 words, a third of them with personal data or dates and prices."""
    chance = random.Random(1)
    words = vocabulary(chance, 5_000)
    planted = corpus(7, 5_000)
    written = 0
    while written < MEGABYTES * 1_000_000:
        asked, said = (prose(chance, words, chance.randint(10, 60)), prose(chance, words, chance.randint(20, 120)))
        if chance.random() < 0.3:
            said.append(chance.choice(planted).text)
        line = jsonl([chat(" ".join(asked), " ".join(said))])
        written += len(line)
        yield line


def _seconds(path: Path, skip: tuple[str, ...]) -> float:
    began = time.process_time()
    data.check([str(path)], desk=Desk(), questions=Questions(skip=skip))
    return time.process_time() - began


def _personal() -> str:
    right = dict.fromkeys(KINDS, 0)
    missed, wrong = dict(right), dict(right)
    for planted in corpus(11, 20_000):
        wanted = {(planted.kind, planted.value)} if planted.kind else set()
        got = {(found.rule, found.text) for found in find(planted.text)}
        for table, kinds in ((right, wanted & got), (missed, wanted - got), (wrong, got - wanted)):
            for kind, _ in kinds:
                table[kind] += 1
    lines = [
        "### Personal data planted among look-alikes",
        "",
        "| kind | found | missed | wrong | F1 |",
        "|---|---|---|---|---|",
    ]
    for kind in KINDS:
        score = 2 * right[kind] / (2 * right[kind] + missed[kind] + wrong[kind])
        lines.append(f"| {kind} | {right[kind]} | {missed[kind]} | {wrong[kind]} | {score:.3f} |")
    return "\n".join(lines)


def _twins() -> str:
    lines = [
        "### Near-duplicates planted at a Jaccard index of 0.7 and more over runs of five words",
        "",
        "| words in a row | pairs | found | reported below 0.5 |",
        "|---|---|---|---|",
    ]
    for least, most in ((8, 20), (20, 60), (60, 200), (200, 800)):
        pairs, found, below = _planted_twins(least, most)
        lines.append(f"| {least} to {most} | {pairs} | {found} | {below} |")
    return "\n".join(lines)


def _planted_twins(least: int, most: int) -> tuple[int, int, int]:
    chance = random.Random(5)
    words = [f"w{number}" for number in range(3_000)]
    near = NearDuplicates()
    texts: list[list[str]] = []
    planted: list[tuple[int, int]] = []
    for _ in range(1_500):
        text = [chance.choice(words) for _ in range(chance.randint(least, most))]
        copy = edited(chance, text, words, chance.randint(1, max(1, len(text) // 12)))
        numbers = near.add(text), near.add(copy)
        texts += [text, copy]
        if jaccard(text, copy) >= 0.7:
            planted.append((numbers[1], numbers[0]))
    found = {(pair.later, pair.earlier) for pair in near.pairs()}
    return len(planted), sum(p in found for p in planted), sum(jaccard(texts[a], texts[b]) < 0.5 for a, b in found)
