"""Whose signature counts: trust files, certificates, validity and revocation."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.releasing import keys
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.key import trust
from ossmodelkit.workflow.release import release
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import NOW, digest_of, options, project, write_key

YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trusting")
    assert release(options(root), desk=project(root)).verdict == "released"
    return root


def judged(out: Path, now: datetime = NOW, **whom: str) -> Report:
    return verify(out, Wanted(whom=Whom(**whom)), desk=Desk(now=now))


def trust_file(root: Path, folder: Path, **more: Any) -> str:
    """A trust file that lists the release's key, and whatever else is asked."""
    signer = {"name": "Release team", "key": (root / "key.pub").read_text(), **more.pop("signer", {})}
    path = folder / "trust.yaml"
    path.write_text(yaml.safe_dump({"signers": [signer], **more}))
    return str(path)


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        pytest.param({}, "verified", id="listed"),
        pytest.param({"signer": {"not_after": "2026-11-20"}}, "untrusted", id="no longer allowed"),
        pytest.param({"signer": {"not_before": "2026-11-22"}}, "untrusted", id="not yet allowed"),
        pytest.param({"signer": {"not_after": "2026-11-21"}}, "verified", id="the last day"),
        pytest.param({"revoked_keys": ["KEY"]}, "untrusted", id="key revoked"),
        pytest.param({"revoked_digests": ["PAYLOAD"]}, "untrusted", id="payload revoked"),
        pytest.param({"required_profiles": ["internal"]}, "verified", id="a profile it has"),
        pytest.param({"required_profiles": ["public-weights"]}, "refused", id="a profile it lacks"),
        pytest.param({"required_claims": ["result"]}, "verified", id="a statement it has"),
        pytest.param({"required_claims": ["https://example.org/x"]}, "refused", id="a statement it lacks"),
        pytest.param({"max_age_days": {"scan": 0}}, "verified", id="fresh enough"),
    ],
)
def test_the_trust_file_decides(more: dict[str, Any], verdict: str, released: Path, tmp_path: Path) -> None:
    fingerprint = keys.fingerprint(keys.load_public(released / "key.pub"))
    text = yaml.safe_dump(more).replace("PAYLOAD", digest_of(released / "tuned")).replace("KEY", fingerprint)
    path = trust_file(released, tmp_path, **yaml.safe_load(text))
    report = judged(released / "out", trust=path)
    assert report.verdict == verdict, report.findings
    if verdict == "verified":
        assert report.data["trusted_as"] == "Release team"


def test_old_evidence_is_refused_where_the_reader_sets_an_age(released: Path, tmp_path: Path) -> None:
    path = trust_file(released, tmp_path, max_age_days={"scan": 30})
    assert judged(released / "out", trust=path).verdict == "verified"
    assert judged(released / "out", NOW + timedelta(days=31), trust=path).verdict == "refused"


def test_a_key_alone_does_not_pass_a_trust_file(released: Path, tmp_path: Path) -> None:
    write_key(tmp_path / "other")
    (tmp_path / "trust.yaml").write_text(
        yaml.safe_dump({"signers": [{"name": "x", "key": (tmp_path / "other.pub").read_text()}]})
    )
    report = judged(released / "out", key=str(released / "key.pub"), trust=str(tmp_path / "trust.yaml"))
    assert report.verdict == "untrusted"


@pytest.mark.parametrize("text", ["signer: []", "signers: [{key: x}]", "- a", "signers: [", "revoked_key: [x]"])
def test_a_broken_trust_file_is_one_clear_line(text: str, released: Path, tmp_path: Path) -> None:
    (tmp_path / "trust.yaml").write_text(text)
    with pytest.raises(UsageError):
        judged(released / "out", trust=str(tmp_path / "trust.yaml"))


def test_nobody_named_is_wrong_use(released: Path) -> None:
    with pytest.raises(UsageError, match="whose signature"):
        judged(released / "out")


def test_a_signer_is_added_to_a_trust_file(released: Path, tmp_path: Path) -> None:
    file = tmp_path / "trust.yaml"
    trust(released / "key.pub", name="Release team", until="2027-12-31", file=file)
    assert judged(released / "out", trust=str(file)).verdict == "verified"
    with pytest.raises(UsageError, match="already"):
        trust(released / "key.pub", name="again", until="", file=file)


class Authority:
    """A small certificate authority of the test."""

    def __init__(self, name: str = "Test Root") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(
            self.name, self.key.public_key(), NOW - YEAR, NOW + YEAR, ca=True, usage=None, mail=""
        )

    def issue(
        self, public: Any, *, mail: str = "ada@example.org", start: datetime = NOW - YEAR, end: datetime = NOW + YEAR,
        ca: bool = False, usage: Any = ExtendedKeyUsageOID.CODE_SIGNING,
    ) -> x509.Certificate:  # fmt: skip
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ada Example")])
        return self._build(subject, public, start, end, ca=ca, usage=usage, mail=mail)

    def _build(
        self, subject: x509.Name, public: Any, start: datetime, end: datetime, *, ca: bool, usage: Any, mail: str
    ) -> Any:
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
            .serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )  # fmt: skip
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if mail:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(mail)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize(
    ("issue", "whom", "verdict"),
    [
        pytest.param({}, {}, "verified", id="as it should be"),
        pytest.param({"end": NOW - timedelta(days=1)}, {}, "untrusted", id="expired"),
        pytest.param({"start": NOW + timedelta(days=1)}, {}, "untrusted", id="not yet valid"),
        pytest.param({"usage": ExtendedKeyUsageOID.SERVER_AUTH}, {}, "untrusted", id="for a web server"),
        pytest.param({"usage": None}, {}, "untrusted", id="for nothing in particular"),
        pytest.param({}, {"identity": "eve@example.org"}, "untrusted", id="somebody else"),
        pytest.param({"mail": ""}, {"identity": "Ada Example"}, "verified", id="by common name"),
        pytest.param({}, {"identity": "Ada Example"}, "untrusted", id="common name beside an alternative name"),
        pytest.param({}, {"issuer": "Another Root"}, "untrusted", id="another issuer"),
    ],
)
def test_a_certificate_must_hold_in_every_way(
    issue: dict[str, Any], whom: dict[str, str], verdict: str, tmp_path: Path
) -> None:
    made, authority = project(tmp_path), Authority()
    public = keys.load_private(tmp_path / "key", lambda: b"").public_key()
    (tmp_path / "chain.pem").write_bytes(authority.issue(public, **issue).public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(authority.pem)
    assert release(options(tmp_path, certificate=str(tmp_path / "chain.pem")), desk=made).verdict == "released"
    wanted = {"certificate": str(tmp_path / "root.pem"), "identity": "ada@example.org"} | whom
    assert judged(tmp_path / "out", **wanted).verdict == verdict


def test_another_root_and_a_signer_as_authority_are_refused(tmp_path: Path) -> None:
    made, authority, stranger = project(tmp_path), Authority(), Authority("Stranger")
    public = keys.load_private(tmp_path / "key", lambda: b"").public_key()
    middle_key = ec.generate_private_key(ec.SECP256R1())
    middle = Authority("Ada Example")
    middle.key = middle_key
    not_ca = authority.issue(middle_key.public_key(), ca=False)
    leaf = middle.issue(public)
    (tmp_path / "chain.pem").write_bytes(leaf.public_bytes(Encoding.PEM) + not_ca.public_bytes(Encoding.PEM))
    release(options(tmp_path, certificate=str(tmp_path / "chain.pem")), desk=made)
    for root in (authority, stranger):
        (tmp_path / "root.pem").write_bytes(root.pem)
        report = judged(tmp_path / "out", certificate=str(tmp_path / "root.pem"), identity="ada@example.org")
        assert report.verdict == "untrusted"


def test_key_and_certificate_are_not_mixed_up(released: Path, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(Authority().pem)
    report = judged(released / "out", certificate=str(tmp_path / "root.pem"), identity="x")
    assert report.verdict == "untrusted"
    with pytest.raises(UsageError, match="proves nothing"):
        judged(released / "out", certificate=str(tmp_path / "root.pem"))


def test_the_reference_tool_verifies_our_certificates(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    made, authority = project(tmp_path), Authority()
    public = keys.load_private(tmp_path / "key", lambda: b"").public_key()
    leaf = authority.issue(public, start=now - timedelta(days=1), end=now + YEAR)
    (tmp_path / "chain.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(authority.pem)
    release(options(tmp_path, certificate=str(tmp_path / "chain.pem")), desk=made)
    words = ["verify", "certificate", str(tmp_path / "out"), "--signature", str(tmp_path / "out" / "model.sig")]
    words += ["--certificate_chain", str(tmp_path / "root.pem")]
    done = subprocess.run([sys.executable, "-m", "model_signing", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
