"""Signing keys: elliptic curves on disk as PEM, the private half encrypted unless asked otherwise."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

CURVES = {"p256": "SECP256R1", "p384": "SECP384R1"}
# Each curve is signed with the hash of its own size (OMS v1.0, algorithm registry).
HASHES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
LARGEST_KEY = 64 * 1024

# A public key on one of our curves is these bytes and then its point (RFC 5480, section 2; SEC 1, section 2.3.3).
HEADS = {
    "secp256r1": bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"),
    "secp384r1": bytes.fromhex("3076301006072a8648ce3d020106052b81040022036200"),
    "secp521r1": bytes.fromhex("30819b301006072a8648ce3d020106052b8104002303818600"),
}
PEM = re.compile(rb"\s*-----BEGIN PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*")

AskPassphrase = Callable[[], bytes]


def generate(curve: str = "p256") -> EllipticCurvePrivateKey:
    """A new private key on one of `CURVES`."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if curve not in CURVES:
        raise UsageError(f"no curve is called {curve!r}", hint=did_you_mean(curve, CURVES))
    return ec.generate_private_key(getattr(ec, CURVES[curve])())


def private_pem(key: EllipticCurvePrivateKey, passphrase: bytes | None) -> bytes:
    """The key as PKCS#8, encrypted unless `passphrase` is None."""
    from cryptography.hazmat.primitives import serialization

    if passphrase is not None and not passphrase:
        raise UsageError("the passphrase is empty", hint="choose one, or say --no-passphrase")
    protect = serialization.NoEncryption() if passphrase is None else serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protect)


def public_pem(key: EllipticCurvePublicKey) -> bytes:
    """The public half as PEM (SubjectPublicKeyInfo), written here: loading a writer would cost more than verifying."""
    numbers, size = key.public_numbers(), (key.curve.key_size + 7) // 8
    point = b"\x04" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
    text = base64.b64encode(HEADS[key.curve.name] + point)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return b"\n".join([b"-----BEGIN PUBLIC KEY-----", *lines, b"-----END PUBLIC KEY-----", b""])


def fingerprint(key: EllipticCurvePublicKey) -> str:
    """SHA-256 of the public PEM, as the reference signer writes it into `publicKey.hint`."""
    return hashlib.sha256(public_pem(key)).hexdigest()


def load_private(path: Path, ask: AskPassphrase) -> EllipticCurvePrivateKey:
    """The private key in `path`; `ask` is called only when it is encrypted.

    Raises `UsageError` for a wrong passphrase, another kind of key, or no key at all.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    data = _read(path)
    if b"PRIVATE KEY-----" not in data:
        raise UsageError(f"{str(path)!r} holds no private key", hint="kit key gen makes one")
    _check_alone(data, b"PRIVATE KEY-----", str(path))
    secret = ask() if is_protected(data) else None
    try:
        key = serialization.load_pem_private_key(data, password=secret)
    except (ValueError, TypeError) as error:
        if secret is not None:
            raise UsageError(f"cannot open {str(path)!r}", hint="is the passphrase right?") from error
        raise UsageError(f"{str(path)!r} is not a usable private key", hint="kit key gen makes one") from error
    except UnsupportedAlgorithm as error:
        raise _other_kind(str(path)) from error
    return _elliptic_private(key, str(path))


def is_protected(pem: bytes) -> bool:
    """Whether a private key needs a passphrase, in PKCS#8 or in the older form of OpenSSL."""
    return b"ENCRYPTED" in pem


def load_public(path: Path) -> EllipticCurvePublicKey:
    """The public key in `path`, which may be a public key or a certificate in PEM."""
    return parse_public(_read(path), where=str(path))


def parse_public(data: bytes, *, where: str) -> EllipticCurvePublicKey:
    """A public key from its PEM, or from that of a certificate.

    Raises `UsageError` when it is neither, or not on a curve of ours; a private key is refused, too.
    """
    if b"PRIVATE KEY-----" in data:
        raise UsageError(f"{where!r} is a private key", hint="verify with the public half, the file ending in .pub")
    if plain := _plain_public(data):
        return plain
    _check_alone(data, b"-----BEGIN PUBLIC KEY-----", where)
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        if b"BEGIN CERTIFICATE-----" in data:
            from cryptography import x509

            return elliptic_public(x509.load_pem_x509_certificate(data).public_key(), where)
        return elliptic_public(serialization.load_pem_public_key(data), where)
    except ValueError as error:
        raise UsageError(f"{where!r} is not a public key in PEM", hint="kit key show KEY prints it") from error
    except UnsupportedAlgorithm as error:
        raise _other_kind(where) from error


def _check_alone(data: bytes, mark: bytes, where: str) -> None:
    """Refuse a file of several keys: which of them was meant is anybody's guess."""
    count = sum(mark in line for line in data.splitlines() if line.startswith(b"-----BEGIN"))
    if count > 1:
        raise UsageError(f"{where!r} holds {count} keys", hint="give a file with one, or a trust.yaml with several")


def _plain_public(data: bytes) -> EllipticCurvePublicKey | None:
    """The usual form of a key on one of our curves; None for any other, which the library reads."""
    from cryptography.hazmat.primitives.asymmetric import ec

    curves = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1(), "secp521r1": ec.SECP521R1()}
    try:
        found = PEM.fullmatch(data)
        der = base64.b64decode(b"".join(found[1].split()), validate=True) if found else b""
        for name, head in HEADS.items():
            if der.startswith(head):
                return ec.EllipticCurvePublicKey.from_encoded_point(curves[name], der[len(head) :])
    except ValueError:
        return None
    return None


def hash_for(key: EllipticCurvePublicKey) -> HashAlgorithm:
    """The hash that signatures with this key use."""
    from cryptography.hazmat.primitives import hashes

    chosen: HashAlgorithm = getattr(hashes, HASHES[key.curve.name])()
    return chosen


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(LARGEST_KEY)
    except OSError as error:
        hint = "give a key in PEM; kit key gen makes one"
        raise UsageError(f"cannot read the key {str(path)!r}: {error.strerror}", hint=hint) from error


def _elliptic_private(key: object, where: str) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in HASHES:
        return key
    raise _other_kind(where)


def elliptic_public(key: object, where: str) -> EllipticCurvePublicKey:
    """The same key, when it is on a curve of ours; raises `UsageError` naming `where` otherwise."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in HASHES:
        return key
    raise _other_kind(where)


def _other_kind(where: str) -> UsageError:
    return UsageError(f"{where!r} is not a key on P-256, P-384 or P-521", hint="kit key gen makes one")
