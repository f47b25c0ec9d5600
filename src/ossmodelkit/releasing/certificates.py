"""Certificates: a chain that leads to a root you gave, valid now, for code signing, in the name you expect.

There are no default roots and no default identity: a certificate from anybody proves nothing.
Source: RFC 5280 sections 4.2.1 (extensions) and 6.1 (path validation).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ossmodelkit.foundation.errors import IntegrityError, KitError, UsageError
from ossmodelkit.releasing.keys import elliptic_public

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.x509 import Certificate, Name

LONGEST_CHAIN = 8
CODE_SIGNING, ANY_USE = "1.3.6.1.5.5.7.3.3", "2.5.29.37.0"  # RFC 5280, section 4.2.1.12
WEAK_HASHES = ("md5", "sha1")
# What is looked at below; a certificate that insists on anything else is refused (RFC 5280, section 4.2).
UNDERSTOOD = ("basicConstraints", "keyUsage", "extendedKeyUsage", "subjectAltName")


def check_chain(
    chain: tuple[bytes, ...], roots: bytes, identity: str, now: datetime, *, issuer: str = ""
) -> tuple[EllipticCurvePublicKey, str]:
    """The signer's public key and subject, when everything about the chain holds.

    `chain` is DER, the signer's first; `roots` is PEM. `identity` must be an e-mail, a DNS name, a URI or
    the common name of the signer's certificate. Raises `IntegrityError` saying which condition fails.
    """
    if not chain or len(chain) > LONGEST_CHAIN:
        raise IntegrityError(f"a chain of {len(chain)} certificates", hint="between 1 and 8 are expected")
    trusted = parse_roots(roots)
    with _well_formed():
        leaf, *others = _parsed(chain)
        for number, certificate in enumerate(path := _path([leaf, *others], trusted)):
            _check_time(certificate, now)
            _check_form(certificate)
            if number:
                _check_authority(certificate, below=number - 1, given=certificate is path[-1])
        _check_use(leaf)
        _check_identity(leaf, identity)
        if issuer and issuer not in (leaf.issuer.rfc4514_string(), *_common_names(leaf.issuer)):
            hint = "give the issuer's whole name, or its common name"
            raise IntegrityError(f"issued by {leaf.issuer.rfc4514_string()!r}, not by {issuer!r}", hint=hint)
        return key_of(leaf), leaf.subject.rfc4514_string()


def check_usable(chain: bytes, now: datetime) -> None:
    """Raise `UsageError` for a signer's certificates (PEM, the signer's first) that no reader would accept."""
    certificates = parse_roots(chain)
    try:
        with _well_formed():
            for one in certificates:
                _check_time(one, now)
                _check_form(one)
            _check_use(certificates[0])
            key_of(certificates[0])
    except IntegrityError as error:
        raise UsageError(error.message, hint="get a current certificate for code signing") from error


def key_of(certificate: Certificate) -> EllipticCurvePublicKey:
    """The key that a certificate is for; raises `IntegrityError` unless it is on a curve of ours."""
    try:
        return elliptic_public(certificate.public_key(), certificate.subject.rfc4514_string())
    except UsageError as error:
        raise IntegrityError(error.message, hint="the format knows no other keys") from error


@contextmanager
def _well_formed() -> Iterator[None]:
    """Certificates are taken apart only when they are asked, and the library has many words for a broken one."""
    try:
        yield
    except KitError:
        raise
    except Exception as error:
        raise IntegrityError("a certificate in the signature is malformed", hint="do not use this release") from error


def parse_roots(pem: bytes) -> list[Certificate]:
    """The certificates in a PEM file."""
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_pem_x509_certificates(pem)
    except (ValueError, x509.InvalidVersion) as error:
        raise UsageError("this is no certificate in PEM", hint="it begins with -----BEGIN CERTIFICATE-----") from error


def _parsed(chain: tuple[bytes, ...]) -> list[Certificate]:
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a serial number of zero is told to developers, not to readers
        return [x509.load_der_x509_certificate(one) for one in chain]


def _path(certificates: list[Certificate], trusted: list[Certificate]) -> list[Certificate]:
    """From the signer up to a trusted root, every step signed by the next."""
    path = [certificates[0]]
    rest = certificates[1:]
    if path[0] in trusted:
        return path
    while len(path) <= LONGEST_CHAIN:
        for root in trusted:
            if _issued(path[-1], root):
                return [*path, root]
        above = next((one for one in rest if one not in path and _issued(path[-1], one)), None)
        if above is None:
            break
        path.append(above)
    raise IntegrityError(
        f"the certificate of {certificates[0].subject.rfc4514_string()!r} does not lead to a root you trust",
        hint="give the right root with --certificate, if you trust it",
    )


def _issued(child: Certificate, parent: Certificate) -> bool:
    try:
        child.verify_directly_issued_by(parent)
    except Exception:
        return False
    return True


def _check_time(certificate: Certificate, now: datetime) -> None:
    name = certificate.subject.rfc4514_string()
    if now < certificate.not_valid_before_utc:
        raise IntegrityError(f"the certificate of {name!r} is valid from {certificate.not_valid_before_utc:%Y-%m-%d}")
    if now > certificate.not_valid_after_utc:
        hint = "ask the publisher to sign again with a current certificate"
        raise IntegrityError(
            f"the certificate of {name!r} expired on {certificate.not_valid_after_utc:%Y-%m-%d}", hint=hint
        )


def _check_form(certificate: Certificate) -> None:
    """Refuse a broken hash, and a critical extension that nobody here understands."""
    from cryptography.x509.oid import ExtensionOID

    name = certificate.subject.rfc4514_string()
    hashed = certificate.signature_hash_algorithm
    if hashed is not None and hashed.name in WEAK_HASHES:
        raise IntegrityError(f"the certificate of {name!r} is signed with {hashed.name}", hint="it can be forged")
    critical = [one.oid for one in certificate.extensions if one.critical]
    limited = [one.oid for one in certificate.extensions if one.oid == ExtensionOID.NAME_CONSTRAINTS]
    for oid in (*critical, *limited):  # limits on names bind also where an authority forgot to insist on them
        if oid._name not in UNDERSTOOD:
            raise IntegrityError(f"the certificate of {name!r} insists on {oid.dotted_string}, which is not understood")


def _check_authority(certificate: Certificate, *, below: int, given: bool) -> None:
    """Whether it may issue, with `below` authorities under it; a root that was `given` may be for any use."""
    from cryptography import x509

    name = certificate.subject.rfc4514_string()
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise IntegrityError(f"{name!r} is no certificate authority")
    if constraints.path_length is not None and constraints.path_length < below:
        raise IntegrityError(f"{name!r} may not issue to another authority")
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise IntegrityError(f"{name!r} may not issue certificates")
    uses = _extension(certificate, x509.ExtendedKeyUsage)
    if not given and uses is not None and not {CODE_SIGNING, ANY_USE} & {one.dotted_string for one in uses}:
        raise IntegrityError(f"{name!r} may not issue certificates for code signing")


def _check_use(leaf: Certificate) -> None:
    from cryptography import x509

    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        raise IntegrityError("the signer's certificate is that of an authority", hint="authorities sign certificates")
    uses = _extension(leaf, x509.ExtendedKeyUsage)
    if uses is None or CODE_SIGNING not in {one.dotted_string for one in uses}:
        raise IntegrityError("the signer's certificate is not for code signing")
    usage = _extension(leaf, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise IntegrityError("the signer's certificate is not for signatures")


def _extension(certificate: Certificate, wanted: Any) -> Any:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(wanted).value
    except x509.ExtensionNotFound:
        return None


def _check_identity(leaf: Certificate, identity: str) -> None:
    known = identities(leaf)
    if identity not in known:
        told = ", ".join(sorted(known)) or "nobody"
        raise IntegrityError(
            f"the certificate names {told}, not {identity!r}", hint="check who you expect with --identity"
        )


def identities(leaf: Certificate) -> set[str]:
    """Whom a certificate names: its alternative names, or its common name where it has none."""
    from cryptography import x509

    names = _extension(leaf, x509.SubjectAlternativeName)
    if names is None:
        return set(_common_names(leaf.subject))
    return {
        one.value for one in names if isinstance(one, (x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier))
    }


def _common_names(name: Name) -> list[str]:
    from cryptography.x509.oid import NameOID

    return [str(one.value) for one in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
