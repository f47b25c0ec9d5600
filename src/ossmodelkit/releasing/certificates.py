"""Certificates: a chain that leads to a root you gave, valid now, for code signing, in the name you expect.

There are no default roots and no default identity: a certificate from anybody proves nothing.
Source: RFC 5280 sections 4.2.1 (extensions) and 6.1 (path validation).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ossmodelkit.foundation.errors import IntegrityError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.x509 import Certificate, Name

LONGEST_CHAIN = 8
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
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    if not chain or len(chain) > LONGEST_CHAIN:
        raise IntegrityError(f"a chain of {len(chain)} certificates", hint="between 1 and 8 are expected")
    try:
        certificates = [x509.load_der_x509_certificate(one) for one in chain]
    except ValueError as error:
        raise IntegrityError("a certificate in the signature is malformed") from error
    trusted = parse_roots(roots)
    leaf = certificates[0]
    path = _path(certificates, trusted)
    for number, certificate in enumerate(path):
        _check_time(certificate, now)
        _check_form(certificate)
        if number:
            _check_authority(certificate, below=number - 1)
    _check_use(leaf)
    _check_identity(leaf, identity)
    if issuer and issuer not in (leaf.issuer.rfc4514_string(), *_common_names(leaf.issuer)):
        hint = "give the issuer's whole name, or its common name"
        raise IntegrityError(f"issued by {leaf.issuer.rfc4514_string()!r}, not by {issuer!r}", hint=hint)
    key = leaf.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise IntegrityError("the signer's key is not on an elliptic curve")
    return key, leaf.subject.rfc4514_string()


def check_usable(chain: bytes, now: datetime) -> None:
    """Raise `UsageError` for a signer's certificate (PEM, the signer's first) that no reader would accept."""
    leaf = parse_roots(chain)[0]
    try:
        _check_time(leaf, now)
        _check_form(leaf)
        _check_use(leaf)
    except IntegrityError as error:
        raise UsageError(error.message, hint="get a current certificate for code signing") from error


def parse_roots(pem: bytes) -> list[Certificate]:
    """The certificates in a PEM file."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise UsageError("this is no certificate in PEM", hint="it begins with -----BEGIN CERTIFICATE-----") from error


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
    name = certificate.subject.rfc4514_string()
    hashed = certificate.signature_hash_algorithm
    if hashed is not None and hashed.name in WEAK_HASHES:
        raise IntegrityError(f"the certificate of {name!r} is signed with {hashed.name}", hint="it can be forged")
    try:
        critical = [one.oid for one in certificate.extensions if one.critical]
    except ValueError as error:
        raise IntegrityError(f"the certificate of {name!r} is malformed") from error
    for oid in critical:
        if oid._name not in UNDERSTOOD:
            raise IntegrityError(f"the certificate of {name!r} insists on {oid.dotted_string}, which is not understood")


def _check_authority(certificate: Certificate, *, below: int) -> None:
    from cryptography import x509

    name = certificate.subject.rfc4514_string()
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise IntegrityError(f"{name!r} is no certificate authority") from error
    if not constraints.ca or (constraints.path_length is not None and constraints.path_length < below):
        raise IntegrityError(f"{name!r} may not issue this certificate")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.key_cert_sign:
        raise IntegrityError(f"{name!r} may not issue certificates")


def _check_use(leaf: Certificate) -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise IntegrityError("the signer's certificate is not for code signing") from error
    if ExtendedKeyUsageOID.CODE_SIGNING not in uses:
        raise IntegrityError("the signer's certificate is not for code signing")
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.digital_signature:
        raise IntegrityError("the signer's certificate is not for signatures")


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

    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return set(_common_names(leaf.subject))
    return {
        one.value for one in names if isinstance(one, (x509.RFC822Name, x509.DNSName, x509.UniformResourceIdentifier))
    }


def _common_names(name: Name) -> list[str]:
    from cryptography.x509.oid import NameOID

    return [str(one.value) for one in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
