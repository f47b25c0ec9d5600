"""Releases changed after signing, and bundles that only the holder of a key could make."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ossmodelkit.cli.exits import CODES
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.releasing import keys, listing, signing
from ossmodelkit.releasing.envelope import authenticated, seal
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.verify import INTEGRITY, Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tests.making.releases import NOW

Change = Callable[[Any], object]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What `kit verify` would end with: its exit code, its word, and everything it says."""

    code: int
    word: str
    text: str
    report: Report | None = None

    @property
    def named(self) -> set[str]:
        """The files it names."""
        return {finding.at.path for finding in self.report.findings} if self.report else set()


def answer(out: Path, *, now: datetime = NOW, policy: str = "", scan: bool = False, **whom: str) -> Answer:
    """Verify as the command does, without a process."""
    try:
        report = verify(out, Wanted(whom=Whom(**whom), policy=policy, scan=scan), desk=Desk(now=now))
    except KitError as error:
        return Answer(code=error.exit_code, word="error", text=f"{error.message}; {error.hint}")
    code = 4 if report.verdict in INTEGRITY else CODES[report.outcome]
    said = [report.summary, *report.notes, *(f"{f.check} {f.at.path} {f.saw}" for f in report.findings)]
    return Answer(code=code, word=report.verdict, text="\n".join(said), report=report)


def flip(path: Path, at: float = 0.5) -> None:
    """Change one bit, and put the times back as they were."""
    data, before = bytearray(path.read_bytes()), path.stat()
    data[int((len(data) - 1) * at)] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap_for_link(path: Path) -> None:
    """The same bytes, behind a symbolic link."""
    kept = path.with_name("elsewhere")
    path.rename(kept)
    path.symlink_to(kept.name)


def private(key: Path) -> Any:
    """The private key in a file without a passphrase."""
    return keys.load_private(key, lambda: b"")


def resign(out: Path, key: Path, *, keep_claims: bool = False) -> None:
    """What the holder of the key could do: sign the changed folder again."""
    for name in ("model.sig",) if keep_claims else ("model.sig", "claims.jsonl"):
        (out / name).unlink(missing_ok=True)
    files = {name: size for name, size in listing.list_folder(out).files.items() if name != "claims.jsonl"}
    signer = signing.key_signer(private(key))
    (out / "model.sig").write_bytes(signing.sign("out", listing.digest_files(out, files), signer))


def bundle_of(out: Path) -> dict[str, Any]:
    """The bundle of a release."""
    found: dict[str, Any] = json.loads((out / "model.sig").read_bytes())
    return found


def statement_of(out: Path) -> dict[str, Any]:
    """The signed statement of a release."""
    found: dict[str, Any] = json.loads(base64.b64decode(bundle_of(out)["dsseEnvelope"]["payload"]))
    return found


def forge(out: Path, key: Path, change: Change = lambda _: None, *, payload: bytes = b"", root: bool = True) -> None:
    """Change the statement and sign it again with the right key; `root` makes the root digest fit."""
    statement = statement_of(out)
    change(statement)
    if root and not payload:
        fit_root(statement)
    data = payload or json.dumps(statement).encode()
    bundle = bundle_of(out)
    signature = signing.key_signer(private(key)).sign(authenticated(data))
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(data).decode()
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()
    (out / "model.sig").write_text(json.dumps(bundle))


def certify(out: Path, key: Path, chain: bytes) -> None:
    """Sign the same statement again, with a certificate (PEM) along, whatever that certificate is worth."""
    signer = signing.certificate_signer(private(key), chain)
    (out / "model.sig").write_bytes(seal(base64.b64decode(bundle_of(out)["dsseEnvelope"]["payload"]), signer))


def fit_root(statement: dict[str, Any]) -> None:
    """Make the subject's digest that of the resources, as far as they have digests."""
    try:
        joined = b"".join(bytes.fromhex(one["digest"]) for one in statement["predicate"]["resources"])
        statement["subject"][0]["digest"]["sha256"] = hashlib.sha256(joined).hexdigest()
    except (KeyError, TypeError, ValueError, IndexError):
        return


def rewrite(out: Path, change: Change) -> None:
    """Change the bundle and sign nothing again."""
    bundle = bundle_of(out)
    change(bundle)
    (out / "model.sig").write_text(json.dumps(bundle))
