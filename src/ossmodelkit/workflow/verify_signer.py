"""Who signed a release, and is that somebody to trust: by key, by certificate, or by a trust file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ossmodelkit.core.finding import Finding, Place, Severity
from ossmodelkit.foundation.errors import IntegrityError, UsageError
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.releasing import certificates, keys, statements, verifying
from ossmodelkit.releasing.demands import Demands
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.envelope import Envelope
from ossmodelkit.releasing.layout import INDEX
from ossmodelkit.releasing.manifest import CLAIMS, GIT_PATHS, SIGNATURE, Manifest, from_statement
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
    public: EllipticCurvePublicKey | None = None
    roots: bytes = b""
    trusted: Trust | None = None

    def load(self) -> None:
        """Raises `UsageError` when nobody is named, or a file cannot be read."""
        if not (self.key or self.certificate or self.trust):
            raise UsageError("whose signature do you expect?", hint="give --key KEY.pub, or --trust trust.yaml")
        if self.certificate and not self.identity:
            raise UsageError("a certificate from anybody proves nothing", hint="say whom you expect: --identity NAME")
        if self.key:
            self.public = keys.load_public(Path(self.key))
        if self.certificate:
            try:
                self.roots = Path(self.certificate).read_bytes()
            except OSError as error:
                raise UsageError(f"cannot read {self.certificate!r}: {error.strerror}") from error
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
    max_age_days: Mapping[str, int] | None = None
    trust: Trust = field(default_factory=Trust)
    signer: TrustedSigner | None = None

    def check_payload(self, dossier: Dossier) -> None:
        """Raise `IntegrityError` when the payload is revoked, or the signer was not allowed on that day."""
        self.trust.check_revoked(self.fingerprint, (dossier.sha256,))
        if self.signer:
            self.trust.check_dates(self.signer, dossier.created.date())


def identify(folder: Path, whom: Whom, now: datetime) -> Identified:
    """Who signed the release in `folder`.

    Raises `IntegrityError` when the signature is absent, broken, or not by anybody accepted.
    """
    envelope = verifying.read_envelope(folder)
    if envelope.keyless:
        raise IntegrityError("signed without a key of its own (Sigstore)", hint="verify it with the sigstore client")
    trust = whom.trusted or Trust()
    public, name, signer = _by_certificate(envelope, whom, now) if envelope.certificates else _by_key(envelope, whom)
    verifying.check_signature(envelope, public)
    manifest = from_statement(envelope.payload)
    fingerprint = keys.fingerprint(public)
    trust.check_revoked(fingerprint, ())
    demands = (
        from_wire(Demands, {"name": "trust.yaml", "profiles": trust.required_profiles})
        if trust.required_profiles
        else None
    )
    return Identified(
        name=name,
        manifest=manifest,
        public=public,
        fingerprint=fingerprint,
        pinned_by=signer.name if signer else "",
        demands=demands,
        max_age_days=trust.max_age_days,
        trust=trust,
        signer=signer,
    )


def _by_key(envelope: Envelope, whom: Whom) -> tuple[EllipticCurvePublicKey, str, TrustedSigner | None]:
    signer = whom.trusted.with_fingerprint(envelope.hint) if whom.trusted and envelope.hint else None
    if whom.public is not None:
        verifying.verify_with_key(envelope, whom.public)
        if whom.trusted and signer is None:
            raise IntegrityError(
                f"key {keys.fingerprint(whom.public)[:16]} is not in {whom.trust}", hint="add it, if you trust it"
            )
        return whom.public, f"key {keys.fingerprint(whom.public)[:16]}", signer
    if whom.trusted is None:
        raise IntegrityError("signed with a bare key, not with a certificate", hint="give --key KEY.pub")
    if signer is None:
        told = envelope.hint[:16] or "without a name"
        raise IntegrityError(f"key {told} is not in {whom.trust}", hint="add it with kit key trust, if you trust it")
    public = keys.parse_public(signer.key.encode(), where=signer.name)
    return public, f"key {keys.fingerprint(public)[:16]}", signer


def _by_certificate(
    envelope: Envelope, whom: Whom, now: datetime
) -> tuple[EllipticCurvePublicKey, str, TrustedSigner | None]:
    if whom.roots:
        key, name = certificates.check_chain(envelope.certificates, whom.roots, whom.identity, now, issuer=whom.issuer)
        return key, name, None
    if whom.trusted is None:
        raise IntegrityError(
            "signed with a certificate, not with a bare key", hint="give --certificate ROOT.pem and --identity NAME"
        )
    errors = []
    for signer in whom.trusted.signers:
        if signer.identity and signer.roots:
            try:
                key, name = certificates.check_chain(
                    envelope.certificates, signer.roots.encode(), signer.identity, now, issuer=signer.issuer
                )
            except IntegrityError as error:
                errors.append(error.message)
            else:
                return key, name, signer
    raise IntegrityError(errors[0] if errors else f"no certificate is trusted in {whom.trust}")


def index_faults(folder: Path, checked: verifying.Checked) -> Iterator[Finding]:
    """Files that the format leaves out and that the signed index pins by digest."""
    if INDEX not in checked.digests:
        return
    try:
        outside = json.loads((folder / INDEX).read_bytes()).get("outside", {})
    except (OSError, ValueError, AttributeError):
        return
    for name, digest in outside.items() if isinstance(outside, dict) else ():
        path = folder / (name if name in GIT_PATHS else INDEX)
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield _fault("file-changed", str(name), "its bytes are not those that the index pins", Severity.CRITICAL)


def claims_faults(folder: Path, dossier: Dossier, who: Identified) -> Iterator[Finding]:
    """Statements that must follow the signature and are absent, by somebody else, or about something else."""
    pinned = json.loads(dossier.documents[INDEX]).get("claims")
    kinds = pinned.get("kinds") if isinstance(pinned, dict) else None
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        yield _fault("statement-missing", INDEX, "the index does not say which statements must follow")
        kinds = []
    wanted = {*kinds, *who.trust.required_claims}
    path = folder / CLAIMS
    if not wanted and not path.exists():
        return
    signature = (folder / SIGNATURE).read_bytes()
    found: set[str] = set()
    try:
        lines = statements.read(path.read_bytes()) if path.is_file() and not path.is_symlink() else []
        for envelope, statement in lines:
            verifying.check_signature(envelope, who.public)
            if not statements.speaks_of(statement, signature):
                yield _fault("statement-about-something-else", CLAIMS, str(statement.get("predicateType"))[:80])
            found.add(str(statement.get("predicateType")))
    except IntegrityError as error:
        yield _fault("statement-not-trusted", CLAIMS, error.message)
        return
    for kind in sorted(wanted):
        if statements.KINDS.get(kind, kind) not in found:
            yield _fault("statement-missing", CLAIMS, f"{kind} was promised by the signed index")


def _fault(check: str, path: str, saw: str, severity: Severity = Severity.HIGH) -> Finding:
    title = check.replace("-", " ").capitalize() + "."
    remedy = "fetch the release again from its publisher"
    return Finding(check=check, severity=severity, title=title, at=Place(path=path), saw=saw, remedy=remedy)
