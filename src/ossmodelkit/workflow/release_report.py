"""What `kit release` has to say: what refuses first, then the rest, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.releasing import index
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.questions import open_questions
from ossmodelkit.workflow.release_material import Options
from ossmodelkit.workflow.release_signer import exposed

SUMMARIES = {Outcome.PASS: "nothing stands against releasing this", Outcome.FAIL: "this may not be released as it is"}


def report(
    command: str,
    subject: str,
    word: str,
    dossier: Dossier,
    checklist: Checklist,
    *,
    target: Path | None = None,
    model: str = "",
) -> Report:
    """The checklist as a report: what refuses first, then the rest in a table."""
    totals = checklist.totals
    said = ", ".join(f"{count} {state}" for state, count in totals.items() if count)
    return Report(
        command=command,
        subject=subject,
        verdict=word,
        outcome=checklist.outcome,
        summary=f"{SUMMARIES[checklist.outcome]}: {said}",
        findings=tuple(f for f in checklist.findings() if f.check in {x.item.id for x in checklist.refused}),
        asked=tuple(line.item.id for line in checklist.lines),
        tables=_tables(dossier, checklist, every=target is None),
        notes=tuple(_waivers(dossier, checklist)),
        next_steps=_next(checklist, model or subject, target),
        data={
            "release": str(target) if target else "",
            "payload_sha256": dossier.sha256,
            "profiles": dossier.profiles,
            "signer": dossier.signature.signer,
            "totals": totals,
            "checklist_sha256": checklist.digest,
            "items": index.lines(checklist),
        },
    )


def _waivers(dossier: Dossier, checklist: Checklist) -> Iterator[str]:
    """What is accepted for a while, and waivers of items that nothing is wrong with any more."""
    for line in checklist.lines:
        if line.waiver:
            yield f"waived until {line.waiver.expires}: {line.item.id} {line.item.title} ({line.waiver.owner})"
    used = [line.waiver for line in checklist.lines]
    known = {line.item.id for line in checklist.lines}
    for waiver in dossier.waivers:
        if waiver.check in known and waiver not in used:
            yield f"the waiver for {waiver.check} is not needed: take it out of kit.toml"


def told(done: Report, options: Options) -> Report:
    """The report with a word about the key, and with what was asked for in every step that follows."""
    asked = "".join(f" -p {name}" for name in options.profiles)
    asked += f" --policy {options.policy}" if options.policy else ""
    public = f"{options.key}.pub" if options.key and Path(f"{options.key}.pub").is_file() else "KEY.pub"
    steps = tuple(_with(step, options.model, asked).replace("KEY.pub", public) for step in done.next_steps)
    return replace(done, notes=(*done.notes, *exposed(options)), next_steps=steps)


def _with(step: str, model: str, asked: str) -> str:
    return step.replace(f" {model}", f" {model}{asked}", 1) if step.startswith("kit release ") else step


def _tables(dossier: Dossier, checklist: Checklist, *, every: bool) -> tuple[Table, ...]:
    open_lines = [
        x for x in checklist.lines if x.state in ("fail", "missing", "stale", "error") and x not in checklist.refused
    ]
    rows = tuple((x.item.id, x.state.value, x.weight.value, x.item.title, x.why) for x in open_lines)
    facts = (
        ("payload", f"{dossier.sha256[:16]}…  {len(dossier.files)} files"),
        ("license", dossier.license_id or "none"),
        ("profiles", ", ".join(dossier.profiles)),
        ("signer", dossier.signature.signer or "nobody"),
    )
    first = Table(title="", columns=("", ""), rows=facts)
    rest = Table(title="Open, and not refusing", columns=("item", "state", "weight", "", "seen"), rows=rows)
    return (first, rest) if rows and every else (first,)


def _next(checklist: Checklist, model: str, target: Path | None) -> tuple[str, ...]:
    if target is not None:
        return (
            f"kit verify {target} --key KEY.pub   as anyone can",
            f"kit release check {model}   what is still open, and does not refuse",
        )
    if not checklist.refused:
        return (f"kit release {model} --out DIR --key KEY",)
    waiting = len([line for line in open_questions(checklist) if line in checklist.refused])
    ask = (f"kit release ask {model} >> attest.yaml   {waiting} of them wait for a person's word",) if waiting else ()
    return (*ask, *(f"kit explain {line.item.id}" for line in checklist.refused[:3]))
