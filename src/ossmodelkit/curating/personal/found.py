"""One piece of personal data in a text."""

from __future__ import annotations

from typing import NamedTuple


class Found(NamedTuple):
    """Where it stands (start and end in characters), which rule it falls under, and the text itself."""

    start: int
    end: int
    rule: str
    text: str

    @property
    def key(self) -> str:
        """What makes two spellings the same value: letters and digits alone, in lower case."""
        if self.rule in ("data-email", "data-url-credentials"):
            return self.text.lower()
        return "".join(char for char in self.text.lower() if char.isalnum())


def masked(text: str) -> str:
    """Enough to find it again, not enough to spread it: the report and the evidence travel."""
    if "@" in text and "://" not in text:
        local, _, domain = text.rpartition("@")
        return f"{local[:1]}…@{domain[:1]}…{domain[domain.rfind('.') :]}"
    digits = sum(char.isdigit() for char in text)
    shown = 2 if len(text) >= 8 else 1
    return f"{text[:shown]}…{text[-shown:]} ({digits} digits)" if digits >= 4 else f"{text[:shown]}…"
