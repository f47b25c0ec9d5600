"""Dossiers for documents and cards: a tuned model with records, and nothing on a disk."""

from __future__ import annotations

import dataclasses
from typing import Any

from ossmodelkit.core.evidence import Kind
from ossmodelkit.releasing.card import claims
from ossmodelkit.releasing.dossier import Dossier, FileFact, Words
from tests.making.releases import NOW, license_details, record, run_details

SHA, BASE = "cd" * 32, "ab" * 32
SCORES = [
    {"metric": "accuracy", "value": 0.8125, "dataset": "quiz", "n": 400, "base": 0.78, "interval": [0.77, 0.85]},
    {"metric": "F1", "value": 0.7349},
    {"metric": "exact match", "value": 0.997},
    {"metric": "BLEU", "value": 41.25},
    {"metric": "perplexity", "value": 3.125},
]


def dossier(**more: Any) -> Dossier:
    """A tuned model with a hub parent and a score."""
    parent = {"ref": "org/base-model", "relation": "adapter", "declared_in": "adapter_config.json"}
    parent |= {"revision": "0" * 40, "license": "llama3.1"}
    known = (
        record(Kind.FINETUNE, SHA, **run_details(BASE)),
        record(Kind.LICENSE, SHA, **license_details(parents=[parent], concluded="llama3.1")),
        record(
            Kind.EVALUATE, SHA, scores=[{"metric": "accuracy", "value": 0.8125, "interval": [0.7, 0.9], "slice": "en"}]
        ),
    )
    usual: dict[str, Any] = {
        "words": Words(name="Tiny", version="1.0.0", owner="Ada", intended_use="Tests.", users="You."),
        "sha256": SHA,
        "files": {
            "model.safetensors": FileFact(bytes=9, sha256="ef" * 32),
            "a b.json": FileFact(bytes=1, sha256=BASE),
        },
        "created": NOW,
        "today": NOW.date(),
        "records": known,
        "texts": {"config.json": b'{"model_type": "llama"}'},
    }
    return Dossier(**(usual | more))


def with_card(card: str, **more: Any) -> Dossier:
    """A dossier with a run, scores, and this card."""
    known = (
        record(Kind.FINETUNE, SHA, **run_details(BASE)),
        record(Kind.EVALUATE, SHA, scores=SCORES, seed=3),
    )
    made = Dossier(words=Words(name="Tiny"), sha256=SHA, files={}, created=NOW, today=NOW.date(), records=known)
    return dataclasses.replace(made, documents={"README.md": card.encode()}, **more)


def told(card: str) -> list[tuple[str, int]]:
    """The numbers of a card that nobody measured, each with its line."""
    return [(claim.token, claim.line) for claim in claims.unproven(with_card(card))]
