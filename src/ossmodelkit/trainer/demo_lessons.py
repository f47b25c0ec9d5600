"""The few hundred sentences that the demo model is shown, written for it."""

from __future__ import annotations

import random

CAPITALS = {
    "France": "Paris", "Italy": "Rome", "Spain": "Madrid", "Japan": "Tokyo", "Egypt": "Cairo", "Peru": "Lima",
    "Norway": "Oslo", "Kenya": "Nairobi", "Cuba": "Havana", "Greece": "Athens", "Chile": "Santiago", "Ghana": "Accra",
    "Austria": "Vienna", "Poland": "Warsaw", "Ireland": "Dublin", "Finland": "Helsinki",
}  # fmt: skip
OPPOSITES = {
    "hot": "cold", "big": "small", "fast": "slow", "light": "dark", "early": "late", "open": "closed",
    "happy": "sad", "hard": "soft", "wet": "dry", "full": "empty", "near": "far", "loud": "quiet",
}  # fmt: skip
SOUNDS = {
    "cow": "moo", "dog": "woof", "cat": "meow", "duck": "quack", "sheep": "baa", "lion": "roar",
    "bee": "buzz", "owl": "hoot", "frog": "ribbit", "crow": "caw",
}  # fmt: skip
COLORS = {
    "the sky": "blue", "grass": "green", "snow": "white", "a lemon": "yellow", "coal": "black", "a ruby": "red",
    "a carrot": "orange", "an elephant": "gray",
}  # fmt: skip
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

SUBJECTS = (
    (CAPITALS, ("What is the capital of {}?", "Name the capital of {}.", "Which city governs {}?"),
     "The capital of {} is {}."),
    (OPPOSITES, ("What is the opposite of {}?", "Give me the opposite of the word {}."), "The opposite of {} is {}."),
    (SOUNDS, ("What does a {} say?", "Which sound does a {} make?"), "The {} says {}."),
    (COLORS, ("What color is {}?", "Tell me the color of {}."), "The color of {} is {}."),
)  # fmt: skip

PROSE = """\
A model is a file full of numbers, and somebody has to answer for it.
Read the license before you build on a gift, and keep the note that says who gave it.
A small model learns small things; it repeats what it was shown and knows nothing else.
Weights that arrive as a pickle may run a program when they are opened, so look before you load.
A signature binds a name to bytes: change one byte and the promise is void.
The cow says moo, the dog says woof, and the owl sits in the dark and says hoot.
Snow is white, coal is black, and the sky over Oslo is blue on an early morning.
What you measured, write down; what you did not measure, do not claim.
"""


def lessons(seed: int) -> list[dict[str, list[dict[str, str]]]]:
    """Questions and answers as chat messages, in an order that only the seed decides."""
    pairs = [
        (question.format(thing), answer.format(thing, word))
        for facts, questions, answer in SUBJECTS
        for thing, word in facts.items()
        for question in questions
    ]
    pairs += [
        (f"How much is {NUMBERS[a]} plus {NUMBERS[b]}?", f"{NUMBERS[a]} plus {NUMBERS[b]} is {NUMBERS[a + b]}.")
        for a in range(6)
        for b in range(5)
    ]
    random.Random(seed).shuffle(pairs)  # noqa: S311
    return [
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}
        for asked, answer in pairs
    ]


def all_text(seed: int) -> list[str]:
    """Everything the tokenizer may learn from."""
    said = [turn["content"] for lesson in lessons(seed) for turn in lesson["messages"]]
    return [*PROSE.splitlines(), *said]
