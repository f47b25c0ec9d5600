"""The words in which sibling licenses differ: versions, dates, amounts, places, limits, negations.

Two texts may share 99 words of 100 and mean the opposite. These are counted apart, so that a text
whose numbers, places or negations differ is never taken for the license it resembles.
"""

from __future__ import annotations

import re
from collections import Counter

MONTHS = (
    "january", "february", "march", "april", "june", "july", "august", "september", "october", "november", "december",
)  # fmt: skip
AMOUNTS = ("million", "billion", "thousand", "hundred", "usd", "eur", "dollars", "euros", "yuan", "rmb", "percent")
PLACES = (
    "european", "union", "kingdom", "korea", "korean", "china", "singapore", "california", "delaware", "france",
    "japan", "india", "russia", "territory",
)  # fmt: skip
LIMITS = (
    "not", "no", "non", "never", "only", "except", "unless", "without", "solely", "prohibited", "forbidden",
    "commercial", "research", "academic", "military", "production", "evaluation", "competing", "improve", "distill",
    "train", "beginning", "prominently", "royalty", "revocable", "irrevocable", "worldwide", "exclusive", "sublicense",
    "transferable",
)  # fmt: skip
# What can be part of an organisation's name, and what a sentence beside a license says that adds terms to it.
IN_NAMES = frozenset({"research", "academic"})
ADDS_TERMS = frozenset(
    {
        *(set(LIMITS) - {"beginning", "prominently"}),
        "must", "shall", "may", "permission", "permitted", "requires", "required", "condition", "conditions",
        "restriction", "restrictions", "agree", "dual", "either", "alternatively",
    }
)  # fmt: skip
VOCABULARY = frozenset((*MONTHS, *AMOUNTS, *PLACES, *LIMITS))
GROUPS = {
    **dict.fromkeys(MONTHS, "date"), **dict.fromkeys(AMOUNTS, "amount"), **dict.fromkeys(PLACES, "territory"),
    **dict.fromkeys(LIMITS, "limit"),
}  # fmt: skip
NUMBER = re.compile(r"\d")


def is_material(word: str) -> bool:
    """Whether a word decides what a license means."""
    return word in VOCABULARY or (not word.isalpha() and NUMBER.search(word) is not None)


def counts(found: list[str]) -> Counter[str]:
    """How often each material word occurs."""
    return Counter(word for word in found if is_material(word))


def where_names_are_filled_in(known: Counter[str]) -> Counter[str]:
    """The material words of a text with blanks for names: a name may hold a number, a place or "research"."""
    kept = (frozenset(LIMITS) | frozenset(AMOUNTS)) - IN_NAMES
    return Counter({word: count for word, count in known.items() if word in kept})


def group(word: str) -> str:
    """What kind of fact a material word belongs to."""
    return GROUPS.get(word, "number or version")


def differences(known: Counter[str], seen: Counter[str]) -> tuple[str, ...]:
    """The material words that one text has more often than the other, as a person can read them."""
    told = []
    for word in sorted(known.keys() | seen.keys()):
        if known[word] != seen[word]:
            told.append(f"{group(word)}: “{word}” {seen[word]} times, {known[word]} expected")
    return tuple(told)
