"""A project with an audited base, a tuned adapter and the records of both, written in milliseconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ossmodelkit.core.artifact import is_wrapping, payload_digest
from ossmodelkit.core.evidence import Evidence, Kind, Subject
from ossmodelkit.core.finding import Finding
from ossmodelkit.project import ledger, settings
from ossmodelkit.releasing import keys
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release_material import Options

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LICENSE_TEXT = "Apache License, Version 2.0\nhttp://www.apache.org/licenses/\n"
SETTINGS = """\
[release]
name = "Tiny-Tuned"
version = "1.0.0"
license = "apache-2.0"
profiles = ["internal"]
owner = "Ada Example"
contact = "ada@example.org"
intended_use = "Answering small questions in a test."
out_of_scope = "Anything that matters."
limitations = "It knows ten sentences. It repeats itself. It cannot count."
languages = ["en"]
"""
WAIVER = """
[[policy.waivers]]
check = "SEC-007"
owner = "Ada Example"
reason = "the audit of the locked runtime is planned for next week"
created = 2026-11-01
expires = 2026-12-01
"""
ASKED = ("pickle-imports-shell", "safetensors-overlap", "secret-in-text", "template-calls-out")


def safetensors(values: int = 4, fill: int = 0) -> bytes:
    """A safetensors file with one tensor of `values` floats."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [values], "data_offsets": [0, 4 * values]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes([fill]) * (4 * values)


def write_base(folder: Path) -> str:
    """A base model; gives back its payload digest."""
    folder.mkdir(parents=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(safetensors(64))
    (folder / "LICENSE").write_text(LICENSE_TEXT)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Tiny\n")
    return digest_of(folder)


def write_tuned(folder: Path, size: int = 16, more: Mapping[str, bytes] | None = None) -> str:
    """An adapter on top of it, with `more` files by name."""
    folder.mkdir(parents=True)
    for name, data in (more or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "base", "r": 4}))
    (folder / "adapter_model.safetensors").write_bytes(safetensors(size, fill=1))
    return digest_of(folder)


def digest_of(folder: Path) -> str:
    """The payload digest of a folder."""
    names = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    payload = {name: path for name, path in names.items() if not is_wrapping(name)}
    return payload_digest({name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in payload.items()})


def record(
    kind: Kind, sha256: str, *, name: str = "tuned", findings: tuple[Finding, ...] = (), **details: Any
) -> Evidence:
    """A record of a kind about a payload."""
    asked = ASKED if kind is Kind.SCAN else ()
    subject = Subject(name=name, sha256=sha256)
    return Evidence(
        kind=kind, subject=subject, created=NOW, tool="test", asked=asked, findings=findings, details=details
    )


def license_details(**more: Any) -> dict[str, Any]:
    """What a license record of an Apache model says."""
    usual = {
        "concluded": "apache-2.0",
        "declared": "apache-2.0",
        "verdict": "ok-with-obligations",
        "parents": [],
        "claims": [{"license": "apache-2.0", "declared_in": "LICENSE", "how": "exact"}],
        "obligations": [{"id": "include-text", "text": "Ship the license text.", "state": "met", "clause": "4(a)"}],
        "questions": [],
        "notice_strings": [],
        "display_strings": [],
        "name_prefixes": [],
        "texts_needed": ["apache-2.0"],
        "allowed_release_licenses": ["apache-2.0", "mit"],
    }
    return usual | more


def run_details(base_sha256: str, **more: Any) -> dict[str, Any]:
    """What a finetune record says."""
    usual = {
        "verdict": "trained",
        "base": {"ref": "base", "sha256": base_sha256},
        "relation": "adapter",
        "method": {"name": "lora", "rank": 4},
        "plan": {"base": "base", "data": "data.jsonl"},
        "data": {"path": "data.jsonl", "sha256": "ab" * 32, "used_rows": 120, "tokens": 3600},
        "seed": 7,
        "metrics": {
            "steps": 45, "first_loss": 3.9123, "last_loss": 0.8125, "seconds": 12.5, "tokens": 3600,
            "trainable_parameters": 4096, "parameters": 1974528, "flops_per_token": 7897600.0,
        },
        "loss_curve": [[1, 3.9], [20, 1.7], [45, 0.81]],
        "environment": {"python": "3.11.7", "packages": {"torch": "2.13.0", "peft": "0.21.0"}},
        "hardware": {"cpu": "some processor", "processes": 1},
    }  # fmt: skip
    return usual | more


def project(
    root: Path, *, size: int = 16, settings_text: str = SETTINGS, more: Mapping[str, bytes] | None = None, **run: Any
) -> Desk:
    """The whole project in `root`: base, tuned, records, a key without a passphrase; and a desk in it."""
    root.mkdir(parents=True, exist_ok=True)
    base, tuned = write_base(root / "base"), write_tuned(root / "tuned", size, more)
    (root / "kit.toml").write_text(settings_text)
    for known in (
        record(Kind.LICENSE, base, name="base", **license_details()),
        record(Kind.SCAN, base, name="base", verdict="clean"),
        record(Kind.FINETUNE, tuned, **run_details(base, **run)),
        record(Kind.SCAN, tuned, verdict="clean"),
    ):
        ledger.append(root / ".kit" / "evidence", known)
    write_key(root / "key")
    return desk(root)


def desk(root: Path, now: datetime = NOW) -> Desk:
    """A desk in a project, at a time."""
    return Desk(project=settings.find(root), now=now)


def write_key(path: Path) -> None:
    """A private key and its public half."""
    key = keys.generate()
    path.write_bytes(keys.private_pem(key, None))
    path.with_name(path.name + ".pub").write_bytes(keys.public_pem(key.public_key()))


def options(root: Path, **more: Any) -> Options:
    """What a user would ask for."""
    usual: dict[str, Any] = {"model": str(root / "tuned"), "out": str(root / "out"), "key": str(root / "key")}
    return Options(**(usual | more))
