"""Is this data fit to train on? One pass over every row, then the questions about rows among each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ossmodelkit.core.check import Answers
from ossmodelkit.core.finding import Place
from ossmodelkit.curating import catalog, shapes
from ossmodelkit.curating.asking import Asker
from ossmodelkit.curating.balance import Balance, Group, Leaning, selection_ratio
from ossmodelkit.curating.contamination import Examination
from ossmodelkit.curating.example import Example
from ossmodelkit.curating.poisoning import Screen
from ossmodelkit.curating.reading.walking import FileFacts, facts_of, walk
from ossmodelkit.curating.remembering import Seen
from ossmodelkit.curating.row import Bounds, Feed, Row
from ossmodelkit.curating.rules import content
from ossmodelkit.curating.rules.corpus import Examined, Whole
from ossmodelkit.curating.rules.length import Length, Measured
from ossmodelkit.curating.rules.reading import Flawed
from ossmodelkit.curating.tokens import Lengths, Measure, Measuring, Meter
from ossmodelkit.foundation.progress import Progress

UNREAD = frozenset({"data-broken-json", "data-not-an-object", "data-row-too-large", "data-ragged-row"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """What to ask of the data beyond what is always asked.

    `most_tokens` is held against what the meter of a base counts; 0 takes the base's own limit.
    """

    skip: tuple[str, ...] = ()
    shape: str = ""
    most_chars: int = 0
    most_tokens: int = 0
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
    lengths: Lengths | None = None

    @property
    def rows(self) -> int:
        """How many rows could be read."""
        return sum(file.rows for file in self.files)


def check(
    feeds: Iterable[Feed],
    against: Iterable[Feed],
    questions: Questions,
    progress: Progress,
    meter: Meter | None = None,
) -> Checked:
    """Read every file once and ask every rule; `meter` counts the tokens of each row.

    Raises `UnreadableError` for a file that is no text, and `UsageError` for a format or group that does not exist,
    both before any row is read.
    """
    run = _Run(questions, progress, meter)
    training = [(feed, facts_of(feed, questions.bounds)) for feed in feeds]
    exams = [(feed, facts_of(feed, questions.bounds)) for feed in against]
    for feed, facts in exams:
        run.read_examination(feed, facts)
    for feed, facts in training:
        run.read(feed, facts)
    return run.finish(tuple(facts for _, facts in training))


class _FirstSeen:
    """How often each of a few words was seen in a file, and on which line first. Mutable: one for each file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.counts: dict[str, int] = {}
        self.lines: dict[str, int] = {}

    def add(self, word: str, line: int) -> None:
        """Count one."""
        self.counts[word] = self.counts.get(word, 0) + 1
        self.lines.setdefault(word, line)

    def all(self) -> tuple[tuple[str, int, Place], ...]:
        """Every word with its count and its first place."""
        return tuple((word, n, Place(path=self.path, line=self.lines[word])) for word, n in self.counts.items())


class _Run:
    """Everything that is held while the rows go by. Mutable: one for each run."""

    def __init__(self, questions: Questions, progress: Progress, meter: Meter | None = None) -> None:
        self.questions = questions
        self.progress = progress
        self.wanted = shapes.named(questions.shape) if questions.shape else None
        self.asker = Asker(catalog.without(questions.skip))
        self.exam = Examination()
        self.seen = Seen()
        self.screen = Screen()
        self.balance = Balance(questions.attributes)
        self.chars = 0
        self.measuring = Measuring(meter, questions.most_tokens, self._measured) if meter else None
        self.licenses: Counter[str] = Counter()
        self.examined: tuple[tuple[str, int, int], ...] = ()
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
        self.seen.begin(feed.name)
        formats = _FirstSeen(feed.name)
        templates = _FirstSeen(feed.name)
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
            facts.unformatted += not shapes.trains_as_it_is(example)
            if example.shape != shapes.UNKNOWN:
                formats.add(example.shape, row.line)
            if family := _template(example):
                templates.add(family, row.line)
            self._row(example)
        at = Place(path=feed.name)
        self.asker.ask(Whole(at=at, rows=facts.rows, formats=formats.all(), templates=templates.all()), at)

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
        if self.measuring and example.shape != shapes.UNKNOWN:
            self._measure(example, self.measuring)
        if self.exam.items and self._asks["contamination"] and (met := self.exam.find(example)):
            item = Place(path=met[0].path, line=met[0].line)
            self.asker.ask(Examined(at=at, item=item, shared=met[1]), at)
        if self._asks["duplicates"]:
            for twin in self.seen.add(example):
                self.asker.ask(twin, at)
        if self._asks["poisoning"]:
            self.screen.add(example)
        if self._asks["balance"]:
            self.balance.add(example)
        if isinstance(license_id := example.value.get("license"), str):
            self.licenses[license_id[:80]] += 1

    def _measure(self, example: Example, measuring: Measuring) -> None:
        measuring.add(example)
        if example.shape == "preference":
            reason = "pairs of preferred answers are not trained on here, so their tokens were not counted"
            self.asker.leave_gap(reason, Place(path=example.path), "give conversations or texts")

    def _measured(self, example: Example, measure: Measure, most: int) -> None:
        at = example.at()
        self.asker.ask(Measured(at=at, measure=measure, most=most), at)

    def finish(self, files: tuple[FileFacts, ...]) -> Checked:
        """Ask what only all rows together can answer."""
        at = Place(path=files[0].name if len(files) == 1 else "(all files)")
        if self.measuring:
            self.measuring.flush()
        for twin in self.seen.near_twins():
            self.asker.ask(twin, twin.at)
        if self.seen.near.full:
            self.asker.leave_gap("more rows than can be compared for near duplicates", at, "check the files in parts")
        for suspect in self.screen.suspects():
            self.asker.ask(suspect, Place(path=suspect.path, line=suspect.line))
        groups = self.balance.groups()
        selection = self._selection(groups)
        self.asker.ask(
            Whole(
                at=at,
                rows=sum(file.rows for file in files),
                repeated=self.seen.repeated,
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
            lengths=self.measuring.lengths() if self.measuring else None,
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


def _template(example: Example) -> str:
    """The family of the template that a plain text was made with, or ""."""
    if example.shape == "chatml":
        return example.shape
    return shapes.template_of(example.body) if example.shape == "text" else ""
