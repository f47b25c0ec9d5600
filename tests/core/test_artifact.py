"""The payload digest is what coreutils prints; wrapping files do not change it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.core.artifact import is_wrapping, payload_digest
from ossmodelkit.project.digests import digest_payload
from ossmodelkit.sources.local import LocalSource

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["config.json", "model.safetensors"], id="plain"),
        pytest.param(["b/x", "b.x", "b-x", "a"], id="order is by line, not by path part"),
        pytest.param(["back\\slash", "line\nbreak", "plain"], id="coreutils escapes these names"),
        pytest.param(["größe.bin", "模型.bin"], id="not ASCII"),
    ],
)
def test_the_payload_digest_can_be_recomputed_with_coreutils(names: list[str], tmp_path: Path) -> None:
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([number]) * 10)
    script = 'find . -type f -printf "%P\\0" | xargs -0 sha256sum | LC_ALL=C sort | sha256sum'
    told = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert payload_digest(digest_payload(LocalSource(tmp_path))) == told.split()[0]


@given(st.dictionaries(st.text(min_size=1, max_size=20), HEX, min_size=1), st.randoms())
def test_the_order_of_files_does_not_matter(digests: dict[str, str], random: object) -> None:
    items = list(digests.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert payload_digest(dict(items)) == payload_digest(digests)


@given(st.dictionaries(st.text(min_size=1, max_size=20), HEX, min_size=1), HEX)
def test_any_changed_weight_changes_the_digest(digests: dict[str, str], other: str) -> None:
    name = next(iter(digests))
    changed = digests | {name: other}
    assert (payload_digest(changed) == payload_digest(digests)) == (other == digests[name])


@pytest.mark.parametrize("name", ["README.md", "LICENSE", "model.sig", "release/sbom.cdx.json", ".kit/evidence/1.json"])
def test_documents_wrap(name: str) -> None:
    assert is_wrapping(name)


@pytest.mark.parametrize("name", ["model.safetensors", "sub/README.md", "config.json", "release.bin", "LICENSES/x.pkl"])
def test_what_a_loader_may_read_is_payload(name: str) -> None:
    assert not is_wrapping(name)
