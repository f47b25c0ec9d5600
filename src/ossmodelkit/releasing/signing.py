"""Put a name to a folder: who signs, and the signature over a list of digests. The twin of `verifying`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.releasing import keys, manifest
from ossmodelkit.releasing.certificates import identities
from ossmodelkit.releasing.envelope import Signer, seal

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

COMMAND = "exec:"
COMMAND_SECONDS = 120


def sign(model: str, digests: Mapping[str, str], signer: Signer) -> bytes:
    """The bundle `model.sig` over `{name: sha256}` of everything in the folder called `model`."""
    return seal(manifest.to_statement(manifest.of_files(model, digests)), signer)


def key_signer(key: EllipticCurvePrivateKey) -> Signer:
    """Sign with a key from a file; a verifier needs its public half."""
    public = key.public_key()
    return Signer(name=_called(public), material=_material(public), sign=lambda data: _ecdsa(key, data))


def certificate_signer(key: EllipticCurvePrivateKey, chain: bytes) -> Signer:
    """Sign with a key whose certificate (PEM, the signer's first, then its issuers) goes along.

    Raises `UsageError` when key and certificate do not belong together.
    """
    material, subject, public, known = _chain(chain)
    _same_key(public, key.public_key())
    return Signer(name=subject, material=material, sign=lambda data: _ecdsa(key, data), identities=known)


def command_signer(words: list[str], public: EllipticCurvePublicKey, chain: bytes = b"") -> Signer:
    """Let a command sign: it gets the bytes on stdin and prints an ECDSA signature in DER (a KMS or an HSM).

    What it prints is verified with `public` before it is used.
    """
    material, name, known = _material(public), _called(public), frozenset[str]()
    if chain:
        material, name, certified, known = _chain(chain)
        _same_key(certified, public)
    return Signer(name=name, material=material, sign=lambda data: _by_command(words, public, data), identities=known)


def _same_key(certified: EllipticCurvePublicKey, other: EllipticCurvePublicKey) -> None:
    if keys.public_pem(certified) != keys.public_pem(other):
        raise UsageError("the certificate belongs to another key", hint="give the certificate of this very key")


def _called(public: EllipticCurvePublicKey) -> str:
    return f"key {keys.fingerprint(public)[:16]}"


def _material(public: EllipticCurvePublicKey) -> dict[str, Any]:
    return {"publicKey": {"hint": keys.fingerprint(public)}}


def _chain(pem: bytes) -> tuple[dict[str, Any], str, EllipticCurvePublicKey, frozenset[str]]:
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise UsageError("the certificate chain is not PEM", hint="give the certificate, then its issuers") from error
    public = certificates[0].public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        raise UsageError("the certificate's key is not on an elliptic curve", hint="use a P-256 or P-384 key")
    listed = [{"rawBytes": base64.b64encode(one.public_bytes(Encoding.DER)).decode()} for one in certificates]
    material = {"x509CertificateChain": {"certificates": listed}}
    return material, certificates[0].subject.rfc4514_string(), public, frozenset(identities(certificates[0]))


def _ecdsa(key: EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Deterministic (RFC 6979) where OpenSSL can, so that the same release has the same signature."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec

    chosen = keys.hash_for(key.public_key())
    try:
        return key.sign(data, ec.ECDSA(chosen, deterministic_signing=True))
    except (TypeError, UnsupportedAlgorithm):
        return key.sign(data, ec.ECDSA(chosen))


def _by_command(words: list[str], public: EllipticCurvePublicKey, data: bytes) -> bytes:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec

    if not words:
        raise UsageError("exec: names no command", hint='write --key "exec:command arguments"')
    try:
        done = subprocess.run(words, input=data, capture_output=True, timeout=COMMAND_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"the signing command did not run: {error}", hint="try it in a shell") from error
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()[-200:]
        raise UsageError(f"the signing command ended with {done.returncode}: {said}", hint="try it in a shell")
    try:
        public.verify(done.stdout, data, ec.ECDSA(keys.hash_for(public)))
    except InvalidSignature as error:
        hint = "it must print a DER signature made by the key whose public half was given"
        raise IntegrityError("the signing command printed a signature that does not verify", hint=hint) from error
    return done.stdout


def words_of(command: str) -> list[str]:
    """The words of `exec:command arguments`."""
    import shlex

    try:
        return shlex.split(command.removeprefix(COMMAND))
    except ValueError as error:
        raise UsageError(f"{command!r} is no command: {error}", hint="close its quotation marks") from error


def read_chain(path: Path) -> bytes:
    """The bytes of a certificate chain."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read the certificate {str(path)!r}: {error.strerror}") from error
