"""A whole Sigstore of one's own: authority, certificate log, transparency log, and the trusted root that names them.

Formats: RFC 6962 (certificate timestamps, Merkle tree), the signed notes and entries of Rekor, Sigstore's trusted root.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ossmodelkit.releasing.envelope import PAYLOAD_TYPE, authenticated
from tests.making.authorities import Authority, key_usage

IDENTITY, ISSUER = "https://example.org/ci", "https://token.example.org"
TIMESTAMPS = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
VOUCHED_BEFORE = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")  # the same, as plain text; both are written
VOUCHED = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")


def text(data: bytes) -> str:
    """Base64."""
    return base64.b64encode(data).decode()


def der(key: Any) -> bytes:
    """A public key as DER."""
    found: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def signed(key: Any, data: bytes) -> bytes:
    """An ECDSA signature."""
    found: bytes = key.sign(data, ec.ECDSA(hashes.SHA256()))
    return found


class World:
    """Keys of an authority, of a certificate log and of a transparency log."""

    def __init__(self) -> None:
        self.certificates, self.log, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
        own = (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        start = datetime.now(UTC) - timedelta(days=30)
        usage = (key_usage(key_cert_sign=True, crl_sign=True), True)
        self.authority = Authority(
            "Own Fulcio", key=key, extra=(own, usage), start=start, end=start + timedelta(days=99)
        )

    def root(self, path: Path) -> str:
        """Write `trusted_root.json`."""
        since = {"start": "2020-01-01T00:00:00Z"}
        cas = {"certificates": [{"rawBytes": text(self.authority.certificate.public_bytes(Encoding.DER))}]}
        names = {"organization": "Own", "commonName": "Own Fulcio"}
        document = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._log(self.log, since)],
            "ctlogs": [self._log(self.certificates, since)],
            "certificateAuthorities": [
                {"subject": names, "uri": "https://fulcio.example", "certChain": cas, "validFor": since}
            ],
        }
        path.write_text(json.dumps(document))
        return str(path)

    def _log(self, key: Any, since: dict[str, str]) -> dict[str, Any]:
        public = {"rawBytes": text(der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since}
        named = {"baseUrl": "https://log.example", "hashAlgorithm": "SHA2_256"}
        return {**named, "publicKey": public, "logId": {"keyId": text(hashlib.sha256(der(key)).digest())}}

    def certificate(self, key: Any) -> x509.Certificate:
        """A certificate for ten minutes, with the certificate log's timestamp inside."""
        now, issuer = datetime.now(UTC).replace(microsecond=0), self.authority.key
        vouched = b"\x0c" + bytes([len(ISSUER)]) + ISSUER.encode()
        extra: tuple[Any, ...] = (
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False),
            (key_usage(digital_signature=True), True),
            (x509.UnrecognizedExtension(VOUCHED_BEFORE, ISSUER.encode()), False),
            (x509.UnrecognizedExtension(VOUCHED, vouched), False),
        )
        how: dict[str, Any] = {
            "names": (x509.UniformResourceIdentifier(IDENTITY),), "serial": x509.random_serial_number(),
            "start": now - timedelta(minutes=1), "end": now + timedelta(minutes=9),
        }  # fmt: skip
        before = self.authority.issue(key.public_key(), extra=extra, **how).tbs_certificate_bytes
        stamp = int(now.timestamp() * 1000)
        said = struct.pack(">BBQH", 0, 0, stamp, 1) + hashlib.sha256(der(issuer)).digest()
        said += len(before).to_bytes(3, "big") + before + b"\0\0"
        proof = signed(self.certificates, said)
        one = (
            b"\0" + hashlib.sha256(der(self.certificates)).digest() + struct.pack(">QHBBH", stamp, 0, 4, 3, len(proof))
        )
        listed = struct.pack(">HH", len(one + proof) + 2, len(one + proof)) + one + proof
        octets = b"\x04" + (bytes([len(listed)]) if len(listed) < 128 else bytes([0x81, len(listed)])) + listed
        extra += ((x509.UnrecognizedExtension(TIMESTAMPS, octets), False),)
        return self.authority.issue(key.public_key(), extra=extra, **how)

    def seal(self, payload: bytes, key: Any, leaf: x509.Certificate) -> dict[str, Any]:
        """The bundle of a payload, with its entry in the transparency log."""
        signature = signed(key, authenticated(payload))
        body = json.dumps({
            "apiVersion": "0.0.1", "kind": "dsse",
            "spec": {
                "envelopeHash": {"algorithm": "sha256", "value": "00" * 32},
                "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()},
                "signatures": [{"signature": text(signature), "verifier": text(leaf.public_bytes(Encoding.PEM))}],
            },
        }, separators=(",", ":"), sort_keys=True).encode()  # fmt: skip
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": text(leaf.public_bytes(Encoding.DER))}, "tlogEntries": [self._entry(body)],
            },
            "dsseEnvelope": {
                "payload": text(payload), "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": text(signature)}],
            },
        }  # fmt: skip

    def _entry(self, body: bytes) -> dict[str, Any]:
        log_id, when = hashlib.sha256(der(self.log)).digest(), int(datetime.now(UTC).timestamp())
        root = hashlib.sha256(b"\0" + body).digest()
        promise = {"body": text(body), "integratedTime": when, "logID": log_id.hex(), "logIndex": 0}
        note = f"log.example - 1\n1\n{text(root)}\n"
        mark = text(log_id[:4] + signed(self.log, note.encode()))
        return {
            "logIndex": "0", "logId": {"keyId": text(log_id)}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(when), "canonicalizedBody": text(body),
            "inclusionPromise": {
                "signedEntryTimestamp": text(
                    signed(self.log, json.dumps(promise, separators=(",", ":"), sort_keys=True).encode())
                )
            },
            "inclusionProof": {
                "logIndex": "0", "rootHash": text(root), "treeSize": "1", "hashes": [],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.example {mark}\n"},
            },
        }  # fmt: skip
