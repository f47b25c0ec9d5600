"""Read every file of a source as everything it could be, and ask every check about what was read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ossmodelkit.core.check import Answers, ask_all
from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats.readers import READERS
from ossmodelkit.formats.reading import Reader
from ossmodelkit.foundation.progress import Progress
from ossmodelkit.scanning.blobs import NO_READER
from ossmodelkit.scanning.catalog import IDS, checks_for
from ossmodelkit.scanning.entry import FileResult, Limits, Work
from ossmodelkit.scanning.spreading import spread
from ossmodelkit.scanning.verdict import Word, word_for

# Where bare numbers lie when their file is compressed.
CONTENT = frozenset({"content"})
# A lone file of these kinds has no companions, and names none that a loader would look for.
SAYS_NOTHING_OF_OTHERS = frozenset({"pickle", "numpy"})

__all__ = ["FileResult", "Inspection", "Limits", "inspect"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All answers about a source, and a line for each of its entries."""

    answers: Answers
    files: tuple[FileResult, ...]

    @property
    def verdict(self) -> Word:
        """The word for everything together."""
        return word_for(self.answers.findings, self.answers.gaps)


def inspect(
    source: Source,
    *,
    jobs: int = 1,
    progress: Progress,
    limits: Limits | None = None,
    readers: tuple[Reader, ...] = READERS,
    plugged: tuple[str, ...] = (),
) -> Inspection:
    """Read and judge every entry of `source`, `jobs` at a time; one bad file never stops the others.

    `plugged` names entry points with checks of other packages. Raises `UsageError` for one that is broken.
    """
    work = Work(source=source, limits=limits or Limits(), readers=readers, plugged=plugged)
    asked = (*IDS, *(check.id for check in work.checks))
    entries = source.inventory.entries
    done: list[tuple[FileResult, Answers]] = []
    outcomes = spread(work, entries, jobs)
    with progress.task("scanning", len(entries), "files") as task:
        for outcome in outcomes:
            done.append(outcome)
            task.advance(1, outcome[0].name)
    if len(done) == 1 and SAYS_NOTHING_OF_OTHERS.issuperset(done[0][0].readings):
        return Inspection(answers=_together([done[0][1]], asked), files=(done[0][0],))
    whole, described = _ask_repository(work)
    done = [_without_unknown(result, one) if result.name in described else (result, one) for result, one in done]
    answers = _together([*(one for _, one in done), whole], asked)
    return Inspection(answers=answers, files=tuple(result for result, _ in done))


def _without_unknown(result: FileResult, answers: Answers) -> tuple[FileResult, Answers]:
    """Bare numbers that another file describes need no reader of their own."""
    gaps = tuple(gap for gap in answers.gaps if not (gap.reason == NO_READER and CONTENT.issuperset(gap.at.members)))
    verdict = word_for(answers.findings, gaps)
    readings = (*result.readings, "raw tensors")
    return replace(result, readings=readings, covered=not gaps, verdict=verdict), replace(answers, gaps=gaps)


def _ask_repository(work: Work) -> tuple[Answers, frozenset[str]]:
    """What is said about all files together, and the names of files of bare numbers."""
    from ossmodelkit.formats import repository
    from ossmodelkit.formats.repository_views import RawTensors

    at = Place(path=".")
    gaps: list[Gap] = []
    views: list[object] = []
    try:
        for item in repository.read(work.source, work.limits.budget()):
            (gaps if isinstance(item, Gap) else views).append(item)  # type: ignore[arg-type]
    except Exception as error:
        gaps.append(Gap(at=at, reason=f"the files together cannot be read: {type(error).__name__}: {error}"[:300]))
    said = [ask_all((*checks_for(view), *work.checks), (view,), at=at) for view in views]
    described = frozenset(view.at.path for view in views if isinstance(view, RawTensors))
    findings = tuple(finding for one in said for finding in one.findings)
    return Answers(findings=findings, gaps=(*gaps, *(gap for one in said for gap in one.gaps))), described


def _together(parts: Iterable[Answers], asked: tuple[str, ...]) -> Answers:
    every = tuple(parts)
    return Answers(
        findings=tuple(finding for one in every for finding in one.findings),
        gaps=tuple(gap for one in every for gap in one.gaps),
        asked=asked,
    )
