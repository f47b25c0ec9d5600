"""Who signed a release, and is that somebody to trust: by key, by certificate, or by a trust file.

Whatever is named must hold: a flag never loosens a trust file, and a trust file never loosens a flag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.releasing import certificates, keyless, keys, verifying
from ossmodelkit.releasing.demands import Demands
from ossmodelkit.releasing.envelope import Envelope
from ossmodelkit.releasing.manifest import Manifest, from_statement
from ossmodelkit.releasing.trust import Trust, TrustedSigner, read_trust

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey


@dataclass(slots=True, kw_only=True)
class Whom:
    """Whose signature is accepted, as given on the command line; `load` reads the files."""

    key: str = ""
    certificate: str = ""
    identity: str = ""
    issuer: str = ""
    trust: str = ""
    trusted_root: str = ""
    public: EllipticCurvePublicKey | None = None
    roots: bytes = b""
    trusted: Trust | None = None

    def load(self) -> None:
        """Raises `UsageError` when nobody is named, or a file cannot be read."""
        if self.trusted_root and not (self.identity and self.issuer):
            hint = "give --identity NAME and --issuer URL"
            raise UsageError("Sigstore certifies anybody: say whom you expect, and who vouched for them", hint=hint)
        if not (self.key or self.certificate or self.trust or (self.identity and self.issuer)):
            raise UsageError(
                "whose signature do you expect?",
                hint="give --key KEY.pub, --trust trust.yaml, or for Sigstore --identity and --issuer",
            )
        if self.key and (self.identity or self.issuer) and not (self.certificate or self.trust):
            hint = "give --certificate ROOT.pem, or leave --identity and --issuer out"
            raise UsageError("a bare key names nobody, so there is no identity to check", hint=hint)
        if self.certificate and not self.identity:
            raise UsageError("a certificate from anybody proves nothing", hint="say whom you expect: --identity NAME")
        if self.key:
            self.public = keys.load_public(Path(self.key))
        if self.certificate:
            try:
                self.roots = Path(self.certificate).read_bytes()
            except OSError as error:
                hint = "give the root certificate in PEM"
                raise UsageError(f"cannot read {self.certificate!r}: {error.strerror}", hint=hint) from error
            certificates.parse_roots(self.roots)
        if self.trust:
            self.trusted = read_trust(Path(self.trust))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A signature that verifies: who made it, and what it covers."""

    name: str
    manifest: Manifest
    public: EllipticCurvePublicKey
    fingerprint: str = ""
    pinned_by: str = ""
    demands: Demands | None = None
    max_age_days: Mapping[str, int] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)
    signer: TrustedSigner | None = None

    def check_payload(self, sha256: str, signed: date) -> None:
        """Raise `IntegrityError` when the payload is revoked, or the signer was not allowed on that day."""
        self.trust.check_revoked(self.fingerprint, (sha256,))
        if self.signer:
            self.trust.check_dates(self.signer, signed)


def identify(folder: Path, whom: Whom, now: datetime) -> Identified:
    """Who signed the release in `folder`.

    Raises `IntegrityError` when the signature is absent, broken, or not by anybody accepted.
    """
    envelope = verifying.read_envelope(folder)
    trust = whom.trusted or Trust()
    if envelope.keyless:
        public, name, signer = _keyless(folder, whom)
    else:
        way = _by_certificate if envelope.certificates else _by_key
        public, name, signer = way(envelope, whom, now)
    verifying.check_signature(envelope, public)
    fingerprint = keys.fingerprint(public)
    trust.check_revoked(fingerprint, ())
    profiles = {"name": "trust.yaml", "profiles": trust.required_profiles}
    return Identified(
        name=name,
        manifest=from_statement(envelope.payload),
        public=public,
        fingerprint=fingerprint,
        pinned_by=signer.name if signer else "",
        demands=from_wire(Demands, profiles) if trust.required_profiles else None,
        max_age_days=trust.max_age_days,
        trust=trust,
        signer=signer,
    )


def _keyless(folder: Path, whom: Whom) -> tuple[EllipticCurvePublicKey, str, TrustedSigner | None]:
    """An identity that Sigstore certified, named on the command line: trust files know keys and roots only."""
    if whom.key or whom.certificate or whom.trust:
        hint = "give --identity NAME and --issuer URL, and none of --key, --certificate and --trust"
        raise IntegrityError("signed with Sigstore, not with a key or a certificate of yours", hint=hint)
    data = verifying.read_signature(folder)
    public = keyless.verify(data, identity=whom.identity, issuer=whom.issuer, trusted_root=whom.trusted_root)
    return public, f"{whom.identity} ({whom.issuer})", None


def _by_key(envelope: Envelope, whom: Whom, now: datetime) -> tuple[EllipticCurvePublicKey, str, TrustedSigner | None]:
    if whom.certificate or whom.identity or whom.issuer:
        raise IntegrityError("signed with a bare key, not with a certificate", hint="give --key KEY.pub")
    if whom.public is not None:
        verifying.verify_with_key(envelope, whom.public)
    signer = _key_holder(envelope, whom) if whom.trusted else None
    public = signer.public() if signer else whom.public
    if public is None:
        raise IntegrityError("signed with a bare key, not with a certificate", hint="give --key KEY.pub")
    return public, f"key {keys.fingerprint(public)[:16]}", signer


def _key_holder(envelope: Envelope, whom: Whom) -> TrustedSigner:
    """The trusted signer who made this signature; what the bundle says about its key is a hint and no more."""
    trust = whom.trusted or Trust()
    for signer in trust.key_holders():
        if envelope.hint in ("", keys.fingerprint(signer.public())):
            try:
                verifying.check_signature(envelope, signer.public())
            except IntegrityError:
                if envelope.hint:
                    raise
                continue
            return signer
    told = envelope.hint[:16] or "without a name"
    raise IntegrityError(f"key {told} is not in {whom.trust}", hint="add it with kit key trust, if you trust it")


def _by_certificate(
    envelope: Envelope, whom: Whom, now: datetime
) -> tuple[EllipticCurvePublicKey, str, TrustedSigner | None]:
    if not whom.roots and whom.trusted is None:
        hint = "give --certificate ROOT.pem and --identity NAME"
        raise IntegrityError("signed with a certificate, not with a bare key", hint=hint)
    signer = _certified(envelope, whom, now) if whom.trusted else None
    roots = whom.roots or (signer.roots.encode() if signer else b"")
    identity = whom.identity or (signer.identity if signer else "")
    public, name = certificates.check_chain(envelope.certificates, roots, identity, now, issuer=whom.issuer)
    if whom.public is not None and keys.fingerprint(whom.public) != keys.fingerprint(public):
        raise IntegrityError("the certificate is for another key than the one you gave", hint="leave one of them out")
    return public, name, signer


def _certified(envelope: Envelope, whom: Whom, now: datetime) -> TrustedSigner:
    """The trusted signer whose certificate this is; with `--identity` and `--issuer`, only one of theirs."""
    errors = []
    for signer in _named(whom):
        try:
            roots = signer.roots.encode()
            certificates.check_chain(envelope.certificates, roots, signer.identity, now, issuer=signer.issuer)
        except IntegrityError as error:
            errors.append(error.message)
        else:
            return signer
    hint = "list the signer with identity and roots in the trust file, if you trust them"
    raise IntegrityError(errors[0] if errors else f"no such certificate is trusted in {whom.trust}", hint=hint)


def _named(whom: Whom) -> Iterator[TrustedSigner]:
    for signer in whom.trusted.signers if whom.trusted else ():
        if signer.identity and whom.identity in ("", signer.identity):
            yield signer
