"""A certificate must hold in every way: root, time, use, name, form. Anything else is exit code 4."""

from __future__ import annotations

import base64
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.releasing import certificates, keys
from ossmodelkit.workflow.release import check, release
from tests.making.authorities import MAIL, YEAR, Authority, key_usage, pem
from tests.making.forged import Answer, answer, certify, private, rewrite
from tests.making.releases import NOW, options, project

DAY = timedelta(days=1)
ROOT = Authority()
STRANGER = Authority("Stranger")


def public(root: Path) -> Any:
    return private(root / "key").public_key()


def told(out: Path, root: bytes, *, now: datetime = NOW, **whom: str) -> Answer:
    """Verify with this root, expecting Ada unless told otherwise."""
    (out.parent / "root.pem").write_bytes(root)
    return answer(out, now=now, **{"certificate": str(out.parent / "root.pem"), "identity": MAIL, **whom})


def signed(folder: Path) -> Path:
    """A release signed with Ada's certificate, as a user makes it."""
    made = project(folder)
    (folder / "chain.pem").write_bytes(pem(ROOT.issue(public(folder))))
    assert release(options(folder, certificate=str(folder / "chain.pem")), desk=made).verdict == "released"
    return folder / "out"


def test_a_release_with_a_certificate_verifies_until_it_ends(tmp_path: Path) -> None:
    out = signed(tmp_path)
    assert told(out, ROOT.pem).word == "verified"
    assert told(out, ROOT.pem, now=NOW + YEAR).word == "verified", "the last second"
    assert told(out, ROOT.pem, now=NOW + YEAR + timedelta(seconds=1)).code == 4
    assert told(out, ROOT.pem, issuer="Test Root").word == "verified"
    assert told(out, ROOT.pem, issuer="CN=Test Root").word == "verified"
    assert told(out, ROOT.pem, key=str(tmp_path / "key.pub")).word == "verified"


USELESS: list[Any] = [
    pytest.param({"end": NOW - DAY}, "expired", id="expired"),
    pytest.param({"start": NOW + DAY}, "valid from", id="not yet valid"),
    pytest.param({"usage": ExtendedKeyUsageOID.SERVER_AUTH}, "code signing", id="for a web server"),
    pytest.param({"usage": None}, "code signing", id="for nothing in particular"),
    pytest.param({"usage": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}, "code signing", id="for anything"),
    pytest.param({"extra": ((key_usage(key_agreement=True), True),)}, "signatures", id="not for signatures"),
    pytest.param(
        {"extra": ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),)},
        "not understood", id="a critical extension nobody knows",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("issue", "says"), USELESS)
def test_a_useless_certificate_neither_signs_nor_verifies(
    issue: dict[str, Any], says: str, released: Path, out: Path, tmp_path: Path
) -> None:
    chain = pem(ROOT.issue(public(released), **issue))
    (tmp_path / "chain.pem").write_bytes(chain)
    wanted = options(released, out=str(tmp_path / "new"), certificate=str(tmp_path / "chain.pem"))
    with pytest.raises(UsageError, match=says):
        check(wanted, desk=project(tmp_path / "p"))
    certify(out, released / "key", chain)
    found = told(out, ROOT.pem)
    assert (found.code, found.word) == (4, "untrusted")
    assert says in found.text


def leaf_of(above: Authority, root: Path, **issue: Any) -> bytes:
    return pem(above.issue(public(root), **issue), above.certificate)


def short() -> Authority:
    """An authority that may issue to people and not to authorities."""
    return Authority("Short", above=ROOT, path_length=0)


CHAINS: list[Any] = [
    pytest.param(lambda r: leaf_of(Authority("Middle", above=ROOT), r), True, id="through an authority"),
    pytest.param(lambda r: leaf_of(short(), r), True, id="as deep as allowed"),
    pytest.param(
        lambda r: leaf_of(Authority("Under", above=(s := short())), r) + s.pem, False, id="deeper than allowed"
    ),
    pytest.param(lambda r: leaf_of(Authority("Middle", above=ROOT, ca=False), r), False, id="through somebody"),
    pytest.param(lambda r: leaf_of(Authority("Middle", above=ROOT, end=NOW - DAY), r), False, id="expired authority"),
    pytest.param(
        lambda r: leaf_of(Authority("Middle", above=ROOT, extra=((key_usage(crl_sign=True), True),)), r), False,
        id="an authority that may not issue",
    ),
    pytest.param(lambda r: leaf_of(STRANGER, r), False, id="another root, sent along"),
    pytest.param(lambda r: pem(STRANGER.issue(public(r)), ROOT.certificate), False, id="the right root, unrelated"),
    pytest.param(lambda r: pem(Authority("Test Root").issue(public(r))), False, id="a root of the same name"),
    pytest.param(
        lambda r: pem(Authority("Ada Example", key=private(r / "key"), ca=False).certificate), False, id="self-signed"
    ),
    pytest.param(lambda r: pem(Authority("Middle", above=ROOT).issue(public(r))), False, id="a link is missing"),
    pytest.param(
        lambda r: leaf_of(
            Authority("Limited", above=ROOT, extra=((x509.NameConstraints([x509.RFC822Name("b.org")], None), True),)), r
        ),
        False, id="an authority for other names only",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("chain", "fine"), CHAINS)
def test_a_chain_leads_to_the_root_you_gave(chain: Any, fine: bool, released: Path, out: Path) -> None:
    certify(out, released / "key", chain(released))
    assert told(out, ROOT.pem).word == ("tampered" if fine else "untrusted"), "the statements are of the bare key"


NAMES: list[Any] = [
    pytest.param({}, {"identity": "eve@example.org"}, False, id="somebody else"),
    pytest.param({}, {"identity": "ADA@example.org"}, False, id="another case"),
    pytest.param({}, {"identity": "ada@example.org "}, False, id="a space more"),
    pytest.param({}, {"identity": "example.org"}, False, id="a piece of the name"),
    pytest.param({}, {"identity": "Ada Example"}, False, id="common name beside an alternative name"),
    pytest.param({"names": ()}, {"identity": "Ada Example"}, True, id="common name alone"),
    pytest.param({"names": (x509.DNSName("example.org"),)}, {"identity": "example.org"}, True, id="a host"),
    pytest.param(
        {"names": (x509.UniformResourceIdentifier("https://example.org/ci"),)},
        {"identity": "https://example.org/ci"}, True, id="a workflow",
    ),
    pytest.param({}, {"issuer": "Another Root"}, False, id="another issuer"),
    pytest.param({}, {"issuer": "Test"}, False, id="a piece of the issuer"),
]  # fmt: skip


@pytest.mark.parametrize(("issue", "whom", "fine"), NAMES)
def test_a_certificate_names_whom_you_expect(
    issue: dict[str, Any], whom: dict[str, str], fine: bool, released: Path, out: Path
) -> None:
    certify(out, released / "key", pem(ROOT.issue(public(released), **issue)))
    assert told(out, ROOT.pem, **whom).word == ("tampered" if fine else "untrusted")


def test_a_certificate_for_another_key_is_refused(released: Path, out: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(UsageError, match="another key"):
        certify(out, released / "key", pem(ROOT.issue(other.public_key())))
    certify(out, released / "key", pem(ROOT.issue(public(released))))
    raw = base64.b64encode(ROOT.issue(other.public_key()).public_bytes(Encoding.DER)).decode()
    rewrite(out, lambda b: b["verificationMaterial"]["x509CertificateChain"]["certificates"][0].update(rawBytes=raw))
    assert told(out, ROOT.pem).word == "untrusted"


def test_a_weak_hash_is_refused() -> None:
    class Weak:
        signature_hash_algorithm = hashes.SHA1()
        subject = ROOT.certificate.subject

    with pytest.raises(IntegrityError, match="sha1"):
        certificates._check_form(Weak())  # type: ignore[arg-type]


def test_the_trust_file_and_the_flags_must_both_hold(tmp_path: Path) -> None:
    """A flag narrows what a trust file allows; it never widens it."""
    out, file = signed(tmp_path), tmp_path / "trust.yaml"
    ada = {"name": "Ada", "identity": MAIL, "roots": ROOT.pem.decode()}
    bob = {"name": "Bob", "identity": "bob@example.org", "roots": ROOT.pem.decode()}
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    flags = {"certificate": str(tmp_path / "root.pem"), "identity": MAIL}
    for signers, more, code in (
        ([ada], {}, 0),
        ([ada], flags, 0),
        ([bob, ada], {"identity": MAIL}, 0),
        ([bob], {}, 4),
        ([bob], flags, 4),
        ([ada], {"identity": "bob@example.org"}, 4),
        ([ada], {"issuer": "Stranger"}, 4),
        ([{**ada, "issuer": "Stranger"}], {}, 4),
        ([{**ada, "roots": STRANGER.pem.decode()}], {}, 4),
        ([{**ada, "not_after": NOW.date() - DAY}], {}, 4),
        ([ada], {"key": str(tmp_path / "key.pub")}, 0),
        ([], flags, 4),
    ):
        file.write_text(yaml.safe_dump({"signers": signers}))
        found = answer(out, trust=str(file), **more)  # type: ignore[arg-type]
        assert found.code == code, (signers, more, found.text)
    fingerprint = keys.fingerprint(keys.load_public(tmp_path / "key.pub"))
    file.write_text(yaml.safe_dump({"signers": [ada], "revoked_keys": [fingerprint]}))
    assert "revoked" in answer(out, trust=str(file)).text


def test_key_and_certificate_are_not_mixed_up(released: Path, out: Path, tmp_path: Path) -> None:
    assert told(out, ROOT.pem).word == "untrusted"
    assert told(out, ROOT.pem, key=str(released / "key.pub")).word == "untrusted", "both were asked for"
    certify(out, released / "key", pem(ROOT.issue(public(released))))
    assert answer(out, key=str(released / "key.pub")).word == "untrusted"
    for whom in ({"certificate": str(tmp_path / "root.pem")}, {"key": str(released / "key.pub"), "identity": MAIL}):
        assert answer(out, **whom).code == 2
    assert told(out, b"no certificate").code == 2


def test_the_reference_tool_verifies_our_certificates(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    made = project(tmp_path)
    chain = ROOT.issue(public(tmp_path), start=now - DAY, end=now + YEAR)
    (tmp_path / "chain.pem").write_bytes(pem(chain))
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    release(options(tmp_path, certificate=str(tmp_path / "chain.pem")), desk=made)
    words = ["verify", "certificate", str(tmp_path / "out"), "--signature", str(tmp_path / "out" / "model.sig")]
    words += ["--certificate_chain", str(tmp_path / "root.pem")]
    done = subprocess.run([sys.executable, "-m", "model_signing", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
