"""Is this data fit to train on? One pass over every row, then the questions about rows among each other."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ossmodelkit.core.check import Answers
from ossmodelkit.core.finding import Place
from ossmodelkit.curating import catalog, shapes
from ossmodelkit.curating.asking import Asker
from ossmodelkit.curating.balance import Balance, Group, Leaning, selection_ratio
from ossmodelkit.curating.contamination import Examination
from ossmodelkit.curating.duplicates import NearDuplicates
from ossmodelkit.curating.example import Example
from ossmodelkit.curating.fingerprints import text_digest, words
from ossmodelkit.curating.poisoning import Screen
from ossmodelkit.curating.reading.walking import FileFacts, facts_of, walk
from ossmodelkit.curating.row import Bounds, Feed, Row
from ossmodelkit.curating.rules import content
from ossmodelkit.curating.rules.corpus import Examined, Twin, Whole
from ossmodelkit.curating.rules.length import Length
from ossmodelkit.curating.rules.reading import Flawed
from ossmodelkit.foundation.progress import Progress

UNREAD = frozenset({"data-broken-json", "data-row-too-large", "data-ragged-row"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What to ask of the data beyond what is always asked."""

    skip: tuple[str, ...] = ()
    shape: str = ""
    most_chars: int = 0
    attributes: tuple[str, ...] = ()
    favorable: str = ""
    bounds: Bounds = field(default_factory=Bounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What came out: the answers, the files, how often each rule spoke, and the proportions."""

    answers: Answers
    files: tuple[FileFacts, ...]
    counts: dict[str, int]
    left_out: int
    labels: dict[str, int]
    licenses: dict[str, int]
    groups: tuple[Group, ...] = ()
    leanings: tuple[Leaning, ...] = ()
    selection: tuple[tuple[str, float], ...] = ()
    examined: tuple[tuple[str, int, int], ...] = ()
    chars: int = 0

    @property
    def rows(self) -> int:
        """How many rows could be read."""
        return sum(file.rows for file in self.files)


def check(feeds: Iterable[Feed], against: Iterable[Feed], questions: Questions, progress: Progress) -> Checked:
    """Read every file once and ask every rule.

    Raises `UnreadableError` for a file that is no text, and `UsageError` for a format or group that does not exist,
    both before any row is read.
    """
    run = _Run(questions, progress)
    training = [(feed, facts_of(feed, questions.bounds)) for feed in feeds]
    exams = [(feed, facts_of(feed, questions.bounds)) for feed in against]
    for feed, facts in exams:
        run.read_examination(feed, facts)
    for feed, facts in training:
        run.read(feed, facts)
    return run.finish(tuple(facts for _, facts in training))


class _Run:
    """Everything that is held while the rows go by. Mutable: one for each run."""

    def __init__(self, questions: Questions, progress: Progress) -> None:
        self.questions = questions
        self.progress = progress
        self.wanted = shapes.named(questions.shape) if questions.shape else None
        self.asker = Asker(catalog.without(questions.skip))
        self.exam = Examination()
        self.near = NearDuplicates()
        self.screen = Screen()
        self.balance = Balance(questions.attributes)
        self.repeated = 0
        self.chars = 0
        self.licenses: Counter[str] = Counter()
        self.examined: tuple[tuple[str, int, int], ...] = ()
        self._digests: dict[int, int] = {}
        self._prompts: dict[int, tuple[int, str]] = {}
        self._ids: dict[str, int] = {}
        self._lines = array("Q")
        self._starts: list[int] = []
        self._names: list[str] = []
        self._asks = {name: name not in questions.skip for name in catalog.groups()}

    def read_examination(self, feed: Feed, facts: FileFacts) -> None:
        """Take in an evaluation file; what cannot be read there leaves a gap."""
        for row in walk(feed, facts, self.questions.bounds, self.progress):
            if isinstance(row.value, dict):
                self.exam.add(shapes.read(feed.name, row.line, row.value))
            elif row.flaws:
                at = Place(path=feed.name, line=row.line)
                self.asker.leave_gap("a row of the evaluation file cannot be read", at, "mend the file")

    def read(self, feed: Feed, facts: FileFacts) -> None:
        """Ask everything that one row can answer, and remember what the others need."""
        self._names.append(feed.name)
        self._starts.append(len(self._lines))
        first: dict[str, int] = {}
        for row in walk(feed, facts, self.questions.bounds, self.progress):
            if row.flaws:
                self._flaws(feed.name, row, facts)
            if row.value is None:
                continue
            if not isinstance(row.value, dict):
                saw = type(row.value).__name__
                self._flaw(Flawed(path=feed.name, line=row.line, rule="data-not-an-object", saw=saw))
                facts.unread += 1
                continue
            facts.rows += 1
            example = shapes.read(feed.name, row.line, row.value, self.wanted, row.element)
            facts.shapes[example.shape] = facts.shapes.get(example.shape, 0) + 1
            first.setdefault(example.shape, row.line)
            self._row(example)
        self._formats(feed.name, facts, first)

    def _flaws(self, path: str, row: Row, facts: FileFacts) -> None:
        for flaw in row.flaws:
            if not flaw.rule:
                self.asker.leave_gap(flaw.saw, Place(path=path, line=row.line), "mend the file and check again")
            else:
                self._flaw(Flawed(path=path, line=row.line, rule=flaw.rule, saw=flaw.saw, field=flaw.field))
        if row.value is None and any(flaw.rule in UNREAD for flaw in row.flaws):
            facts.unread += 1

    def _flaw(self, flawed: Flawed) -> None:
        self.asker.ask(flawed, Place(path=flawed.path, line=flawed.line))

    def _row(self, example: Example) -> None:
        at = example.at()
        self.asker.ask(example, at)
        if self._asks["personal"]:
            for rule, hit in content.personal_hits(example):
                self.asker.note(rule, hit)
        if self._asks["secrets"]:
            for rule, hit in content.secret_hits(example):
                self.asker.note(rule, hit)
        chars = sum(len(turn.text) for turn in example.turns if turn.text)
        self.chars += chars
        if 0 < self.questions.most_chars < chars:
            self.asker.ask(Length(at=at, chars=chars, most=self.questions.most_chars), at)
        if self.exam.items and self._asks["contamination"] and (met := self.exam.find(example)):
            item = Place(path=met[0].path, line=met[0].line)
            self.asker.ask(Examined(at=at, item=item, shared=met[1]), at)
        if self._asks["duplicates"]:
            self._twins(example)
        if self._asks["poisoning"]:
            self.screen.add(example)
        if self._asks["balance"]:
            self.balance.add(example)
        if isinstance(license_id := example.value.get("license"), str):
            self.licenses[license_id[:80]] += 1

    def _twins(self, example: Example) -> None:
        number = len(self._lines)
        self._lines.append(example.line)
        body = example.body
        exact = text_digest(example.whole)
        if (earlier := self._digests.setdefault(exact, number)) != number:
            self.repeated += 1
            self._twin(example, earlier, "exact")
            self.near.add([])
        else:
            self.near.add(words(body))
        if example.label is not None:
            before, label = self._prompts.setdefault(text_digest(body), (number, example.label))
            if label != example.label:
                self._twin(example, before, "label", f"{example.label!r} here, {label!r}")
        if (row_id := example.row_id) and (before := self._ids.setdefault(row_id, number)) != number:
            self._twin(example, before, "id", row_id[:80])

    def _twin(self, example: Example, earlier: int, how: str, saw: str = "") -> None:
        at = example.at()
        self.asker.ask(Twin(at=at, earlier=self._place(earlier), how=how, saw=saw), at)

    def _place(self, number: int) -> Place:
        return Place(path=self._names[bisect_right(self._starts, number) - 1], line=self._lines[number])

    def _formats(self, path: str, facts: FileFacts, first: dict[str, int]) -> None:
        known = [name for name in facts.shapes if name != shapes.UNKNOWN]
        formats = tuple((name, facts.shapes[name], Place(path=path, line=first[name])) for name in known)
        self.asker.ask(Whole(at=Place(path=path), rows=facts.rows, formats=formats), Place(path=path))

    def finish(self, files: tuple[FileFacts, ...]) -> Checked:
        """Ask what only all rows together can answer."""
        at = Place(path=files[0].name if len(files) == 1 else "(all files)")
        for pair in self.near.pairs():
            later = self._place(pair.later)
            twin = Twin(at=later, earlier=self._place(pair.earlier), how="near", saw=f"{pair.alike:.0%}")
            self.asker.ask(twin, later)
        if self.near.full:
            self.asker.leave_gap("more rows than can be compared for near duplicates", at, "check the files in parts")
        for suspect in self.screen.suspects():
            self.asker.ask(suspect, Place(path=suspect.path, line=suspect.line))
        groups = self.balance.groups()
        selection = self._selection(groups)
        self.asker.ask(
            Whole(
                at=at,
                rows=sum(file.rows for file in files),
                repeated=self.repeated,
                labels=tuple(self.balance.labels.items()),
                selection=selection,
            ),
            at,
        )
        return Checked(
            answers=self.asker.answers(),
            files=files,
            counts=dict(sorted(self.asker.counts.items())),
            left_out=self.asker.left_out,
            labels=dict(self.balance.labels.most_common()),
            licenses=dict(self.licenses.most_common()),
            groups=groups,
            leanings=tuple(self.balance.leanings())[:20],
            selection=selection,
            examined=tuple(self.exam.shares()),
            chars=self.chars,
        )

    def _selection(self, groups: tuple[Group, ...]) -> tuple[tuple[str, float], ...]:
        if not self.questions.favorable:
            return ()
        found = []
        for attribute in self.questions.attributes:
            own = tuple(group for group in groups if group.attribute == attribute)
            ratio = selection_ratio(own, self.questions.favorable)
            if ratio is not None:
                found.append((attribute, ratio))
        return tuple(found)
