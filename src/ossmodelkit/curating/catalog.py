"""Every rule about training data, in groups that can be left out by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from ossmodelkit.core.check import Check
from ossmodelkit.curating.rules import content, corpus, length, reading, structure
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean

ALWAYS = (*reading.RULES, *structure.RULES, *length.RULES, corpus.mixed_formats, corpus.mixed_templates)


@cache
def groups() -> dict[str, tuple[Check, ...]]:
    """What may be left out, and the rules that go with it."""
    return {
        "personal": content.personal_rules(),
        "secrets": content.secret_rules(),
        "hostile": content.RULES,
        "duplicates": (
            corpus.duplicate_row,
            corpus.near_duplicate,
            corpus.many_duplicates,
            corpus.conflicting_label,
            corpus.duplicate_id,
        ),
        "contamination": (corpus.contaminated,),
        "poisoning": (corpus.trigger_word,),
        "balance": (corpus.unbalanced_labels, corpus.selection_rate),
    }


def everything() -> tuple[Check, ...]:
    """All rules."""
    return (*ALWAYS, *(rule for rules in groups().values() for rule in rules))


def without(names: Iterable[str]) -> tuple[Check, ...]:
    """All rules but those of the groups in `names`.

    Raises `UsageError` for a group that does not exist.
    """
    left_out = set(names)
    if unknown := sorted(left_out - set(groups())):
        raise UsageError(f"no group of data rules is called {unknown[0]!r}", hint=did_you_mean(unknown[0], groups()))
    return (*ALWAYS, *(rule for name, rules in groups().items() if name not in left_out for rule in rules))
