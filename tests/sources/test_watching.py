"""A download is told when it is done, once, and again when it changes."""

from __future__ import annotations

from pathlib import Path

from ossmodelkit.sources.watching import Watch


def test_a_file_is_told_once_it_is_quiet(tmp_path: Path) -> None:
    watch = Watch(tmp_path, quiet_seconds=2)
    assert watch.step(0) == ()
    (tmp_path / "w.bin").write_bytes(b"x")
    assert watch.step(1) == ()
    (tmp_path / "w.bin").write_bytes(b"xx")
    assert watch.step(2) == ()
    assert watch.step(3) == ()
    assert watch.step(4) == ("w.bin",)
    assert watch.step(9) == ()


def test_a_file_that_changes_later_is_told_again(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"x")
    watch = Watch(tmp_path, quiet_seconds=1)
    watch.step(0)
    assert watch.step(1) == ("w.bin",)
    (tmp_path / "w.bin").write_bytes(b"other")
    watch.step(2)
    assert watch.step(3) == ("w.bin",)


def test_what_is_known_from_the_start_is_no_news(tmp_path: Path) -> None:
    (tmp_path / "old.bin").write_bytes(b"x")
    watch = Watch(tmp_path, quiet_seconds=0, known=True)
    (tmp_path / "new.bin").write_bytes(b"x")
    assert watch.step(0) == ("new.bin",)


def test_unfinished_downloads_wait_for_their_name(tmp_path: Path) -> None:
    watch = Watch(tmp_path, quiet_seconds=0)
    (tmp_path / "w.bin.crdownload").write_bytes(b"x")
    assert watch.step(0) == ()
    (tmp_path / "w.bin.crdownload").rename(tmp_path / "w.bin")
    assert watch.step(1) == ("w.bin",)


def test_files_in_folders_count_and_links_do_not(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w.bin").write_bytes(b"x")
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert Watch(tmp_path, quiet_seconds=0).step(0) == ("model/w.bin",)


def test_a_folder_that_goes_away_or_is_empty_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    watch = Watch(tmp_path / "in", quiet_seconds=0)
    assert watch.step(0) == ()
    (tmp_path / "in" / "w.bin").write_bytes(b"x")
    assert watch.step(1) == ("w.bin",)
    (tmp_path / "in" / "w.bin").unlink()
    assert watch.step(2) == ()
