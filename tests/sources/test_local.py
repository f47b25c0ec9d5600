"""Everything a folder can hold has an answer, and what was listed is what is read."""

from __future__ import annotations

import os
import pickle
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.foundation.errors import LimitExceededError, NothingToJudgeError, SourceError, UnreadableError
from ossmodelkit.sources import local
from ossmodelkit.sources.local import LocalSource
from ossmodelkit.sources.opening import open_source


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, for whom nothing is unreadable."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    made.mkdir()
    (made / "config.json").write_bytes(b"{}")
    return made


def kinds(source: LocalSource) -> dict[str, tuple[str, str]]:
    return {entry.name: (entry.kind.value, entry.why) for entry in source.inventory.entries}


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is limited to 108 bytes
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def make_device(path: Path) -> None:
    try:
        os.mknod(path, 0o20644, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")


@pytest.mark.parametrize(
    ("make", "kind", "why"),
    [
        pytest.param(make_fifo, "special", "a pipe", id="pipe"),
        pytest.param(make_socket, "special", "a socket", id="socket"),
        pytest.param(make_device, "special", "a device", id="device"),
        pytest.param(lambda path: path.symlink_to("/etc/passwd"), "symlink", "-> /etc/passwd", id="link outside"),
        pytest.param(lambda path: path.symlink_to("odd"), "symlink", "-> odd", id="link to itself"),
        pytest.param(lambda path: path.symlink_to(".."), "symlink", "-> ..", id="link that loops"),
    ],
)
def test_what_is_no_file_is_listed_and_never_opened(make, kind: str, why: str, folder: Path) -> None:  # type: ignore[no-untyped-def]
    make(folder / "odd")
    source = LocalSource(folder)
    assert kinds(source)["odd"] == (kind, why)
    with pytest.raises(UnreadableError, match="not a file") as refused:
        source.open("odd")
    assert refused.value.hint == why


@pytest.mark.parametrize("make", [make_fifo, make_device])
def test_a_special_file_given_by_name_is_not_opened(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "odd")
    source = open_source(str(tmp_path / "odd"))
    assert source.inventory.entries[0].kind is EntryKind.SPECIAL


def test_a_link_that_the_user_names_is_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(folder / "config.json")
    (tmp_path / "linked").symlink_to(folder)
    source = open_source(str(tmp_path / "link.json"))
    assert source.inventory.entries[0].name == "link.json"
    with source.open("link.json") as stream:
        assert stream.read() == b"{}"
    assert open_source(str(tmp_path / "linked")).inventory.find("config.json")


def test_unreadable_files_and_folders_are_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "secret.bin").write_bytes(b"x")
        (folder / "secret.bin").chmod(0)
        (folder / "closed").mkdir(mode=0o700)
        (folder / "closed").chmod(0)
        with as_nobody():
            source = LocalSource(folder)
            assert kinds(source)["closed"] == ("unreadable", "Permission denied")
            with pytest.raises(UnreadableError, match=r"cannot read 'secret\.bin': Permission denied"):
                source.open("secret.bin")


def test_a_name_that_is_not_utf8_is_kept(folder: Path) -> None:
    raw = os.fsencode(folder) + b"/w\xff.bin"
    os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    source = LocalSource(folder)
    assert source.inventory.entries[1].name == "w\udcff.bin"
    with source.open("w\udcff.bin") as stream:
        assert stream.read() == b""


def test_folders_deeper_than_the_limit_are_named(folder: Path) -> None:
    (folder / "/".join(["d"] * 70)).mkdir(parents=True)
    deep = [entry for entry in LocalSource(folder).inventory.entries if entry.kind is EntryKind.UNREADABLE]
    assert [entry.why for entry in deep] == ["nested deeper than the limit allows"]


def test_a_path_too_long_for_the_system_is_named(folder: Path) -> None:
    here = Path.cwd()
    try:
        os.chdir(folder)
        for _ in range(20):
            Path("n" * 250).mkdir()
            os.chdir("n" * 250)
        Path("weights.bin").write_bytes(b"x")
    finally:
        os.chdir(here)
    found = [entry for entry in LocalSource(folder).inventory.entries if entry.kind is EntryKind.UNREADABLE]
    assert [entry.why for entry in found] == ["File name too long"]


def test_a_hundred_thousand_files_are_listed_in_order() -> None:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        for number in range(100):
            Path(name, f"{number:03}").mkdir()
            for inner in range(1000):
                os.close(os.open(f"{name}/{number:03}/{inner:04}", os.O_CREAT | os.O_WRONLY))
        entries = LocalSource(Path(name)).inventory.entries
    assert len(entries) == 100_000
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)


def test_a_folder_with_too_many_entries_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MOST_ENTRIES", 3)
    for number in range(4):
        (folder / str(number)).touch()
    with pytest.raises(LimitExceededError, match="more than 3 entries"):
        _ = LocalSource(folder).inventory


def grow(path: Path) -> None:
    with path.open("ab") as out:
        out.write(b"more")


def rewrite(path: Path) -> None:
    data = path.read_bytes()
    time.sleep(0.01)
    path.write_bytes(data)


def shrink(path: Path) -> None:
    os.truncate(path, 0)


def swap(path: Path) -> None:
    path.with_name("other").write_bytes(path.read_bytes())
    path.with_name("other").replace(path)


@pytest.mark.parametrize("change", [grow, rewrite, shrink, swap])
def test_a_file_that_changed_since_it_was_listed_is_not_opened(change, folder: Path) -> None:  # type: ignore[no-untyped-def]
    source = LocalSource(folder)
    assert source.inventory
    change(folder / "config.json")
    with pytest.raises(UnreadableError, match="changed while it was read"):
        source.open("config.json")


@pytest.mark.parametrize("change", [grow, rewrite, shrink])
def test_a_file_that_changes_while_it_is_read_is_named_on_closing(change, folder: Path) -> None:  # type: ignore[no-untyped-def]
    source = LocalSource(folder)
    with pytest.raises(UnreadableError, match="changed while it was read"), source.open("config.json") as stream:
        stream.read(1)
        change(folder / "config.json")
    assert stream.closed


def test_a_file_replaced_by_a_link_is_not_followed(folder: Path) -> None:
    source = LocalSource(folder)
    assert source.inventory
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("/etc/passwd")
    with pytest.raises(UnreadableError, match="cannot read"):
        source.open("config.json")


def test_only_a_git_folder_at_the_top_is_left_out(folder: Path) -> None:
    for name in (".git", ".kit", "inner/.git"):
        (folder / name).mkdir(parents=True)
        (folder / name / "x").write_bytes(b"x")
    assert [entry.name for entry in LocalSource(folder).inventory.entries] == ["config.json", "inner/.git/x"]


@pytest.mark.parametrize(
    ("ref", "error", "says"),
    [
        pytest.param("none", SourceError, "no model at 'none'", id="missing"),
        pytest.param("", SourceError, "no model at ''", id="empty name"),
        pytest.param("a\0b", SourceError, "no model at|cannot be a path", id="NUL"),
        pytest.param("x" * 300, SourceError, "cannot be a path: File name too long", id="longer than a name may be"),
        pytest.param("dead", SourceError, "a link to nothing", id="dead link"),
        pytest.param("loop", SourceError, "link", id="link loop"),
    ],
)
def test_a_reference_to_nothing_is_an_error(
    ref: str, error: type[Exception], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dead").symlink_to("gone")
    Path("loop").symlink_to("loop")
    with pytest.raises(error, match=says):
        open_source(ref)


@pytest.mark.parametrize(("ref", "hint"), [("org/name", "hub:org/name?"), ("org/name@v1", "hub:org/name@v1?")])
def test_a_name_that_looks_like_a_hub_s_is_recognized(ref: str, hint: str) -> None:
    with pytest.raises(SourceError) as refused:
        open_source(ref)
    assert hint in refused.value.hint


def test_an_empty_folder_is_nothing_to_judge(tmp_path: Path) -> None:
    with pytest.raises(NothingToJudgeError, match="empty folder"):
        _ = open_source(str(tmp_path)).inventory


def test_a_source_travels_to_another_process(folder: Path) -> None:
    source = LocalSource(folder)
    assert source.inventory
    with pickle.loads(pickle.dumps(source)).open("config.json") as stream:
        assert stream.read() == b"{}"
