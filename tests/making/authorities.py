"""A small certificate authority of the tests, which issues anything it is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.making.releases import NOW

YEAR = timedelta(days=365)
MAIL = "ada@example.org"


def named(name: str) -> x509.Name:
    """A name that holds a common name and nothing else."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Authority:
    """A root, or with `above` an authority below it."""

    def __init__(self, name: str = "Test Root", *, above: Authority | None = None, key: Any = None, **how: Any) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = named(name)
        issuer = above or self
        self.certificate = issuer.issue(
            self.key.public_key(), subject=name, **{"names": (), "ca": True, "usage": None} | how
        )

    def issue(
        self,
        public: Any,
        *,
        subject: str = "Ada Example",
        names: tuple[Any, ...] = (x509.RFC822Name(MAIL),),
        start: datetime = NOW - YEAR,
        end: datetime = NOW + YEAR,
        ca: bool = False,
        path_length: int | None = None,
        usage: Any = ExtendedKeyUsageOID.CODE_SIGNING,
        extra: tuple[tuple[Any, bool], ...] = (),
        digest: Any = hashes.SHA256,
        serial: int = 0,
    ) -> x509.Certificate:
        """A certificate for `public`; `extra` holds extensions, each with whether it is critical."""
        builder = (
            x509.CertificateBuilder().subject_name(named(subject)).issuer_name(self.name).public_key(public)
            .serial_number(serial or x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length if ca else None), critical=True)
        )  # fmt: skip
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, digest())

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return self.certificate.public_bytes(Encoding.PEM)


def pem(*chain: x509.Certificate) -> bytes:
    """A chain as text, the signer's certificate first."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in chain)


def key_usage(**allowed: bool) -> x509.KeyUsage:
    """A key usage that allows only what is named."""
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in every})
