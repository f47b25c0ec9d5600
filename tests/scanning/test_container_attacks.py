"""Harm inside containers is found, whatever the container and however often it is wrapped."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from ossmodelkit.formats import optional_codecs
from ossmodelkit.scanning.entry import Limits
from ossmodelkit.scanning.verdict import Word
from tests.making.container_attacks import CONTAINERS, EVIL, GOOD, MILD, npy, tarred, torch_zip, zipped
from tests.making.memory import said, scan_bytes


def test_there_are_enough_containers() -> None:
    assert len(CONTAINERS) > 60


@pytest.mark.parametrize("name", CONTAINERS)
def test_container_attack_is_flagged(name: str) -> None:
    found = scan_bytes(CONTAINERS[name])
    assert found.verdict.value == MILD.get(name, "dangerous"), said(found)


@pytest.mark.parametrize(
    ("data", "check"),
    [
        pytest.param(CONTAINERS["duplicate data.pkl, first evil"], "archive-duplicate-member", id="two of one name"),
        pytest.param(CONTAINERS["local name differs"], "archive-name-mismatch", id="two names for one"),
        pytest.param(CONTAINERS["encrypted flag"], "archive-misleading-flags", id="flag without encryption"),
        pytest.param(CONTAINERS["bomb"], "archive-bomb", id="zeros"),
        pytest.param(CONTAINERS["member climbs out"], "archive-path-traversal", id="dots in a zip"),
        pytest.param(CONTAINERS["tar with a link out"], "archive-path-traversal", id="link in a tar"),
        pytest.param(CONTAINERS["code of TorchScript that saves"], "torchscript-reaches-disk", id="aten::save"),
    ],
)
def test_archive_check_flags(data: bytes, check: str) -> None:
    assert check in {one.check for one in scan_bytes(data).answers.findings}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(torch_zip(GOOD), id="torch zip"),
        pytest.param(zipped([("a/data.pkl", GOOD), ("a/version", b"3")], zipfile.ZIP_DEFLATED), id="deflated"),
        pytest.param(tarred([("a/b.pkl", GOOD)]), id="tar"),
        pytest.param(tarred([("a/b.pkl", GOOD)], "w:gz"), id="tar.gz"),
        pytest.param(npy(bytes(8), descr="'<f8'"), id="npy"),
        pytest.param(gzip.compress(GOOD), id="gzip"),
        pytest.param(zipped([("inner.zip", torch_zip(GOOD))]), id="zip in zip"),
    ],
)
def test_ordinary_container_is_left_alone(data: bytes) -> None:
    found = scan_bytes(data)
    assert (found.verdict, found.answers.findings) == (Word.CLEAN, ()), said(found)


def test_place_names_every_member_on_the_way() -> None:
    found = scan_bytes(zipped([("a.zip", zipped([("b.pkl", EVIL)]))]), "outer.zip").answers.findings
    assert str(found[0].at).startswith("outer.zip ▸ a.zip ▸ b.pkl @ ")


def test_really_encrypted_member_is_a_gap() -> None:
    data = bytearray(zipped([("secret.pkl", b"\x01\x02\x03" * 30)]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[data.index(b"\x01\x02\x03\x01")] ^= 0xFF
    found = scan_bytes(bytes(data))
    assert any("password" in gap.reason for gap in found.answers.gaps), said(found)


def test_too_deep_nesting_is_a_gap_and_no_recursion_error() -> None:
    data = EVIL
    for _ in range(30):
        data = zipped([("inner.zip", data)])
    found = scan_bytes(data)
    assert found.verdict is Word.INCOMPLETE
    assert any("nested deeper" in gap.reason for gap in found.answers.gaps), said(found)


def test_expansion_stops_at_the_budget() -> None:
    data = gzip.compress(bytes(10_000_000))
    found = scan_bytes(data, limits=Limits(max_bytes=1_000_000))
    assert found.verdict is Word.INCOMPLETE
    assert any("asks for" in gap.reason for gap in found.answers.gaps)


def test_more_members_than_the_limit_is_a_gap() -> None:
    data = zipped([(f"m{number}", b"hello") for number in range(300)])
    found = scan_bytes(data, limits=Limits(max_members=100))
    assert any("members" in gap.reason for gap in found.answers.gaps)


@pytest.mark.parametrize("end", range(1, 200, 7))
def test_cut_zip_is_never_clean(end: int) -> None:
    data = torch_zip(EVIL)
    assert scan_bytes(data[:-end]).verdict is not Word.CLEAN


def test_absent_codec_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optional_codecs, "_first", lambda *names: None)
    found = scan_bytes(b"\x28\xb5\x2f\xfd" + bytes(40))
    assert found.verdict is Word.INCOMPLETE
    assert any("install" in gap.remedy for gap in found.answers.gaps)


def test_tensor_bytes_that_an_object_names_are_not_read() -> None:
    from tests.making.container_attacks import storage_named

    target = io.BytesIO(torch_zip(storage_named("0"), ("archive/data/0", EVIL)))
    assert scan_bytes(target.getvalue()).verdict is Word.CLEAN
