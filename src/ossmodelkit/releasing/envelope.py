"""The wrapping around a signed statement: a DSSE envelope inside a Sigstore bundle v0.3.

Sources: DSSE protocol v1.0 (pre-authentication encoding), Sigstore bundle format, OMS v1.0 section 4.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ossmodelkit.foundation.errors import IntegrityError
from ossmodelkit.releasing.manifest import MALFORMED, fault_of, strict_json

PAYLOAD_TYPE = "application/vnd.in-toto+json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MEDIA_TYPES = (
    MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
)
MOST_VALUES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Somebody who can sign: how they are called, what a verifier needs, and the act itself.

    `sign` gets the bytes to be signed and gives back an ECDSA signature in DER. `identities` are those
    that its certificate names. `seal`, where it is given, makes the whole bundle of a payload itself.
    """

    name: str
    material: dict[str, Any]
    sign: Callable[[bytes], bytes]
    identities: frozenset[str] = frozenset()
    seal: Callable[[bytes], bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A bundle taken apart; nothing in it has been verified yet.

    `hint` is the fingerprint of the key it claims; `certificates` are DER, the signer's first.
    """

    payload: bytes
    signature: bytes
    hint: str = ""
    certificates: tuple[bytes, ...] = ()
    keyless: bool = False


def authenticated(payload: bytes) -> bytes:
    """The bytes that are signed in place of `payload` (DSSE v1.0, PAE)."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def seal(payload: bytes, signer: Signer) -> bytes:
    """Sign `payload` and wrap it up as a bundle."""
    if signer.seal:
        return signer.seal(payload)
    bundle = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {**signer.material, "tlogEntries": []},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": base64.b64encode(signer.sign(authenticated(payload))).decode(), "keyid": ""}],
        },
    }
    return json.dumps(bundle, separators=(",", ":")).encode() + b"\n"


def unseal(data: bytes) -> Envelope:
    """Take a bundle apart.

    Raises `IntegrityError` when it is not a bundle, or not one with exactly one signature.
    """
    try:
        # All but the payload, which is one long text, is small: millions of empty lists would fill the memory.
        if sum(data.count(mark) for mark in (b"{", b"[", b",")) > MOST_VALUES:
            raise ValueError("it holds too many values for a signature")
        return _envelope(strict_json(data))
    except MALFORMED as error:
        said = f"the signature file is malformed: {fault_of(error)}"
        raise IntegrityError(said, hint="fetch the release again") from error


def _envelope(bundle: Any) -> Envelope:
    if bundle["mediaType"] not in MEDIA_TYPES:
        raise ValueError(f"media type {str(bundle['mediaType'])[:80]!r} is no Sigstore bundle")
    inner = bundle["dsseEnvelope"]
    if "messageSignature" in bundle:
        raise ValueError("it signs two things at once")
    if inner["payloadType"] != PAYLOAD_TYPE:
        raise ValueError(f"payload type {str(inner['payloadType'])[:80]!r} is no in-toto statement")
    if len(inner["signatures"]) != 1:
        raise ValueError(f"{len(inner['signatures'])} signatures where one is expected")
    material = bundle["verificationMaterial"]
    kinds = {"publicKey", "x509CertificateChain", "certificate"} & set(material)
    if len(kinds) != 1:
        raise ValueError("it must name one key or one certificate")
    chain = material["x509CertificateChain"]["certificates"] if "x509CertificateChain" in kinds else []
    if "x509CertificateChain" in kinds and not (isinstance(chain, list) and chain):
        raise ValueError("an empty certificate chain")
    return Envelope(
        payload=_decoded(inner["payload"]),
        signature=_decoded(inner["signatures"][0]["sig"]),
        hint=str(material.get("publicKey", {}).get("hint") or ""),
        certificates=tuple(_decoded(one["rawBytes"]) for one in chain),
        keyless="certificate" in kinds,
    )


def _decoded(text: str) -> bytes:
    data = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 with more than one spelling")
    return data
