"""What must be remembered of the rows gone by, to tell which later ones repeat them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from ossmodelkit.core.finding import Place
from ossmodelkit.curating.duplicates import NearDuplicates
from ossmodelkit.curating.example import Example
from ossmodelkit.curating.fingerprints import text_digest, words
from ossmodelkit.curating.rules.corpus import Twin


class Seen:
    """All rows so far, as digests. Mutable: one for each run."""

    def __init__(self) -> None:
        self.repeated = 0
        self.near = NearDuplicates()
        self._digests: dict[int, int] = {}
        self._labels: dict[int, tuple[int, str]] = {}
        self._ids: dict[str, int] = {}
        self._lines = array("Q")
        self._starts: list[int] = []
        self._names: list[str] = []

    def begin(self, name: str) -> None:
        """The rows that follow are of the file `name`."""
        self._names.append(name)
        self._starts.append(len(self._lines))

    def add(self, example: Example) -> Iterator[Twin]:
        """Remember a row, and tell which earlier ones it repeats, contradicts, or takes the id of."""
        number = len(self._lines)
        self._lines.append(example.line)
        earlier = self._digests.setdefault(text_digest(example.whole), number)
        if earlier != number:
            self.repeated += 1
            self.near.add([])
            yield self._twin(example, earlier, "exact")
        else:
            self.near.add(words(example.body))
        if example.label is not None:
            before, label = self._labels.setdefault(text_digest(example.body), (number, example.label))
            if label != example.label:
                yield self._twin(example, before, "label", f"{example.label!r} here, {label!r}")
        if (row_id := example.row_id) and (before := self._ids.setdefault(row_id, number)) != number:
            yield self._twin(example, before, "id", row_id[:80])

    def near_twins(self) -> Iterator[Twin]:
        """Rows that nearly repeat an earlier one, once all are in."""
        for pair in self.near.pairs():
            at, earlier = self._place(pair.later), self._place(pair.earlier)
            yield Twin(at=at, earlier=earlier, how="near", saw=f"{pair.alike:.0%}")

    def _twin(self, example: Example, earlier: int, how: str, saw: str = "") -> Twin:
        return Twin(at=example.at(), earlier=self._place(earlier), how=how, saw=saw)

    def _place(self, number: int) -> Place:
        return Place(path=self._names[bisect_right(self._starts, number) - 1], line=self._lines[number])
