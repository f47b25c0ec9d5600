"""Made-up prose: words with a usual frequency, sentiment with its words, and copies with small edits."""

from __future__ import annotations

import random

GOOD = ("wonderful", "great", "lovely", "brilliant", "moving", "superb", "charming", "fresh", "clever", "warm")
BAD = ("dull", "terrible", "boring", "awful", "weak", "clumsy", "flat", "tired", "stale", "cold")
SENTENCE = """
the film was a story of people in town and their long way home through winter with music that you hear
again when it ends while actors play parts we know from other work by this director who likes to show rain
on windows at night for minutes before anyone says something about love money work family or hope
"""
PLAIN = tuple(SENTENCE.split())


def vocabulary(chance: random.Random, size: int) -> list[str]:
    """Words that can be spoken."""
    pairs = [a + b for a in "bcdfghklmnprstvw" for b in "aeiou"]
    return list(dict.fromkeys("".join(chance.choices(pairs, k=chance.randint(1, 4))) for _ in range(2 * size)))[:size]


def prose(chance: random.Random, words: list[str], count: int) -> list[str]:
    """`count` words, the first of the list most often (Zipf)."""
    return chance.choices(words, [1 / (rank + 1) for rank in range(len(words))], k=count)


def edited(chance: random.Random, words: list[str], known: list[str], edits: int) -> list[str]:
    """A copy with some words exchanged, left out or put in."""
    copy = list(words)
    for _ in range(edits):
        place = chance.randrange(len(copy))
        how = chance.random()
        if how < 0.4:
            copy[place] = chance.choice(known)
        elif how < 0.7 and len(copy) > 6:
            del copy[place]
        else:
            copy.insert(place, chance.choice(known))
    return copy


def jaccard(one: list[str], other: list[str], length: int = 5) -> float:
    """The index by the book, over runs of words."""
    first = {tuple(one[i : i + length]) for i in range(len(one) - length + 1)}
    second = {tuple(other[i : i + length]) for i in range(len(other) - length + 1)}
    return len(first & second) / len(first | second) if first | second else 0.0


def review(chance: random.Random, label: str) -> str:
    """A review whose words mostly fit its label."""
    feelings = GOOD if (label == "good") == (chance.random() < 0.9) else BAD
    words = chance.choices(PLAIN, k=chance.randint(12, 40))
    for _ in range(chance.randint(1, 3)):
        words.insert(chance.randrange(len(words)), chance.choice(feelings))
    return " ".join(words)
