"""Every attack on pickles that is known to us is called what it is."""

from __future__ import annotations

import pickle

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.memory import said, scan_bytes
from tests.making.pickle_attacks import ATTACKS, GADGETS, SUSPICIOUS


def test_there_are_enough_attacks() -> None:
    assert len(ATTACKS) > 240


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_flagged(name: str) -> None:
    found = scan_bytes(ATTACKS[name])
    wanted = {Word.SUSPICIOUS, Word.DANGEROUS} if name in SUSPICIOUS or "enum" in name else {Word.DANGEROUS}
    assert found.verdict in wanted, said(found)


@pytest.mark.parametrize(
    "name", ["weights.safetensors", "README.md", "config.json", "model.onnx", "noextension", ".hidden"]
)
def test_a_name_protects_no_attack(name: str) -> None:
    assert scan_bytes(ATTACKS["gadget os:system"], name).verdict is Word.DANGEROUS


@pytest.mark.parametrize("full", GADGETS)
def test_what_was_imported_and_with_what_stands_in_the_finding(full: str) -> None:
    name = full.partition(":")[2]
    found = scan_bytes(ATTACKS[f"gadget {full}"]).answers.findings
    texts = " ".join(one.saw for one in found)
    assert name in texts, texts
    assert all(repr(value) in texts for value in GADGETS[full]), texts
    assert all(one.remedy and one.title for one in found)


def test_an_import_without_a_call_is_named_as_such() -> None:
    found = scan_bytes(b"csubprocess\nPopen\n.").answers.findings
    assert [one.saw for one in found] == ["subprocess.Popen imported"]


def test_offset_points_at_the_import() -> None:
    data = pickle.dumps([1, 2], protocol=0)[:-1] + b"0cos\nsystem\n(S'id'\ntR."
    found = scan_bytes(data).answers.findings
    assert [one.at.offset for one in found] == [data.index(b"cos")]


def test_a_broken_tail_never_hides_what_ran_before() -> None:
    whole = ATTACKS["gadget os:system"]
    for end in range(whole.index(b"R") + 1, len(whole)):
        assert scan_bytes(whole[:end]).verdict is Word.DANGEROUS


def test_a_broken_pickle_without_imports_is_incomplete() -> None:
    found = scan_bytes(pickle.dumps({"a": list(range(100))})[:-20])
    assert found.verdict is Word.INCOMPLETE
    assert "breaks off" in found.answers.gaps[0].reason


def test_bytes_behind_a_pickle_are_a_gap() -> None:
    found = scan_bytes(pickle.dumps([1]) + b"\xfe\xfd\xfc" * 50)
    assert found.verdict is Word.INCOMPLETE


def test_a_flood_of_findings_is_summed_up() -> None:
    data = b"".join(f"cevil{number}\nThing\n0".encode() for number in range(5000)) + b"N."
    found = scan_bytes(b"\x80\x02" + data).answers.findings
    assert len(found) == 51
    assert found[-1].saw == "and 4950 more of this kind"
