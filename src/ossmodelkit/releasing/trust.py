"""Whose signature counts: `trust.yaml`, with validity, revocation and what a release must fulfil.

A rule that could never match is refused when the file is read: a misspelt rule must not be a weaker rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ossmodelkit.core.evidence import Kind
from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.foundation.wire import did_you_mean, from_wire
from ossmodelkit.foundation.yaml_text import read_yaml
from ossmodelkit.releasing.items import check_profiles
from ossmodelkit.releasing.statements import KINDS

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

FILE = "trust.yaml"
SHA256, URI = re.compile(r"[0-9a-f]{64}"), re.compile(r"[a-z][a-z0-9+.-]*:\S+")
SHOWN = "docs/releasing.md shows a trust file"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedSigner:
    """One allowed signer: a public key in PEM, or an identity whose certificate a root of ours issued."""

    name: str
    key: str = ""
    identity: str = ""
    roots: str = ""
    issuer: str = ""
    not_before: date | None = None
    not_after: date | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a signer without a name")
        if bool(self.key) == bool(self.identity):
            raise ValueError(f"{self.name}: name either a key, or an identity and its roots")
        if self.identity and not self.roots:
            raise ValueError(f"{self.name}: an identity proves nothing without roots that certify it")
        if self.key and (self.roots or self.issuer):
            raise ValueError(f"{self.name}: roots and issuer speak of certificates, and a key has none")
        if "*" in self.identity or self.identity != self.identity.strip():
            raise ValueError(f"{self.name}: an identity is one whole name, no pattern, without spaces around it")
        if self.not_before and self.not_after and self.not_after < self.not_before:
            raise ValueError(f"{self.name}: not_after lies before not_before")

    def public(self) -> EllipticCurvePublicKey:
        """The signer's key; raises `UsageError` for PEM that holds none."""
        from ossmodelkit.releasing import keys

        return keys.parse_public(self.key.encode(), where=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Allowed signers, what is revoked, and what is demanded of every release.

    `revoked_keys` are fingerprints, `revoked_digests` payload digests; ages are in days, counted today.
    """

    signers: tuple[TrustedSigner, ...] = ()
    revoked_keys: tuple[str, ...] = ()
    revoked_digests: tuple[str, ...] = ()
    required_profiles: tuple[str, ...] = ()
    required_claims: tuple[str, ...] = ()
    max_age_days: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for digest in (*self.revoked_keys, *self.revoked_digests):
            if not SHA256.fullmatch(digest):
                raise ValueError(f"{digest[:80]!r} is no SHA-256 in 64 small hexadecimal digits, so it revokes nothing")
        for claim in self.required_claims:
            if claim not in KINDS and not URI.match(claim):
                raise ValueError(f"required_claims: {claim!r} is no statement; {did_you_mean(claim, KINDS)}, or a URI")
        for kind, days in self.max_age_days.items():
            if kind not in set(Kind):
                raise ValueError(f"max_age_days: no record is of the kind {kind!r}; {did_you_mean(kind, list(Kind))}")
            if days < 0:
                raise ValueError(f"max_age_days: {kind} is less than no days")

    @property
    def demanding(self) -> bool:
        """Whether it asks for anything that only a release's documents can show."""
        return bool(self.required_profiles or self.required_claims or self.max_age_days)

    def with_fingerprint(self, fingerprint: str) -> TrustedSigner | None:
        """The signer who holds this key."""
        from ossmodelkit.releasing import keys

        return next((one for one in self.key_holders() if keys.fingerprint(one.public()) == fingerprint), None)

    def key_holders(self) -> Iterator[TrustedSigner]:
        """The signers with a key of their own."""
        return (signer for signer in self.signers if signer.key)

    def check_dates(self, signer: TrustedSigner, signed: date) -> None:
        """Raise `IntegrityError` when the signer was not allowed on the day of signing."""
        if signer.not_before and signed < signer.not_before:
            raise IntegrityError(f"{signer.name} may sign from {signer.not_before}, this was signed on {signed}")
        if signer.not_after and signed > signer.not_after:
            hint = "ask the publisher to sign again with a current key"
            raise IntegrityError(
                f"{signer.name} could sign until {signer.not_after}, this was signed on {signed}", hint=hint
            )

    def check_revoked(self, fingerprint: str, digests: Iterable[str]) -> None:
        """Raise `IntegrityError` when the key or the payload was revoked."""
        if fingerprint in self.revoked_keys:
            raise IntegrityError(f"key {fingerprint[:16]} is revoked", hint="do not use this release")
        for digest in digests:
            if digest in self.revoked_digests:
                raise IntegrityError(f"payload {digest[:16]} is revoked", hint="do not use this release")


def read_trust(path: Path) -> Trust:
    """Read a trust file, strictly: a misspelt rule must not be a weaker rule."""
    data = read_yaml(path, hint=SHOWN)
    found = from_wire(Trust, {} if data is None else data, where=str(path))
    _check_signers(found, str(path))
    if found.required_profiles:
        check_profiles(found.required_profiles)
    return found


def _check_signers(trust: Trust, where: str) -> None:
    """Read every key and every root now: a signer who could never be matched is a mistake."""
    from ossmodelkit.releasing import certificates, keys

    known: dict[str, str] = {}
    for signer in trust.signers:
        if signer.identity:
            certificates.parse_roots(signer.roots.encode())
            continue
        fingerprint = keys.fingerprint(signer.public())
        if fingerprint in known:
            said = f"{where}: {signer.name!r} has the key of {known[fingerprint]!r}"
            raise UsageError(said, hint="list every key once")
        known[fingerprint] = signer.name
