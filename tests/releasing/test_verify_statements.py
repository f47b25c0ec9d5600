"""Statements made after signing: dropped, changed or borrowed ones are found, and the file is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.releasing import statements
from ossmodelkit.workflow.release import release
from tests.making.forged import Change, answer, bundle_of, statement_of
from tests.making.releases import options, project

DEEP = "[" * 200_000 + "]" * 200_000


LINES: list[Any] = [
    pytest.param(lambda c: b"", id="emptied"),
    pytest.param(lambda c: c.splitlines()[0], id="one dropped"),
    pytest.param(lambda c: c + b"{}\n", id="a line added"),
    pytest.param(lambda c: c + b'{"a": ' + DEEP.encode() + b"}\n", id="a deep line"),
    pytest.param(lambda c: c.replace(b'"sig":"', b'"sig":"AA', 1), id="a signature changed"),
    pytest.param(lambda c: b"\xff" * 100, id="noise"),
    pytest.param(lambda c: c[:-40], id="cut short"),
]


@pytest.mark.parametrize("change", LINES)
def test_statements_after_signing_are_not_changed_unseen(change: Change, released: Path, out: Path) -> None:
    path = out / "claims.jsonl"
    path.write_bytes(change(path.read_bytes()))  # type: ignore[arg-type]
    found = answer(out, key=str(released / "key.pub"))
    assert (found.code, found.word, found.named) == (4, "tampered", {"claims.jsonl"})


def test_statements_of_another_key_do_not_count(released: Path, out: Path, tmp_path: Path) -> None:
    desk = project(tmp_path / "p")
    release(options(tmp_path / "p"), desk=desk)
    shutil.copyfile(tmp_path / "p" / "out" / "claims.jsonl", out / "claims.jsonl")
    assert answer(out, key=str(released / "key.pub")).named == {"claims.jsonl"}


def test_statements_that_are_no_plain_file_do_not_count(released: Path, out: Path) -> None:
    (out / "claims.jsonl").rename(out.parent / "claims")
    (out / "claims.jsonl").symlink_to(out.parent / "claims")
    assert answer(out, key=str(released / "key.pub")).named == {"claims.jsonl"}
    (out / "claims.jsonl").unlink()
    (out / "claims.jsonl").mkdir()
    assert answer(out, key=str(released / "key.pub")).named == {"claims.jsonl"}


def test_a_line_says_what_it_is_about(released: Path, out: Path) -> None:
    lines = (out / "claims.jsonl").read_bytes()
    signature = (out / "model.sig").read_bytes()
    found = list(statements.read(lines, lambda envelope: None))
    assert [kind["predicateType"] for kind in found] == [statements.RESULT, statements.BUILT]
    assert all(statements.speaks_of(kind, signature) for kind in found)
    assert statement_of(out)["predicateType"] != statements.RESULT
    assert bundle_of(out)["mediaType"].endswith("v0.3+json")
