"""Whose signature counts: `trust.yaml`, with validity, revocation and what a release must fulfil."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.foundation.wire import from_wire

FILE = "trust.yaml"


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
    max_age_days: Mapping[str, int] | None = None

    def with_fingerprint(self, fingerprint: str) -> TrustedSigner | None:
        """The signer who holds this key."""
        from ossmodelkit.releasing import keys

        for signer in self.signers:
            if (
                signer.key
                and keys.fingerprint(keys.parse_public(signer.key.encode(), where=signer.name)) == fingerprint
            ):
                return signer
        return None

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
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}", hint="docs/releasing.md shows a trust file") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {error}", hint="docs/releasing.md shows a trust file") from error
    return from_wire(Trust, data or {}, where=str(path))
