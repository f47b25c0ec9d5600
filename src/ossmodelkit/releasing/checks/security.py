"""Security: SEC-001 to SEC-010."""

from __future__ import annotations

import json
import math
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.foundation import resources
from ossmodelkit.releasing.checks.asking import item, measured, refused
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CARD
from ossmodelkit.releasing.noting import missing, stale, wrong

RECORD = "release/evidence/scan.json"
SCAN = "kit audit MODEL, or kit release with --scan"
OLDEST_RULES_DAYS = 60
MOST = 20
# What an editor, a training run or a shell leaves behind; a loader needs none of it.
STRAYS = (
    "*~", "*.bak", "*.orig", "*.rej", "*.sw[op]", "*.tmp", "*.part", "*.lock", "*.log", "*.ipynb", "*.pem", "*.key",
    "*.p12", ".env*", ".DS_Store", "Thumbs.db", "core", "core.[0-9]*", "nohup.out", "id_rsa*", "id_ed25519*", "*.pyc",
    "optimizer*.pt", "optimizer*.bin", "optimizer*.safetensors", "scheduler.pt", "rng_state*.pth", "scaler.pt",
    "events.out.tfevents*", "trainer_state.json", "wandb-*.json", "credentials*", "*.sqlite", "*.db",
)  # fmt: skip
STRAY_FOLDERS = frozenset({"__pycache__", ".ipynb_checkpoints", ".vscode", ".idea", "wandb", "mlruns", "runs", "logs"})
UNPORTABLE = re.compile(r'[\x00-\x1f<>:"\\|?*]')
DEVICES = frozenset({"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(1, 10))})
ADDRESS = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$|^https?://[^\s/]+\.[^\s]+$")


@item("SEC-001")
def nothing_runs_on_load(dossier: Dossier) -> Iterator[Hit]:
    """A scan found something that could run, or nobody scanned these bytes."""
    record = dossier.record(Kind.SCAN)
    if record is None:
        yield from _never_scanned(dossier)
        return
    if not record.asked:
        yield missing(RECORD, "the scan asked no check at all", SCAN)
    for finding in refused(dossier, record.findings)[:MOST]:
        yield Hit(
            at=finding.at, saw=f"{finding.check} ({finding.severity}): {finding.saw}"[:300], remedy=finding.remedy
        )


@item("SEC-002")
def scan_is_of_these_bytes(dossier: Dossier) -> Iterator[Hit]:
    """The scan speaks of other bytes, or left some of them unread."""
    record = dossier.record(Kind.SCAN)
    if record is None:
        yield from _never_scanned(dossier)
        return
    for gap in record.gaps[:MOST]:
        yield wrong(gap.at.path, f"not read: {gap.reason}", gap.remedy or "remove the file, or convert it")
    listed = _scanned_names(record)
    if listed:
        for name in sorted(set(dossier.files) - listed)[:MOST]:
            yield wrong(name, "the scan does not list this file", SCAN)
    for name, what in sorted(dossier.odd.items()):
        yield wrong(name, f"{what} cannot be scanned or signed", "replace it by a plain file")


@item("SEC-003")
def scan_is_fresh(dossier: Dossier) -> Iterator[Hit]:
    """The scan, or the rules it used, are older than allowed."""
    record = dossier.record(Kind.SCAN)
    if record is None:
        yield from _never_scanned(dossier)
        return
    age, allowed = (dossier.released - record.created.date()).days, dossier.demands.age_allowed("scan")
    if record.created.date() > dossier.today:
        yield wrong(RECORD, f"the scan is dated {record.created.date()}, in the future", "scan again")
    if allowed is not None and age > allowed:
        yield stale(RECORD, f"the scan is {age} days old; {allowed} are allowed", SCAN)
    rules = record.details.get("rules_date")
    if isinstance(rules, str) and (days := _days_since(rules, dossier)) is not None and days > OLDEST_RULES_DAYS:
        yield stale(RECORD, f"the rules of the scan are {days} days old", "update ossmodelkit and scan again")


@item("SEC-004")
def weights_parse_strictly(dossier: Dossier) -> Iterator[Hit]:
    """A tensor file is malformed, or an index names a shard that is not there."""
    record = dossier.record(Kind.SCAN)
    if record is None:
        yield from _never_scanned(dossier)
        return
    if any(name.endswith(".safetensors") for name in dossier.files) and not _asked(record, "safetensors"):
        yield missing(RECORD, "the scan asked nothing about safetensors", SCAN)
    for finding in record.findings:
        about = finding.check.startswith(("safetensors", "gguf", "tensor", "npy"))
        if about and finding.severity.rank >= Severity.MEDIUM.rank:
            yield Hit(at=finding.at, saw=f"{finding.check}: {finding.saw}"[:300], remedy=finding.remedy)
    for name, text in dossier.texts.items():
        if name.endswith(".index.json"):
            yield from _absent_shards(name, text, dossier.files)


@item("SEC-005")
def no_secret_inside(dossier: Dossier) -> Iterator[Hit]:
    """A credential lies in the release."""
    record = dossier.record(Kind.SCAN)
    if record is None or not _asked(record, "secret"):
        yield missing(RECORD, "nobody looked for credentials in these bytes", SCAN)
    else:
        for finding in record.findings:
            if finding.check.startswith("secret"):
                yield Hit(at=finding.at, saw=finding.saw, remedy="remove it, and revoke it: it counts as published")
    for name, text in {**dossier.texts, **dossier.documents}.items():
        if not name.startswith("release/evidence/"):
            for what, line in secrets_in(text.decode("utf-8", "replace")):
                yield wrong(name, what, "remove it, and revoke it: it counts as published", line=line)


@item("SEC-006")
def template_reviewed(dossier: Dossier) -> Iterator[Hit]:
    """A chat template could carry instructions or code, and nobody looked."""
    record = dossier.record(Kind.SCAN)
    if record is None:
        yield from _never_scanned(dossier)
        return
    if not _asked(record, "template"):
        yield missing(RECORD, "the scan asked nothing about chat templates", SCAN)
    for finding in refused(dossier, record.findings):
        if "template" in finding.check:
            yield Hit(at=finding.at, saw=f"{finding.check}: {finding.saw}"[:300], remedy=finding.remedy)


@item("SEC-007")
def dependencies_known(dossier: Dossier) -> Iterator[Hit]:
    """Nobody looked for known vulnerabilities in what this model runs on, or one has no answer."""
    yield from measured(dossier, "SEC-007", may_be_empty=("critical",))
    found = (dossier.measured("vulns") or {}).get("critical")
    if isinstance(found, (int, float, str)) and found != 0:
        remedy = 'list them: "critical": [{"id": "CVE-…", "status": "not_affected"}]'
        yield wrong("release/evidence", f"critical: {found}, and none is listed"[:200], remedy)
    for one in found if isinstance(found, (list, tuple)) else ():
        if not (isinstance(one, Mapping) and one.get("status")):
            said = f"critical and without a position: {one}"[:200]
            yield wrong("release/evidence", said, "update, or state a VEX status")


@item("SEC-008")
def red_team_probed(dossier: Dossier) -> Iterator[Hit]:
    """No behavioral probe was run against the released weights, or it got worse than the base."""
    yield from measured(dossier, "SEC-008")
    table = dossier.measured("redteam") or {}
    worse, allowed = table.get("regression"), table.get("allowed_regression", 0.05)
    rates = (table.get("attack_success_rate"), table.get("base_attack_success_rate"))
    if worse is None and all(isinstance(rate, (int, float)) for rate in rates):
        worse = float(rates[0]) - float(rates[1])  # type: ignore[arg-type]
    if isinstance(worse, (int, float)) and isinstance(allowed, (int, float)) and worse > allowed:
        yield wrong("release/evidence", f"attacks succeed {worse:.3f} more often than on the base", "see the probes")


@item("SEC-009")
def contact_published(dossier: Dossier) -> Iterator[Hit]:
    """Whoever finds a weakness would not know whom to tell."""
    contact = dossier.words.contact.strip()
    if not contact:
        yield missing("kit.toml", "no contact", "[release] contact = an address or a URL")
    elif not ADDRESS.match(contact):
        yield wrong("kit.toml", f"{contact!r} is no address and no URL", "[release] contact = an address or a URL")
    elif contact not in dossier.text(CARD) and contact not in dossier.text("SECURITY.md"):
        yield wrong(CARD, "the card does not name the contact", "release again: it is written for you")


@item("SEC-010")
def nothing_unexpected(dossier: Dossier) -> Iterator[Hit]:
    """A file is here that no loader and no reader needs."""
    seen: dict[str, str] = {}
    for name in sorted(dossier.files):
        if is_stray(name):
            said = "left behind by an editor, a training run or a shell"
            yield wrong(name, said, "remove it from the model's folder")
        if not is_portable(name):
            yield wrong(name, "some systems cannot hold a file of this name", "rename it")
        twin = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if twin != name:
            yield wrong(name, f"on some systems this is the same file as {twin!r}", "rename one of them")


def is_stray(name: str) -> bool:
    """Whether a payload name looks like a leftover."""
    *folders, last = name.split("/")
    return bool(STRAY_FOLDERS & set(folders)) or any(_like(last, pattern) for pattern in STRAYS)


def is_portable(name: str) -> bool:
    """Whether every usual file system can hold a payload name (Windows: naming files, paths and namespaces)."""
    return not UNPORTABLE.search(name) and not any(
        part.endswith((".", " ")) or part.partition(".")[0].upper() in DEVICES for part in name.split("/")
    )


def _like(name: str, pattern: str) -> bool:
    """`fnmatch`, without compiling a pattern that is a word with a star before or behind it."""
    word = pattern.strip("*")
    if set("*?[") & set(word):
        return fnmatchcase(name, pattern)
    if pattern.startswith("*"):
        return word in name if pattern.endswith("*") else name.endswith(word)
    return name.startswith(word) if pattern.endswith("*") else name == pattern


def secrets_in(text: str) -> Iterator[tuple[str, int]]:
    """Credentials in a text: what kind, and the line."""
    for token in _tokens():
        if not any(hint in text for hint in token.get("hints", ("",))):
            continue
        for found in re.finditer(token["pattern"], text):
            rest = found[0][int(token.get("prefix", 0)) :]
            if _entropy(rest) >= float(token.get("least_entropy", 0)):
                yield f"looks like a {token.get('name', 'credential')}", text.count("\n", 0, found.start()) + 1
    if private := re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----", text):
        yield "a private key", text.count("\n", 0, private.start()) + 1


@cache
def _tokens() -> tuple[dict[str, Any], ...]:
    data = tomllib.loads(resources.config("scan", "secrets.toml").read_text(encoding="utf-8"))
    return tuple(row for row in data.get("token", ()) if "pattern" in row)


def _entropy(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def _never_scanned(dossier: Dossier) -> Iterator[Hit]:
    others = any(record.kind is Kind.SCAN for record in dossier.records)
    saw = "a scan exists, but of other bytes" if others else "nobody scanned these bytes"
    yield missing(RECORD, saw, SCAN)


def _scanned_names(record: Evidence) -> set[str]:
    files = record.details.get("files", ())
    listed = files if isinstance(files, (list, tuple)) else ()
    return {str(one.get("name", "")) if isinstance(one, Mapping) else str(one) for one in listed}


def _asked(record: Evidence, word: str) -> bool:
    return any(word in check for check in record.asked)


def _absent_shards(name: str, text: bytes, files: Mapping[str, object]) -> Iterator[Hit]:
    folder = name.rpartition("/")[0]
    try:
        shards = set(json.loads(text)["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError):
        yield wrong(name, "the index cannot be read", "save the model again")
        return
    for shard in sorted(map(str, shards)):
        if (f"{folder}/{shard}" if folder else shard) not in files:
            yield wrong(name, f"it names {shard}, which is not here", "fetch the missing shard")


def _days_since(text: str, dossier: Dossier) -> int | None:
    from ossmodelkit.releasing.checks.asking import as_date

    day = as_date(text[:10])
    return (dossier.released - day).days if day else None


CHECKS = (
    nothing_runs_on_load,
    scan_is_of_these_bytes,
    scan_is_fresh,
    weights_parse_strictly,
    no_secret_inside,
    template_reviewed,
    dependencies_known,
    red_team_probed,
    contact_published,
    nothing_unexpected,
)
