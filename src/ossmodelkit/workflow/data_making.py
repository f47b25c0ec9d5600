"""Make data fit: clean it, bring it into one format, mix it, augment it. Always a new file, never in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.curating import augmenting, cleaning, converting, mixing
from ossmodelkit.curating.output import Written, provenance_of
from ossmodelkit.curating.row import Bounds
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.workflow.data_feeds import open_feeds
from ossmodelkit.workflow.desk import Desk


def clean(
    files: Sequence[str],
    target: Path,
    *,
    desk: Desk,
    wanted: cleaning.Cleaning,
    against: Sequence[str] = (),
    force: bool = False,
) -> Report:
    """Write a redacted copy without unreadable and repeated rows."""
    target_is_free(target, (*files, *against), force)
    if wanted.map:
        target_is_free(wanted.map, (*files, *against, str(target)), force)
    with open_feeds(files) as feeds, open_feeds(against) as exams:
        done = cleaning.clean(feeds, exams, target, wanted, desk.progress)
    rows = sum(file.rows for file in done.files)
    return _report(
        "data clean",
        files,
        done.written,
        verdict="cleaned",
        summary=f"{done.written.rows} of {rows + done.left_out.get('cannot be read', 0)} rows kept",
        tables=(_counts("Taken out", "what", done.replaced), _counts("Rows left out", "why", done.left_out)),
        more={"replaced": done.replaced, "left_out": done.left_out},
    )


def convert(files: Sequence[str], target: Path, *, desk: Desk, shape: str = "", force: bool = False) -> Report:
    """Write OpenAI messages; rows that cannot be brought over are left out, named, and make it incomplete."""
    target_is_free(target, files, force)
    with open_feeds(files) as feeds:
        done = converting.convert(feeds, target, shape=shape, bounds=Bounds(), progress=desk.progress)
    return _report(
        "data format",
        files,
        done.written,
        verdict="converted in part" if done.left_out_rows else "converted",
        summary=f"{done.written.rows} rows written, {done.left_out_rows} left out",
        gaps=done.left_out,
        more={"left_out": done.left_out_rows},
    )


def mix(files: Sequence[str], target: Path, *, desk: Desk, wanted: mixing.Mixing, force: bool = False) -> Report:
    """Write a seeded mixture, and beside it where every row came from."""
    target_is_free(target, files, force)
    target_is_free(provenance_of(target), files, force)
    with open_feeds(files) as feeds:
        done = mixing.mix(feeds, target, wanted, desk.progress)
    balanced = tuple((name, str(count), str(done.after.get(name, 0))) for name, count in done.before.items())
    tables = [_counts("Rows taken", "from", done.taken)]
    if balanced:
        tables.append(Table(title=f"Balanced by {wanted.balance}", columns=("group", "before", "after"), rows=balanced))
    return _report(
        "data mix",
        files,
        done.written,
        verdict="mixed",
        summary=f"{done.written.rows} rows, seed {wanted.seed}",
        tables=tuple(tables),
        gaps=_unread(files, done.unread),
        more={
            "seed": wanted.seed,
            "taken": done.taken,
            "before": done.before,
            "after": done.after,
            "provenance": _facts(done.provenance),
        },
    )


def augment(
    files: Sequence[str], target: Path, *, desk: Desk, wanted: augmenting.Augmenting, force: bool = False
) -> Report:
    """Write every row and seeded variants of it, and beside it what was done to each."""
    target_is_free(target, files, force)
    target_is_free(provenance_of(target), files, force)
    with open_feeds(files) as feeds:
        done = augmenting.augment(feeds, target, wanted, desk.progress)
    return _report(
        "data augment",
        files,
        done.written,
        verdict="augmented",
        summary=f"{done.variants} variants of {sum(file.rows for file in done.files)} rows, seed {wanted.seed}",
        tables=(_counts("Ways", "way", done.ways),),
        gaps=_unread(files, done.unread),
        more={
            "seed": wanted.seed,
            "variants": done.variants,
            "ways": done.ways,
            "provenance": _facts(done.provenance),
        },
    )


def target_is_free(target: Path, sources: Sequence[str], force: bool) -> None:
    """Refuse to write over a source or, without `force`, over anything.

    Raises `UsageError`, before any work is done.
    """
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {str(target.parent)!r}", hint="make it first")
    if target.is_dir():
        raise UsageError(f"{str(target)!r} is a folder", hint="name a file in it")
    if any(target.exists() and Path(name).exists() and target.samefile(name) for name in sources):
        raise UsageError(
            f"{str(target)!r} is one of the sources", hint="data is never changed in place; name a new file"
        )
    if target.exists() and not force:
        raise UsageError(f"{str(target)!r} exists", hint="name a new file, or add --force")


def _report(
    command: str,
    files: Sequence[str],
    written: Written,
    *,
    verdict: str,
    summary: str,
    tables: Sequence[Table] = (),
    gaps: tuple[Gap, ...] = (),
    more: Mapping[str, object],
) -> Report:
    facts = (("written", written.path), ("rows", str(written.rows)), ("sha256", written.sha256))
    return Report(
        command=command,
        subject=", ".join(files),
        verdict=verdict,
        outcome=Outcome.INCOMPLETE if gaps or not written.rows else Outcome.PASS,
        summary=summary,
        gaps=gaps,
        tables=(Table(title="", columns=("", ""), rows=facts), *(table for table in tables if table.rows)),
        next_steps=(f"kit data check {quote(str(written.path))}",),
        data={"output": _facts(written), **more},
    )


def _facts(written: Written) -> dict[str, object]:
    return {"path": written.path, "sha256": written.sha256, "rows": written.rows, "bytes": written.bytes}


def _counts(title: str, head: str, counts: Mapping[str, int]) -> Table:
    return Table(title=title, columns=(head, "times"), rows=tuple((name, str(n)) for name, n in counts.items()))


def _unread(files: Sequence[str], count: int) -> tuple[Gap, ...]:
    if not count:
        return ()
    at = Place(path=files[0] if len(files) == 1 else "(all files)")
    return (Gap(at=at, reason=f"{count} rows could not be read", remedy="kit data check names them"),)
