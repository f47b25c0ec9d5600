"""What torch keeps in a zip: an object as pickle, and the bytes of its tensors beside it.

Source: `torch/serialization.py` (1.6 to 2.13), `torch/package`, `torch/export/pt2_archive`. Storages that
the object names are numbers: their bytes are skipped. Every other member is looked into.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from ossmodelkit.core.finding import Place
from ossmodelkit.formats.expanding import inside
from ossmodelkit.formats.pickle_events import Supplied
from ossmodelkit.formats.pickles import Pickle, gap_of, nested_blobs, study
from ossmodelkit.formats.reading import Blob
from ossmodelkit.formats.tape import Tape
from ossmodelkit.formats.torch_legacy import storage_of
from ossmodelkit.formats.zip_archive import Member, ZipArchive, contents
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.foundation.limits import Budget

OBJECTS = frozenset({"data.pkl", "constants.pkl", "attributes.pkl", "bytecode.pkl", "mobile_debug_handles.pkl"})
BOOKKEEPING = frozenset(
    {"version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id", ".data/version"}
    | {
        "archive_format",
        "archive_version",
        "data/.data/serialization_id",
        ".data/python_version",
        ".data/extern_modules",
    }
)
MARKS = frozenset({"byteorder", "archive_format", "serialization_id"})
SMALL = 4096
RAW_FOLDERS = ("data/weights/", "data/constants/", "data/aotinductor/", "constants/", ".data/", "xl_model_weights/")


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchLayout:
    """The folder that everything lies in, and which members are pickled objects."""

    root: str
    objects: tuple[Member, ...]

    def inner(self, name: str) -> str:
        """A member's name below the folder."""
        return name.removeprefix(self.root)

    def keeps_raw(self, name: str) -> bool:
        """Whether the format keeps bare numbers under such a name."""
        return self.inner(name).startswith(RAW_FOLDERS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TorchScript:
    """Source code of a TorchScript module; torch's own interpreter runs it, not Python."""

    at: Place
    text: str


def recognize(archive: ZipArchive) -> TorchLayout | None:
    """The layout of a torch file, or None for any other zip."""
    marks = [one for one in archive.members if _is_object(one.name)]
    marks += [one for one in archive.members if one.name.rpartition("/")[2] in MARKS]
    if not marks:
        return None
    shortest = min((one.name for one in marks), key=len)
    root = shortest.partition("/")[0] + "/" if "/" in shortest else ""
    objects = tuple(one for one in archive.members if one.name.endswith(".pkl") and "/code/" not in f"/{one.name}")
    return TorchLayout(root="" if root in ("data/", ".data/") else root, objects=objects)


def _is_object(name: str) -> bool:
    return name.rpartition("/")[2] in OBJECTS


def read_objects(
    layout: TorchLayout, archive: ZipArchive, blob: Blob, budget: Budget
) -> Generator[object, None, set[str]]:
    """Views of the pickled objects and the code; gives back the names that need no further look."""
    done: set[str] = set()
    broken: set[int] = set()
    for member in layout.objects:
        try:
            stream, size = contents(blob, member, budget)
        except KitError:
            broken.add(id(member))
            continue
        with stream:
            inner = inside(blob, member.name, stream, size)
            pickle = study(Tape(stream, size), 0, budget, at=inner.at, loader="torch")
            if pickle.broken and not pickle.events:
                broken.add(id(member))
                continue
            yield pickle
            yield from nested_blobs(pickle, inner)
            yield from gap_of(pickle)
            if pickle.end == size:
                done.add(member.name)
            done |= _storages(pickle, member)
    twice = _twice(archive)
    done |= {one.name for one in archive.members if layout.inner(one.name) in BOOKKEEPING and one.stored <= SMALL}
    for member in archive.members:
        if layout.inner(member.name).startswith("code/") and member.name.endswith(".py"):
            yield from _code(member, blob, budget)
            done.add(member.name)
    return done - twice


def _storages(pickle: Pickle, member: Member) -> set[str]:
    """The members that hold the tensors of an object: `data/KEY` beside it, or a folder of its own."""
    folder, _, name = member.name.rpartition("/")
    places = [f"{folder}/data/" if folder else "data/", f"{folder}/{name.removesuffix('.pkl')}/" if folder else "data/"]
    parent = folder.rpartition("/")[0]
    places += [f"{folder}/", f"{parent}/data/" if parent else "data/", f"{parent}/" if parent else ""]
    found: set[str] = set()
    for event in pickle.events:
        if isinstance(event, Supplied) and isinstance(event.ident, tuple) and (one := storage_of(event.ident)):
            key = one[0]
            found |= {place + key for place in places if "data" in place or key.endswith(".storage")}
    return found - {member.name}


def _twice(archive: ZipArchive) -> set[str]:
    """Names that occur more than once: which one a loader takes is anyone's guess, so all are read."""
    seen: set[str] = set()
    twice: set[str] = set()
    for member in archive.members:
        (twice if member.name in seen else seen).add(member.name)
    return twice


def _code(member: Member, blob: Blob, budget: Budget) -> Iterator[object]:
    stream, size = contents(blob, member, budget)
    with stream:
        budget.spend_bytes(size)
        at = Place(path=blob.at.path, members=(*blob.at.members, member.name))
        yield TorchScript(at=at, text=stream.read(size).decode("utf-8", "replace"))
