"""A key holder may sign anything: strange documents are refused or judged, and never make the verifier fall."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ossmodelkit.reporting.formats import Format, render
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.forged import resign
from tests.making.releases import NOW

STRANGE: tuple[Any, ...] = (None, 0, -1.5, True, "", "x", [], {}, [1], {"a": 1}, [[]], "9999-99-99", "\ud800", 10**400)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def replaced(document: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    at = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = by
    return document


@pytest.mark.parametrize("seed", range(60))
def test_one_strange_value_anywhere(seed: int, released: Path, out: Path) -> None:
    chance = Random(seed)
    name = chance.choice(sorted(path for path in (out / "release").rglob("*.json")))
    document = json.loads(name.read_text())
    path = chance.choice(list(places(document)))
    name.write_text(json.dumps(replaced(document, path, chance.choice(STRANGE))))
    resign(out, released / "key")
    report = verify(out, Wanted(whom=Whom(key=str(released / "key.pub"))), desk=Desk(now=NOW))
    assert report.verdict in ("refused", "tampered"), "the statements after signing are gone, at the least"
    for kind in Format:
        render(report, kind)
