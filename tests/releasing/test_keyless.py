"""Sigstore's signatures: whom one expects must be said, and a bundle that no log has seen is refused."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.releasing import keyless, signing
from ossmodelkit.releasing.envelope import Signer, authenticated
from ossmodelkit.workflow import release as releasing
from ossmodelkit.workflow.release import check, release
from tests.making.authorities import Authority
from tests.making.forged import Answer, answer, bundle_of, private, rewrite
from tests.making.releases import options, project
from tests.making.sigstore_world import IDENTITY, ISSUER, World

INVENTED = {
    "logIndex": "1", "logId": {"keyId": "AAAA"}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "integratedTime": "1700000000", "canonicalizedBody": "e30=", "inclusionPromise": {"signedEntryTimestamp": "AAAA"},
    "inclusionProof": {"logIndex": "1", "rootHash": "AAAA", "treeSize": "2", "hashes": [],
                       "checkpoint": {"envelope": "x\\n1\\nAAAA\\n\\n- x AAAAAAAA\\n"}},
}  # fmt: skip
WHOM = {"identity": "https://example.org/ci", "issuer": "https://token.example.org"}


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("keyless")
    assert release(options(root), desk=project(root)).verdict == "released"
    return root


def issuer_extension(text: str) -> tuple[Any, bool]:
    """The extension in which Sigstore's authority says who vouched for the identity."""
    raw = b"\x0c" + bytes([len(text)]) + text.encode()
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8"), raw), False


def self_made(root: Path, out: Path, **more: Any) -> None:
    """Sign again as Sigstore would, with an authority of one's own and no log."""
    now, key = datetime.now(UTC), private(root / "key")
    authority = Authority("Fulcio, or so it says")
    leaf = authority.issue(
        key.public_key(), names=(x509.UniformResourceIdentifier(WHOM["identity"]),),
        start=now - timedelta(minutes=1), end=now + timedelta(minutes=9), extra=(issuer_extension(WHOM["issuer"]),),
    )  # fmt: skip
    bundle = bundle_of(out)
    payload = base64.b64decode(bundle["dsseEnvelope"]["payload"])
    signature = signing.key_signer(key).sign(authenticated(payload))
    raw = base64.b64encode(leaf.public_bytes(Encoding.DER)).decode()
    bundle["verificationMaterial"] = {"certificate": {"rawBytes": raw}, "tlogEntries": [], **more}
    bundle["dsseEnvelope"]["signatures"] = [{"sig": base64.b64encode(signature).decode()}]
    (out / "model.sig").write_text(json.dumps(bundle))


def told(released: Path, tmp_path: Path, **whom: str) -> Answer:
    out = shutil.copytree(released / "out", tmp_path / "out")
    self_made(released, out)
    return answer(out, **whom)


def test_a_certificate_that_no_log_has_seen_is_refused(released: Path, tmp_path: Path) -> None:
    found = told(released, tmp_path, **WHOM)
    assert (found.code, found.word) == (4, "untrusted")
    assert "does not vouch" in found.text


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({}, "an empty entry"),
        (INVENTED, "an invented entry"),
    ],
)  # fmt: skip
def test_an_invented_log_entry_is_refused(entry: dict[str, Any], why: str, released: Path, tmp_path: Path) -> None:
    out = shutil.copytree(released / "out", tmp_path / "out")
    self_made(released, out, tlogEntries=[entry])
    assert answer(out, **WHOM).code == 4, why


@pytest.mark.parametrize(
    ("whom", "code"),
    [
        pytest.param({"identity": WHOM["identity"]}, 2, id="nobody vouches"),
        pytest.param({"issuer": WHOM["issuer"]}, 2, id="anybody"),
        pytest.param({"trusted_root": "root.json"}, 2, id="a root and nobody"),
        pytest.param({**WHOM, "trusted_root": "nowhere.json"}, 2, id="a root that is not there"),
        pytest.param({"key": "KEY"}, 4, id="a key was expected"),
    ],
)
def test_whom_one_expects_must_be_said(whom: dict[str, str], code: int, released: Path, tmp_path: Path) -> None:
    given = {name: value.replace("KEY", str(released / "key.pub")) for name, value in whom.items()}
    assert told(released, tmp_path, **given).code == code


def test_a_key_is_no_identity(released: Path) -> None:
    found = answer(released / "out", **WHOM)
    assert (found.code, found.word) == (4, "untrusted")
    assert "bare key" in found.text


@contextmanager
def without(name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if a library were not installed."""
    for module in [one for one in sys.modules if one == name or one.startswith(name + ".")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    yield
    monkeypatch.undo()


def test_without_the_library_it_says_what_to_install(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without("sigstore", monkeypatch):
        found = told(released, tmp_path, **WHOM)
        assert (found.code, "ossmodelkit[sigstore]" in found.text) == (2, True)
        with pytest.raises(UsageError, match="not installed"):
            check(options(released, key="sigstore:"), desk=project(tmp_path / "p"))


def test_a_trust_configuration_that_is_none_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="cannot read"):
        keyless.signer(str(tmp_path / "config.json"))


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release signed as an identity that a Sigstore of our own certified, statements included, and its root."""
    tmp_path = tmp_path_factory.mktemp("logged")
    world, key = World(), ec.generate_private_key(ec.SECP256R1())
    leaf = world.certificate(key)

    def seal(payload: bytes) -> bytes:
        return json.dumps(world.seal(payload, key, leaf)).encode() + b"\n"

    signer = Signer(name="ci", material={}, sign=lambda _: b"", seal=seal)
    made = project(tmp_path / "p")
    wanted = options(tmp_path / "p")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releasing, "signer_for", lambda *_: signer)
        assert releasing.release(wanted, desk=made).verdict == "released"
    world.root(tmp_path / "p" / "trusted_root.json")
    return tmp_path / "p"


def test_an_identity_that_a_log_has_seen_verifies_without_network(logged: Path, tmp_path: Path) -> None:
    out, root = shutil.copytree(logged / "out", tmp_path / "out"), str(logged / "trusted_root.json")
    found = answer(out, identity=IDENTITY, issuer=ISSUER, trusted_root=root)
    assert (found.code, found.word) == (0, "verified"), found.text
    assert IDENTITY in found.text
    for other in ({"identity": "https://example.org/other"}, {"issuer": "https://other.example.org"}):
        assert answer(out, **{"identity": IDENTITY, "issuer": ISSUER, "trusted_root": root, **other}).code == 4
    assert answer(out, identity=IDENTITY, issuer=ISSUER).code == 4, "the public service knows nothing of it"
    assert answer(out, identity=IDENTITY, issuer=ISSUER, trusted_root=World().root(tmp_path / "o.json")).code == 4
    (out / "NOTICE").write_text("mine")
    assert answer(out, identity=IDENTITY, issuer=ISSUER, trusted_root=root).named == {"NOTICE"}


@pytest.mark.parametrize(
    "path",
    [("inclusionPromise", "signedEntryTimestamp"), ("inclusionProof", "rootHash"), ("canonicalizedBody",),
     ("logId", "keyId"), ("integratedTime",)],
    ids=lambda path: path[-1],
)  # fmt: skip
def test_every_part_of_the_log_entry_counts(path: tuple[str, ...], logged: Path, tmp_path: Path) -> None:
    out, root = shutil.copytree(logged / "out", tmp_path / "out"), str(logged / "trusted_root.json")

    def spoil(bundle: Any) -> None:
        at = bundle["verificationMaterial"]["tlogEntries"][0]
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = "1" if path[-1] == "integratedTime" else base64.b64encode(b"x" * 32).decode()

    rewrite(out, spoil)
    assert answer(out, identity=IDENTITY, issuer=ISSUER, trusted_root=root).code == 4
