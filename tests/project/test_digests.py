"""Digests are kept between runs, and a changed file is hashed again."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from unittest.mock import patch

from ossmodelkit.core.artifact import Entry, Inventory
from ossmodelkit.project.digests import digest_payload
from ossmodelkit.sources.local import LocalSource


def test_a_changed_file_is_hashed_again_even_with_its_old_time(tmp_path: Path) -> None:
    model, cache = tmp_path / "m", tmp_path / "digests.json"
    model.mkdir()
    weights = model / "model.safetensors"
    weights.write_bytes(b"one")
    before = weights.stat()
    digest_payload(LocalSource(model), cache=cache)
    weights.write_bytes(b"two")
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digest_payload(LocalSource(model), cache=cache) == {"model.safetensors": hashlib.sha256(b"two").hexdigest()}


def test_the_cache_may_be_deleted_or_damaged(tmp_path: Path) -> None:
    model, cache = tmp_path / "m", tmp_path / "digests.json"
    model.mkdir()
    (model / "a").write_bytes(b"a")
    first = digest_payload(LocalSource(model), cache=cache)
    assert json.loads(cache.read_text())
    cache.write_text("not JSON")
    assert digest_payload(LocalSource(model), cache=cache) == first


def test_what_a_hub_claims_is_not_fetched() -> None:
    class Remote:
        ref = "hub:a/b"
        inventory = Inventory(ref=ref, entries=(Entry(name="w.safetensors", size=2**40, claimed_sha256="c" * 64),))

        def open(self, name: str) -> object:
            raise AssertionError("nothing should be read")

    assert digest_payload(Remote()) == {"w.safetensors": "c" * 64}  # type: ignore[arg-type]


def test_one_run_reads_the_payload_once_even_without_a_cache(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    source = LocalSource(tmp_path)
    first = digest_payload(source)
    with patch("ossmodelkit.project.digests.digest_stream", side_effect=AssertionError("read again")):
        assert digest_payload(source) == first
