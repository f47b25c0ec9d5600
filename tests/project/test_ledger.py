"""The ledger only grows, and a kill at any moment leaves it readable."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.evidence import Evidence, Kind, Subject, from_statement, to_statement
from ossmodelkit.core.finding import Confidence, Finding, Gap, Place, Severity
from ossmodelkit.foundation.errors import KitError, UnreadableError
from ossmodelkit.project import ledger

WHEN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
places = st.builds(
    Place, path=words, members=st.lists(words, max_size=2).map(tuple), offset=st.none() | st.integers(0, 2**62)
)
evidence = st.builds(
    Evidence,
    kind=st.sampled_from(Kind),
    subject=st.builds(Subject, name=words, sha256=st.text("0123456789abcdef", min_size=64, max_size=64)),
    created=st.datetimes(timezones=st.just(UTC)).map(lambda when: when.replace(microsecond=0)),
    tool=words,
    asked=st.lists(words, max_size=3).map(tuple),
    findings=st.lists(
        st.builds(
            Finding,
            check=words,
            severity=st.sampled_from(Severity),
            confidence=st.sampled_from(Confidence),
            title=words,
            at=places,
            saw=words,
            remedy=words,
            verified=st.none() | st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    gaps=st.lists(st.builds(Gap, at=places, reason=words), max_size=2).map(tuple),
    details=st.dictionaries(words, st.none() | st.booleans() | st.integers() | words, max_size=3),
)


def record(kind: Kind = Kind.SCAN) -> Evidence:
    return Evidence(kind=kind, subject=Subject(name="m", sha256="ab" * 32), created=WHEN, tool="t")


@given(evidence.filter(lambda e: e.created.year > 1000))
def test_a_record_survives_the_round_trip(known: Evidence) -> None:
    text = json.dumps(to_statement(known))
    assert from_statement(json.loads(text), where="x") == known


def test_a_statement_is_in_toto_v1() -> None:
    statement = to_statement(record())
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": "m", "digest": {"sha256": "ab" * 32}}]
    assert statement["predicateType"] == "urn:ossmodelkit:evidence:scan:v1"


def test_a_key_from_a_newer_version_is_let_pass() -> None:
    statement = to_statement(record())
    statement["predicate"]["shape_of_things_to_come"] = 1
    assert from_statement(statement, where="x") == record()


def test_records_are_numbered_and_kept_in_order(tmp_path: Path) -> None:
    paths = [ledger.append(tmp_path / "evidence", record(kind)) for kind in (Kind.SCAN, Kind.LICENSE)]
    assert [path.name for path in paths] == ["0001-scan-ababab.json", "0002-license-ababab.json"]
    assert [known.kind for known in ledger.read_all(tmp_path / "evidence")] == [Kind.SCAN, Kind.LICENSE]


def test_an_absent_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert ledger.read_all(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"{", "is not JSON", id="cut off"),
        pytest.param(b"[" * 100_000, "is not JSON", id="nested without end"),
        pytest.param(b"[]", "is not evidence", id="a list"),
        pytest.param(b'{"_type": "x"}', "not an in-toto statement", id="another type"),
        pytest.param(b"\xff\xfe", "is not JSON", id="not text"),
    ],
)
def test_a_damaged_record_is_named(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "0001-scan-ababab.json").write_bytes(content)
    with pytest.raises(UnreadableError, match=message) as caught:
        ledger.read_all(tmp_path)
    assert "0001-scan-ababab.json" in caught.value.message


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("a file in the way")
    with pytest.raises(KitError, match="cannot write evidence"):
        ledger.append(tmp_path / "evidence", record())


WRITER = """
import sys
from tests.project.test_ledger import record
from ossmodelkit.project import ledger
from pathlib import Path
while True:
    ledger.append(Path(sys.argv[1]), record())
    print(".", end="", flush=True)
"""


@pytest.mark.parametrize("wait", [0.0, 0.013, 0.031])
def test_a_kill_at_any_moment_leaves_the_ledger_readable(wait: float, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, cwd=Path.cwd())
        for _ in range(2)
    ]
    for writer in writers:
        assert writer.stdout
        writer.stdout.read(3)
    time.sleep(wait)
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
    known = ledger.read_all(folder)
    assert len(known) >= 6
    assert all(one == record() for one in known)
