"""Which license each file is."""

from __future__ import annotations

from pathlib import Path

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.licensing.identify import Identity, identify
from ossmodelkit.licensing.reading import LONGEST_TEXT, decode


def identify_files(paths: tuple[Path, ...]) -> Report:
    """What each file's text is.

    Raises `SourceError` for a file that does not exist.
    """
    found = {str(path): _identity(path) for path in paths}
    rows = tuple(
        (
            name,
            one.result,
            " AND ".join(one.ids) or one.id or f"nearest {one.nearest}" if one.id or one.nearest else "-",
            _told(one),
        )
        for name, one in found.items()
    )
    open_ones = [(name, one) for name, one in found.items() if one.result not in ("exact", "exact+extra")]
    return Report(
        command="license identify",
        subject=", ".join(found),
        verdict=next(iter(found.values())).result
        if len(found) == 1
        else f"{len(found) - len(open_ones)} of {len(found)}",
        outcome=Outcome.INCOMPLETE if open_ones else Outcome.PASS,
        summary="only an exact text can satisfy a duty",
        gaps=tuple(Gap(at=Place(path=name), reason=f"{one.result}: {_told(one)}") for name, one in open_ones),
        tables=(Table(title="", columns=("file", "result", "license", "why"), rows=rows),),
        data={"files": [{"file": name, **_wire(one)} for name, one in found.items()]},
    )


def _identity(path: Path) -> Identity:
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            data = stream.read(LONGEST_TEXT + 1)
    except OSError as error:
        raise SourceError(f"cannot read {str(path)!r}: {error.strerror}", hint="give a text file") from error
    if len(data) > LONGEST_TEXT:
        return Identity(result="unresolved", why=f"it has {size} bytes, and {LONGEST_TEXT} are read")
    read = decode(str(path), data)
    return Identity(result="unresolved", why=read.problem) if read.problem else identify(read.text)


def _told(one: Identity) -> str:
    return "; ".join(one.differences) or one.why or f"score {one.score}"


def _wire(one: Identity) -> dict[str, object]:
    return {
        "result": one.result,
        "id": one.id,
        "nearest": one.nearest,
        "score": one.score,
        "differences": list(one.differences),
        "also": list(one.also),
        "extra": list(one.extra),
        "kind": one.kind,
        "why": one.why,
    }
