"""Items of the checklist that need more than one look: what each reads, and what it says."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pytest

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing.checks import CATALOG
from ossmodelkit.releasing.checks.security import is_portable, is_stray
from ossmodelkit.releasing.dossier import Attestation, Dossier, FileFact, Words
from tests.making.releases import NOW, record, run_details

SHA, TRAINED, HELD_OUT = "cd" * 32, "ab" * 32, "ef" * 32
RUN_DATA = {"path": "data.jsonl", "sha256": TRAINED, "used_rows": 120, "evaluation_sha256": HELD_OUT}


def dossier(*records: Evidence, **more: Any) -> Dossier:
    run = record(Kind.FINETUNE, SHA, **run_details("12" * 32, data=RUN_DATA, evaluations=[{"step": 0, "loss": 3.0}]))
    known = Dossier(words=Words(name="Tiny"), sha256=SHA, files={}, created=NOW, today=NOW.date(), records=(run,))
    return dataclasses.replace(known, records=(run, *records), **more)


def hits(item: str, about: Dossier) -> list[Hit]:
    return list(next(one for one in CATALOG if one.id == item).ask(about))


def compared(met: int, sha256: str = HELD_OUT, items: int = 50) -> Evidence:
    against = [{"file": "held.jsonl", "sha256": sha256, "items": items, "met": met}]
    return record(Kind.DATA, TRAINED, name="data.jsonl", against=against)


@pytest.mark.parametrize(
    ("known", "says"),
    [
        pytest.param((), "nobody compared", id="never compared"),
        pytest.param((compared(0),), "", id="compared, and apart"),
        pytest.param((compared(25),), "50.00% overlap with held.jsonl", id="half of it was learned"),
        pytest.param((compared(0, "99" * 32),), "other files", id="another file was compared"),
        pytest.param((compared(0, items=0),), "nobody compared", id="an empty file was compared"),
        pytest.param((record(Kind.EVALUATE, SHA, contamination={"rate": 0.2}),), "20.00% overlap", id="attached"),
        pytest.param((record(Kind.EVALUATE, SHA, contamination={"rate": 0.0}),), "", id="attached, and apart"),
        pytest.param((record(Kind.EVALUATE, SHA, contamination={"x": 1}),), "tells no overlap", id="attached, silent"),
    ],
)
def test_evaluation_data_was_held_against_training_data(known: tuple[Evidence, ...], says: str) -> None:
    found = hits("DAT-007", dossier(*known))
    assert [says in hit.saw for hit in found] == ([True] if says else [])


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        pytest.param(None, "power", id="nothing stated"),
        pytest.param({}, "no reason", id="a statement without a reason"),
        pytest.param({"reason": "TODO"}, "no reason", id="a filler"),
        pytest.param({"reason": "a shared machine without a meter"}, "", id="a reason"),
    ],
)
def test_energy_that_nobody_knows_needs_a_reason(answers: dict[str, Any] | None, says: str) -> None:
    stated = (
        () if answers is None else (Attestation(item="DOC-007", by="Ada", date=date(2026, 11, 1), answers=answers),)
    )
    found = hits("DOC-007", dossier(attestations=stated))
    assert [says in hit.saw for hit in found] == ([True] if says else [])


@pytest.mark.parametrize(
    ("name", "stray", "portable"),
    [
        ("model.safetensors", False, True),
        ("model.safetensors~", True, True),
        ("sub/notes.ipynb", True, True),
        ("wandb/run.json", True, True),
        ("core", True, True),
        ("core.1234", True, True),
        ("core.py", False, True),
        (".env.local", True, True),
        ("x.swp", True, True),
        ("optimizer_0.pt", True, True),
        ("aux", False, False),
        ("sub/con.json", False, False),
        ("console.json", False, True),
        ("trailing.", False, False),
        ("a:b.bin", False, False),
        ("a\\b.bin", False, False),
        ("two\nlines", False, False),
        ("模型.bin", False, True),
    ],
)
def test_names_that_do_not_belong(name: str, stray: bool, portable: bool) -> None:
    assert (is_stray(name), is_portable(name)) == (stray, portable)
    files = {name: FileFact(bytes=1, sha256=SHA)}
    assert bool(hits("SEC-010", dossier(files=files))) is (stray or not portable)
