"""Places that cannot be written, full disks, two at once: one clear line, and the old release still verifies."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.foundation.errors import KitError, UnreadableError, UsageError
from ossmodelkit.releasing import staging
from ossmodelkit.workflow.release import clean, release, resume
from ossmodelkit.workflow.release_diff import diff
from tests.making.forged import answer
from tests.making.releases import desk, options, project

STEPS = ("fsync", "link", "mkdir", "rename", "replace", "unlink")


def out_of(root: Path) -> Path:
    return root / "out"


PLACES: list[Any] = [
    pytest.param(lambda r: out_of(r).write_text("x"), "is no folder", id="a file"),
    pytest.param(lambda r: out_of(r).symlink_to("nowhere"), "is no folder", id="a broken link"),
    pytest.param(lambda r: (r / "o").mkdir() or out_of(r).symlink_to("o"), "is no folder", id="a link to a folder"),
    pytest.param(lambda r: shutil.copytree(r / "base", out_of(r)), "not empty", id="another model"),
    pytest.param(lambda r: staging.place_for(out_of(r)).write_text("x"), "cannot write beside", id="staging: a file"),
    pytest.param(lambda r: staging.place_for(out_of(r)).symlink_to("base"), "symbolic link", id="staging: a link"),
    pytest.param(lambda r: (r / "attest.yaml").mkdir(), "cannot read", id="statements: a folder"),
]


@pytest.mark.parametrize(("prepare", "says"), PLACES)
def test_a_place_that_is_taken_is_left_as_it_is(prepare: Any, says: str, tmp_path: Path) -> None:
    made = project(tmp_path)
    prepare(tmp_path)
    before = sorted((tmp_path / "base").iterdir())
    with pytest.raises(UsageError, match=says):
        release(options(tmp_path), desk=made)
    assert sorted((tmp_path / "base").iterdir()) == before
    assert not (out_of(tmp_path) / "model.sig").exists()


@pytest.mark.parametrize("name", ["out\udcff", "x" * 250, "base/LICENSE/out", "tuned/out", "tuned", "."])
def test_a_place_that_cannot_be_is_refused(name: str, tmp_path: Path) -> None:
    made = project(tmp_path)
    with pytest.raises(UsageError):
        release(options(tmp_path, out=str(tmp_path / name)), desk=made)


@pytest.mark.parametrize("name", ["model.sig", "claims.jsonl", "NOTICE"])
def test_a_folder_where_a_file_is_written_is_left_alone(name: str, tmp_path: Path) -> None:
    """In place, before the old signature is gone."""
    made = project(tmp_path / "p")
    model = (tmp_path / "p" / "tuned").rename(tmp_path / "model")
    wanted = options(tmp_path / "p", model=str(model), out="")
    assert release(wanted, desk=made).verdict == "released"
    (model / name).unlink()
    (model / name).mkdir()
    kept = {path.name for path in model.iterdir()}
    with pytest.raises(UsageError, match=name):
        release(wanted, desk=made)
    assert {path.name for path in model.iterdir()} == kept


def failing(monkeypatch: pytest.MonkeyPatch, after: int, error: BaseException) -> list[str]:
    """Let the call number `after` of those that change a disk fail, and every later one; gives back what was called."""
    called: list[str] = []

    def spoiled(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            called.append(name)
            if len(called) > after:
                raise error
            return real(*words, **more)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, spoiled(name, getattr(os, name)))
    return called


@pytest.fixture(scope="module", params=[False, True], ids=["beside", "in place"])
def twice(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A project whose model was released once, beside it or in place."""
    root = tmp_path_factory.mktemp("twice")
    made = project(root / "p")
    more: dict[str, Any] = {}
    if request.param:
        (root / "p" / "tuned").rename(root / "model")
        more = {"model": str(root / "model"), "out": ""}
    assert release(options(root / "p", **more), desk=made).verdict == "released"
    return root, more


def calls(twice: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many calls that change a disk a release makes, before it takes its staging folder away."""
    root, more = twice
    with monkeypatch.context() as inner:
        inner.setattr(shutil, "rmtree", lambda *_, **__: None)
        called = failing(inner, 10**6, SystemExit(9))
        release(options(root / "p", **more), desk=desk(root / "p"))
    clean(str(root / "model" if more else root / "p" / "out"))
    return len(called)


def verdict(root: Path, more: dict[str, Any]) -> str:
    target = root / "model" if more else root / "p" / "out"
    return answer(target, key=str(root / "p" / "key.pub")).word if target.is_dir() else "absent"


def test_a_disk_that_is_full_at_any_moment_leaves_the_old_release_or_none(
    twice: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, more = twice
    total = calls(twice, monkeypatch)
    for after in (0, 3, total // 4, total // 2, *range(total - 9, total - 1, 2)):
        with monkeypatch.context() as inner:
            failing(inner, after, OSError(errno.ENOSPC, "No space left on device", "weights"))
            try:
                release(options(root / "p", **more), desk=desk(root / "p"))
            except KitError as error:
                assert "No space left" in error.message
                assert error.hint
        assert verdict(root, more) in ("verified", "untrusted", "absent"), after
    assert release(options(root / "p", **more), desk=desk(root / "p")).verdict == "released"
    assert verdict(root, more) == "verified"


def test_whatever_a_kill_leaves_is_resumed_or_cleaned(
    twice: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, more = twice
    target = root / "model" if more else root / "p" / "out"
    total = calls(twice, monkeypatch)
    for after in (total // 2, *range(total - 7, total - 2)):
        with monkeypatch.context() as inner:
            inner.setattr(shutil, "rmtree", lambda *_, **__: None)
            failing(inner, after, SystemExit(9))
            with pytest.raises(SystemExit):
                release(options(root / "p", **more), desk=desk(root / "p"))
        assert verdict(root, more) in ("verified", "untrusted", "absent"), after
        if after % 2:
            assert resume(str(target), desk=desk(root / "p")).verdict == "released"
            assert verdict(root, more) == "verified"
        else:
            clean(str(target))
        assert not staging.place_for(target).exists()


def test_the_folder_of_one_that_just_ended_is_made_anew(tmp_path: Path) -> None:
    """One release ends and takes its folder away while the next reaches for the lock in it."""
    failures: list[BaseException] = []

    def hold() -> None:
        for _ in range(40):
            try:
                with staging.held(tmp_path / "out", {}):
                    pass
            except UsageError as error:
                assert "another release" in error.message
            except BaseException as error:
                failures.append(error)

    threads = [threading.Thread(target=hold) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert not staging.place_for(tmp_path / "out").exists()


def test_a_journal_of_somebody_else_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names a signing command, which resuming would run."""
    made, place = project(tmp_path), staging.place_for(tmp_path / "out")
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / staging.JOURNAL).write_text('{"model": "tuned", "out": "out", "key": "exec:touch evil"}')
    place.symlink_to("theirs")
    kept = sorted((tmp_path / "theirs").iterdir())
    for act in (lambda: resume(str(tmp_path / "out"), desk=made), lambda: clean(str(tmp_path / "out"))):
        with pytest.raises(UsageError, match="symbolic link"):
            act()
    assert sorted((tmp_path / "theirs").iterdir()) == kept
    place.unlink()
    (tmp_path / "theirs").rename(place)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    for act in (lambda: resume(str(tmp_path / "out"), desk=made), lambda: release(options(tmp_path), desk=made)):
        with pytest.raises(UsageError, match="somebody else"):
            act()
    assert not (tmp_path / "evil").exists()


def test_what_lies_in_the_way_of_nobody_is_cleaned(tmp_path: Path) -> None:
    assert "no interrupted release" in clean(str(tmp_path / "out")).summary
    (staging.place_for(tmp_path / "out") / staging.TREE / "x").mkdir(parents=True)
    assert "leftovers" in clean(str(tmp_path / "out")).summary
    with pytest.raises(UsageError, match="no interrupted release"):
        resume(str(tmp_path / "out"), desk=project(tmp_path))
    with (
        staging.held(tmp_path / "out", {}),
        pytest.raises(UsageError, match="another release"),
    ):
        clean(str(tmp_path / "out"))


DAMAGES: list[Any] = [
    pytest.param(lambda o: (o / "release/release.json").write_text("{"), "not JSON", id="a broken index"),
    pytest.param(lambda o: (o / "release/release.json").write_text('{"words": {"name": 5}}'), "text", id="a number"),
    pytest.param(lambda o: (o / "release/evidence/x.json").write_text("[]"), "evidence", id="a record of nothing"),
    pytest.param(lambda o: (o / "x").symlink_to("/etc/passwd"), "symbolic link", id="a link"),
    pytest.param(lambda o: os.mkfifo(o / "x"), "special file", id="a pipe"),
]


@pytest.mark.parametrize(("damage", "says"), DAMAGES)
def test_what_cannot_be_read_whole_is_not_compared(damage: Any, says: str, released: Path, out: Path) -> None:
    damage(out)
    for pair in ((out, released / "out"), (released / "out", out)):
        with pytest.raises(UnreadableError, match=says) as caught:
            diff(*pair)
        assert str(out) in caught.value.message


RENAMED = [
    " NAME", "NAME ", "NAME.", "NAME\n", "NAME\u200b", "\u202eNAME", "sub\\NAME", "\uff4eAME", "-rf", "%2e%2e", "\x01",
    "x" * 255, "e\u0301\u0300", "CON", "__init__.py", ".hidden", "NAME~", "#NAME#",
]  # fmt: skip


@pytest.mark.parametrize("name", RENAMED, ids=ascii)
def test_a_file_under_any_other_name_is_named(name: str, released: Path, out: Path) -> None:
    weights = "adapter_model.safetensors"
    new = name.replace("NAME", weights)
    (out / weights).rename(out / new)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word, found.named) == (4, "tampered", {new})
    assert found.report
    assert found.report.data["renamed"] == ((weights, new),)


ADDED = [".DS_Store", "__pycache__/x.pyc", ".cache/huggingface/x.metadata", ".model.sig.tmp", "release/.x", "Model.sig",
         "model.sig ", "claims.jsonl.bak", ".git2/x", "release/evidence/sub/x.json"]  # fmt: skip


@pytest.mark.parametrize("name", ADDED)
def test_a_file_in_any_corner_counts_as_added(name: str, released: Path, out: Path) -> None:
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    (out / name).write_bytes(b"x")
    assert answer(out, key=str(released / "key.pub")).named == {name}


UNSIGNED: list[Any] = [
    pytest.param(lambda o: (o / ".git").symlink_to("/etc"), ".git", id="a link"),
    pytest.param(lambda o: (o / ".git").write_text("gitdir: /x"), ".git", id="a file"),
    pytest.param(lambda o: os.mkfifo(o / ".gitignore"), ".gitignore", id="a pipe"),
    pytest.param(lambda o: (o / ".github" / "workflows").mkdir(parents=True), ".github", id="a folder"),
]


@pytest.mark.parametrize(("change", "name"), UNSIGNED)
def test_what_git_keeps_is_told_whatever_it_is(change: Any, name: str, released: Path, out: Path) -> None:
    change(out)
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word) == (0, "verified")
    assert found.report
    assert name in found.report.data["not_covered"]
