"""Keys, certificates and commands of odd shape: opened, or refused in one clear line."""

from __future__ import annotations

import base64
import os
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from ossmodelkit.foundation.errors import KitError, UsageError
from ossmodelkit.releasing import certificates, keys, signing
from ossmodelkit.workflow.key import passphrase
from ossmodelkit.workflow.release import check, release
from tests.making.authorities import MAIL, Authority, pem
from tests.making.forged import answer, certify, private, rewrite
from tests.making.releases import NOW, desk, options

ROOT = Authority()
P256, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ED, RSA = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)
PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


def secret(key: Any, form: PrivateFormat = PrivateFormat.PKCS8, password: bytes = b"") -> bytes:
    protect = BestAvailableEncryption(password) if password else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, form, protect))


def public(key: Any, encoding: Encoding = Encoding.PEM) -> bytes:
    return bytes(key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo))


def elsewhere(form: Callable[..., bytes]) -> bytes:
    """A key on a curve that nobody knows: the last byte of the curve's name is another."""
    name = bytes.fromhex("06082a8648ce3d0301")
    der = form().replace(name + b"\x07", name + b"\x7f")
    label = b"PRIVATE" if b"\x02\x01\x01\x04" in der else b"PUBLIC"
    return b"-----BEGIN %s KEY-----\n%s-----END %s KEY-----\n" % (label, base64.encodebytes(der), label)


PRIVATE: list[Any] = [
    pytest.param(secret(P256), "", id="PKCS#8"),
    pytest.param(secret(P256, PrivateFormat.TraditionalOpenSSL), "", id="the older form of OpenSSL"),
    pytest.param(PARAMETERS + secret(P256, PrivateFormat.TraditionalOpenSSL), "", id="behind its parameters"),
    pytest.param(secret(P256).replace(b"\n", b"\r\n"), "", id="line ends of Windows"),
    pytest.param(b"my key\n" + secret(P256), "", id="behind a remark"),
    pytest.param(secret(ec.generate_private_key(ec.SECP521R1())), "", id="P-521"),
    pytest.param(secret(P256, password=b"right"), "", id="protected"),
    pytest.param(secret(P256, PrivateFormat.TraditionalOpenSSL, b"right"), "", id="protected, the older form"),
    pytest.param(secret(P256, password=b"other"), "is the passphrase right", id="protected with another word"),
    pytest.param(secret(P256) + secret(OTHER), "holds 2 keys", id="two keys"),
    pytest.param(secret(ec.generate_private_key(ec.SECP256K1())), "not a key on", id="the curve of coins"),
    pytest.param(secret(ec.generate_private_key(ec.SECP224R1())), "not a key on", id="a short curve"),
    pytest.param(secret(ED), "not a key on", id="Ed25519"),
    pytest.param(secret(RSA), "not a key on", id="RSA"),
    pytest.param(
        elsewhere(lambda: bytes(P256.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))),
        "not a", id="a curve nobody knows",
    ),
    pytest.param(secret(P256, PrivateFormat.OpenSSH), "not a usable", id="a key of SSH"),
    pytest.param(public(P256), "no private key", id="a public key"),
    pytest.param(secret(P256).replace(b"M", b"N", 1), "not a usable", id="a letter changed"),
    pytest.param(b"", "no private key", id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "says"), PRIVATE)
def test_a_private_key_is_opened_or_refused(data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(data)
    if not says:
        assert keys.load_private(tmp_path / "key", lambda: b"right").curve.name in keys.HASHES
        return
    with pytest.raises(UsageError) as caught:
        keys.load_private(tmp_path / "key", lambda: b"right")
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_an_empty_passphrase_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(secret(P256, password=b"right"))
    with pytest.raises(UsageError, match="cannot open"):
        keys.load_private(tmp_path / "key", lambda: b"")


def test_a_passphrase_may_be_any_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_PASSPHRASE", os.fsdecode(b"x\xff"))
    assert passphrase(None) == b"x\xff"


PUBLIC: list[Any] = [
    pytest.param(public(P256), "", id="plain"),
    pytest.param(b"\xef\xbb\xbf" + public(P256), "", id="a byte order mark"),
    pytest.param(public(P256).replace(b"\n", b"\r\n"), "", id="line ends of Windows"),
    pytest.param(b"our key\n" + public(P256) + b"thank you\n", "", id="with words around it"),
    pytest.param(ROOT.pem, "", id="a certificate"),
    pytest.param(public(P256) + public(OTHER), "holds 2 keys", id="two keys"),
    pytest.param(public(P256, Encoding.DER), "not a public key", id="DER"),
    pytest.param(public(P256).decode().encode("utf-16"), "not a public key", id="UTF-16"),
    pytest.param(public(ED), "not a key on", id="Ed25519"),
    pytest.param(public(RSA), "not a key on", id="RSA"),
    pytest.param(elsewhere(lambda: public(P256, Encoding.DER)), "not a key on", id="a curve nobody knows"),
    pytest.param(secret(P256), "is a private key", id="a private key"),
    pytest.param(b"-" * 200_000, "not a public key", id="dashes"),
]


@pytest.mark.parametrize(("data", "says"), PUBLIC)
def test_a_public_key_is_read_or_refused(data: bytes, says: str, released: Path, out: Path) -> None:
    (out.parent / "key.pub").write_bytes(data)
    found = answer(out, key=str(out.parent / "key.pub"))
    assert (found.code, "not by the key you gave" in found.text or says in found.text) == (2 if says else 4, True)


def test_a_key_that_others_may_read_is_told(released: Path, tmp_path: Path) -> None:
    for mode, form, told in ((0o644, b"", True), (0o600, b"", False), (0o644, b"right", False)):
        (tmp_path / "key").write_bytes(secret(P256, password=form))
        (tmp_path / "key").chmod(mode)
        (tmp_path / "word").write_bytes(b"right")
        wanted = options(released, key=str(tmp_path / "key"), passphrase_file=str(tmp_path / "word"))
        assert any("chmod 600" in note for note in check(wanted, desk=desk(released)).notes) is told


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param("exec:", "names no command", id="no command"),
        pytest.param("exec:'open", "No closing quotation", id="an open quotation"),
        pytest.param("exec:/nowhere/sign", "did not run", id="a command that is not there"),
        pytest.param("exec:false", "ended with 1", id="a command that fails"),
        pytest.param("exec:cat", "does not verify", id="a command that prints what it got"),
        pytest.param("exec:true", "does not verify", id="a command that prints nothing"),
        pytest.param("exec:yes", "did not run", id="a command without end"),
    ],
)
def test_a_signing_command_that_signs_nothing_is_refused(
    command: str, says: str, released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "COMMAND_SECONDS", 0.2)
    wanted = options(released, key=command, public=str(released / "key.pub"), out=str(tmp_path / "out"))
    with pytest.raises(KitError) as caught:
        release(wanted, desk=desk(released))
    assert says in caught.value.message
    assert not (tmp_path / "out").exists()


def limited(critical: bool) -> Authority:
    """An authority that may speak for another domain only."""
    limits = x509.NameConstraints([x509.RFC822Name("other.org")], None)
    return Authority("Limited", above=ROOT, extra=((limits, critical),))


def below(authority: Authority) -> Callable[[Any], bytes]:
    return lambda key: pem(authority.issue(key), authority.certificate)


SELF = {"names": (x509.RFC822Name(MAIL),), "usage": ExtendedKeyUsageOID.CODE_SIGNING}
FIRST = Authority("First", above=ROOT)
SECOND = Authority("Second", above=FIRST)
CHAINS: list[Any] = [
    pytest.param(lambda key: pem(ROOT.issue(key, ca=True)), "that of an authority", id="an authority's own"),
    pytest.param(below(limited(False)), "not understood", id="limits that the authority does not insist on"),
    pytest.param(below(limited(True)), "not understood", id="limits"),
    pytest.param(
        below(Authority("Web", above=ROOT, usage=ExtendedKeyUsageOID.SERVER_AUTH)), "code signing",
        id="an authority for web servers",
    ),
    pytest.param(below(Authority("Code", above=ROOT, usage=ExtendedKeyUsageOID.CODE_SIGNING)), "", id="for code"),
    pytest.param(
        below(Authority("Any", above=ROOT, usage=ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)), "", id="for any use"
    ),
    pytest.param(lambda key: pem(FIRST.issue(key), FIRST.certificate, ROOT.certificate), "", id="with its root"),
    pytest.param(
        lambda key: pem(SECOND.issue(key), FIRST.certificate, SECOND.certificate), "", id="authorities out of order"
    ),
    pytest.param(lambda key: pem(*[ROOT.issue(key)] * 3), "", id="three times the same"),
    pytest.param(lambda key: pem(*[ROOT.issue(key)] * 9), "chain of 9", id="nine"),
    pytest.param(lambda key: pem(ROOT.issue(key, names=(), subject=MAIL + "\0.evil")), "names", id="a zero in a name"),
    pytest.param(lambda key: pem(ROOT.issue(key, names=(x509.DNSName("*.org"),))), "names", id="any host"),
    pytest.param(
        lambda key: pem(ROOT.issue(key, names=(x509.RFC822Name("z@b.org"), x509.RFC822Name(MAIL)))), "", id="two names"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("chain", "says"), CHAINS)
def test_an_odd_chain_is_accepted_or_refused(chain: Any, says: str, released: Path, out: Path) -> None:
    certify(out, released / "key", chain(private(released / "key").public_key()))
    (out.parent / "root.pem").write_bytes(ROOT.pem)
    found = answer(out, certificate=str(out.parent / "root.pem"), identity=MAIL)
    assert found.named == ({"model.sig"} if says else {"claims.jsonl"}), found.text
    assert says in found.text


def test_a_chain_that_is_over_signs_nothing(released: Path, tmp_path: Path) -> None:
    over = Authority("Over", above=ROOT, end=NOW - timedelta(days=1))
    (tmp_path / "chain.pem").write_bytes(below(over)(private(released / "key").public_key()))
    with pytest.raises(UsageError, match="Over' expired"):
        check(options(released, certificate=str(tmp_path / "chain.pem")), desk=desk(released))


def test_the_very_certificate_may_be_the_root(released: Path, out: Path) -> None:
    own = Authority("Ada Example", key=private(released / "key"), ca=False, **SELF)
    certify(out, released / "key", own.pem)
    for root, named in ((own, "claims.jsonl"), (ROOT, "model.sig")):
        (out.parent / "root.pem").write_bytes(root.pem)
        assert answer(out, certificate=str(out.parent / "root.pem"), identity=MAIL).named == {named}


@pytest.mark.parametrize("key", [ED, RSA, ec.generate_private_key(ec.SECP256K1())], ids=["Ed25519", "RSA", "coins"])
def test_a_certificate_for_another_kind_of_key_is_refused(key: Any, out: Path) -> None:
    raw = base64.b64encode(ROOT.issue(key.public_key()).public_bytes(Encoding.DER)).decode()
    chain = {"x509CertificateChain": {"certificates": [{"rawBytes": raw}]}}
    rewrite(out, lambda bundle: bundle.update(verificationMaterial=chain))
    (out.parent / "root.pem").write_bytes(ROOT.pem)
    found = answer(out, certificate=str(out.parent / "root.pem"), identity=MAIL)
    assert (found.code, "not a key on" in found.text) == (4, True)
    (out.parent / "chain.pem").write_bytes(pem(ROOT.issue(key.public_key())))
    with pytest.raises(UsageError, match="not a key on"):
        certificates.check_usable((out.parent / "chain.pem").read_bytes(), NOW)


def test_no_bytes_in_a_certificate_make_the_reader_fall() -> None:
    """Each of them is given as its own root, so that everything in it is looked at."""
    whole, chance = ROOT.issue(P256.public_key()).public_bytes(Encoding.DER), random.Random(3)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        text = b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(data)
        for roots in (text, ROOT.pem):
            try:
                certificates.check_chain((bytes(data),), roots, MAIL, NOW)
            except KitError as error:
                assert error.message
