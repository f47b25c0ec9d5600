"""Take personal data, secrets and hidden characters out of a row; what is the same gets the same placeholder."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from ossmodelkit.curating import hidden, secrets
from ossmodelkit.curating.example import DEEPEST, LONG_NUMBER
from ossmodelkit.curating.personal import context, looking
from ossmodelkit.curating.personal.found import Found


@cache
def _words() -> dict[str, str]:
    return {kind["id"]: kind["word"] for kind in context.settings()["kind"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """One piece that was taken out: the field, the placeholder that stands there now, the rule, what it was."""

    field: str
    placeholder: str
    rule: str
    was: str

    def digest(self, salt: bytes) -> str:
        """HMAC-SHA256 of what it was: who has the salt and a guess can tell, nobody else."""
        return hmac.new(salt, self.was.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


class Redactor:
    """Redacts one row; placeholders are numbered within it. Mutable: one for each row."""

    def __init__(self) -> None:
        self.replaced: list[Replaced] = []
        self.hidden = 0
        self._placeholders: dict[tuple[str, str], str] = {}
        self._numbers: Counter[str] = Counter()

    def row(self, value: Any, field: str = "", depth: int = 0) -> Any:
        """A copy of `value` with every text in it redacted."""
        if isinstance(value, str):
            return self.text(value, field)
        if depth >= DEEPEST:
            return value
        if isinstance(value, dict):
            return {k: self.row(v, f"{field}.{k}" if field else str(k), depth + 1) for k, v in value.items()}
        if isinstance(value, list):
            return [self.row(item, f"{field}[{i}]", depth + 1) for i, item in enumerate(value)]
        if isinstance(value, int) and abs(value) >= LONG_NUMBER:
            redacted = self.text(str(value), field)
            return value if redacted == str(value) else redacted
        return value

    def text(self, text: str, field: str) -> str:
        """`text` without hidden characters, personal data and secrets."""
        text = self._seen(text)
        pieces, at = [], 0
        for found in _all(text, field):
            pieces += [text[at : found.start], self._placeholder(found, field)]
            at = found.end
        return "".join((*pieces, text[at:])) if pieces else text

    def _seen(self, text: str) -> str:
        if text.isascii():
            return text
        for start, end, _ in reversed(list(hidden.find(text))):
            text = text[:start] + text[end:]
            self.hidden += 1
        return text

    def _placeholder(self, found: Found, field: str) -> str:
        word = _words().get(found.rule, "SECRET")
        key = (word, found.key)
        if key not in self._placeholders:
            self._numbers[word] += 1
            self._placeholders[key] = f"<{word}_{self._numbers[word]}>"
        placeholder = self._placeholders[key]
        self.replaced.append(Replaced(field=field, placeholder=placeholder, rule=found.rule, was=found.text))
        return placeholder


def _all(text: str, field: str) -> Iterator[Found]:
    """Secrets and personal data in order; where both claim a place the secret has it."""
    keys = [spotted.found for spotted in secrets.find(text)]
    personal = [
        found
        for found in looking.find(text, field)
        if all(found.end <= key.start or found.start >= key.end for key in keys)
    ]
    yield from sorted([*keys, *personal])
