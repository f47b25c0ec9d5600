"""One file, read as everything it could be, with everything inside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ossmodelkit.core.artifact import Entry
from ossmodelkit.core.check import Check, ask_all
from ossmodelkit.core.finding import Finding, Gap, Place
from ossmodelkit.core.source import Source
from ossmodelkit.formats.reading import Aside, Blob, Reader
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.foundation.limits import Budget
from ossmodelkit.scanning.catalog import checks_for

NO_READER = "no reader knows this format"
# Names under which an empty file is ordinary: package marks, folder marks, lists without entries.
OFTEN_EMPTY = (
    *(".py", ".md", ".txt", ".typed", ".gitkeep", ".gitignore", ".gitattributes", ".keep", ".log", ".lock"),
    *(".jsonl", ".csv", ".tsv", "_SUCCESS"),
)
# Where the cache of the hub marks, by an empty file of its name, that a repository does not have a file.
ABSENT = "/.no_exist/"


@dataclass(slots=True, kw_only=True)
class Reading:
    """What is known about one file while it is read. Mutable by nature."""

    budget: Budget
    readers: tuple[Reader, ...]
    more: tuple[Check, ...] = ()
    findings: list[Finding] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    readings: list[str] = field(default_factory=list)
    covered: bool = False

    def gap(self, at: Place, reason: str, remedy: str = "") -> None:
        """Note that something could not be judged."""
        self.gaps.append(Gap(at=at, reason=reason[:300], remedy=remedy))


def read_blob(source: Source, entry: Entry, reading: Reading) -> None:
    """Open the file behind `entry` and read it; every trouble becomes a gap."""
    at = Place(path=entry.name)
    try:
        with source.open(entry.name) as stream:
            blob = Blob(at=at, stream=stream, size=entry.size)
            reading.covered = _read(blob, reading, top=True)
    except KitError as error:
        reading.gap(at, error.message, error.hint)
    except Exception as error:
        reading.gap(at, f"cannot be read: {type(error).__name__}: {error}")


def _read(blob: Blob, reading: Reading, *, top: bool = False) -> bool:
    """Read one blob with every reader that accepts it; whether all of it was seen."""
    if blob.size == 0:
        if blob.name.endswith(OFTEN_EMPTY) or ABSENT in f"/{blob.at.path}":
            return True
        reading.gap(blob.at, "the file is empty")
        return False
    with reading.budget.deeper():
        wanted = [reader for reader in reading.readers if _accepts(reader, blob, reading)]
        covered = [_read_as(reader, blob, reading, top) for reader in wanted]
    if not any(covered) and not blob.raw:
        reading.gap(blob.at, NO_READER, "say what wrote this file, or remove it from the model")
    return any(covered) or blob.raw


def _accepts(reader: Reader, blob: Blob, reading: Reading) -> bool:
    try:
        return reader.accepts(blob)
    except Exception as error:
        reading.gap(blob.at, f"cannot be tried as {reader.name}: {type(error).__name__}: {error}")
        return False


def _read_as(reader: Reader, blob: Blob, reading: Reading, top: bool) -> bool:
    """Whether `reader` read the blob (it yielded something) and leaves nothing of it unseen."""
    seen = False
    try:
        for item in reader.read(blob, reading.budget):
            seen = seen or not isinstance(item, Aside)
            _take(item.view if isinstance(item, Aside) else item, blob, reading)
    except KitError as error:
        reading.gap(blob.at, f"as {reader.name}: {error.message}", error.hint)
        seen = True
    except Exception as error:
        reading.gap(blob.at, f"as {reader.name}: {type(error).__name__}: {error}")
        seen = True
    if seen and top:
        reading.readings.append(reader.name)
    return seen and reader.whole


def _take(item: object, blob: Blob, reading: Reading) -> None:
    if isinstance(item, Gap):
        reading.gaps.append(item)
    elif isinstance(item, Blob):
        _read(item, reading)
    else:
        said = ask_all((*checks_for(item), *reading.more), (item,), at=blob.at)
        reading.findings.extend(said.findings)
        reading.gaps.extend(said.gaps)
