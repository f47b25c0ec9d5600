"""What the licenses of a release and of its parents ask to be said: NOTICE and THIRD_PARTY_NOTICES."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit.core.evidence import Kind
from ossmodelkit.releasing.dossier import Dossier

LIMITING = ("use-restriction", "use-polic", "acceptable-use", "restrict", "field-of-use", "flow-down")


def use_limits(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The duties of a license record that limit what users may do."""
    duties = (duty for duty in facts.get("obligations", ()) if isinstance(duty, Mapping))
    return [duty for duty in duties if any(word in str(duty.get("id", "")) for word in LIMITING)]


def notice(dossier: Dossier, upstream: bytes = b"") -> bytes:
    """NOTICE: what this is, under which license, what it was made from, and every line a parent demands."""
    lines = [dossier.words.name, f"License: {dossier.license_id}"]
    if dossier.words.owner:
        lines.append(f"Released by {dossier.words.owner}")
    for parent in dossier.made_from:
        licensed = f", licensed under {parent.license}" if parent.license else ""
        lines += ["", f"Made from {parent_name(parent.ref, parent.sha256)} ({parent.relation}){licensed}."]
    if dossier.was_trained:
        lines += ["", f"The weights were modified by fine-tuning on {dossier.created:%Y-%m-%d}."]
    owed = [str(line) for line in dossier.license_facts.get("notice_strings", ())]
    for line in owed:
        if line not in lines:
            lines += ["", line]
    text = "\n".join(lines) + "\n"
    kept = upstream.decode("utf-8", "replace")
    if kept.strip() and not kept.startswith(f"{lines[0]}\nLicense: "):
        text += f"\n--- Notice of the model this was made from ---\n\n{kept}"
    return text.encode("utf-8", "replace")


def third_party(dossier: Dossier, texts: Mapping[str, bytes]) -> bytes:
    """THIRD_PARTY_NOTICES.md: what is owed for each parent and the license texts; empty when nothing is."""
    sections = list(_sections(dossier, texts))
    if not sections:
        return b""
    head = (
        f"# Third-party notices of {dossier.words.name}\n\nThese parts were made by others and keep their licenses.\n"
    )
    return (head + "".join(sections)).encode("utf-8", "replace")


def _sections(dossier: Dossier, texts: Mapping[str, bytes]) -> Iterator[str]:
    for parent in dossier.made_from:
        record = dossier.record(Kind.LICENSE, parent.sha256) if parent.sha256 else None
        licensed = parent.license or (str(record.details.get("concluded", "")) if record else "")
        yield f"\n## {parent_name(parent.ref, parent.sha256)}\n\nRelation: {parent.relation}  \n"
        yield f"License: {licensed or 'unknown'}\n"
        if parent.sha256:
            yield f"Payload: `{parent.sha256}`\n"
    duties = [duty for duty in dossier.license_facts.get("obligations", ()) if isinstance(duty, Mapping)]
    if duties and dossier.made_from:
        yield "\n## What is owed\n\n"
        yield from (f"- {duty.get('text', '')} ({duty.get('clause') or 'no clause given'})\n" for duty in duties)
    for name, text in sorted(texts.items()):
        yield f"\n## Text of {name}\n\n```text\n{text.decode('utf-8', 'replace').replace('```', '` ` `')}\n```\n"


def parent_name(ref: str, sha256: str) -> str:
    """What to call a parent in public: a hub id as it is, a local path by its last part only."""
    plain = ref.removeprefix("hub:")
    local = plain.startswith(("/", ".", "~")) or plain.count("/") != 1
    name = plain.rstrip("/").rpartition("/")[2] if local else plain
    return name or f"a model with payload {sha256[:16]}"
