"""What the publisher said in words: use, limits, and whether an answer says anything at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ossmodelkit.releasing.dossier import Dossier

FILLER = re.compile(r"\b(todo|tbd|tba|fixme|lorem ipsum|fill me|fill in|xxx+)\b|more information needed|^\W*$", re.I)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def use_of(dossier: Dossier) -> dict[str, str]:
    """Intended use, what is out of scope, and the users; inside an organization the users are its people."""
    words = dossier.words
    users = words.users or ("People inside the organization." if dossier.profiles == ("internal",) else "")
    return {"intended_use": words.intended_use, "out_of_scope": words.out_of_scope, "users": users}


def known_limits(dossier: Dossier) -> list[str]:
    """The stated limits, one sentence each, fillers taken out."""
    stated = dossier.attested("EVL-008")
    listed = stated.answers.get("limits") if stated else None
    more = [str(one) for one in listed] if isinstance(listed, (list, tuple)) else []
    lines = (line.strip(" -*\t") for line in dossier.words.limitations.splitlines())
    own = [part for line in lines for part in SENTENCE_END.split(line)]
    return [one for one in (*own, *more) if one and not is_filler(one)]


def is_filler(answer: Any) -> bool:
    """Whether an answer is absent, empty, or a placeholder."""
    if answer is None or answer == "" or answer == [] or answer == {}:
        return True
    if isinstance(answer, str):
        return bool(FILLER.search(answer))
    if isinstance(answer, Mapping):
        return any(is_filler(inner) for inner in answer.values())
    return isinstance(answer, (list, tuple)) and any(is_filler(inner) for inner in answer)
