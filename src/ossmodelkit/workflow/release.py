"""Gate a model, write its documents, sign the folder: `kit release`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Kind, Subject
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.releasing import index, layout, signing, staging, statements
from ossmodelkit.releasing.assembling import Wishes, assemble
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.comparing import changes
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.envelope import Signer
from ossmodelkit.releasing.questions import as_yaml, open_questions
from ossmodelkit.reporting.escaping import markdown
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release_diff import dossier_in
from ossmodelkit.workflow.release_material import Material, Options, collect
from ossmodelkit.workflow.release_signer import exposed, planned, signer_for

SUMMARIES = {Outcome.PASS: "nothing stands against releasing this", Outcome.FAIL: "this may not be released as it is"}


def check(options: Options, *, desk: Desk) -> Report:
    """Judge the checklist and write nothing.

    Raises `SourceError` when there is no model.
    """
    signer = signer_for(options, desk) if options.key else None
    material = _material(options, desk, signer)
    dossier, checklist = assemble(material.dossier, material.found, _wishes(options, material.dossier))
    word = "ready" if checklist.outcome is Outcome.PASS else "refused"
    return _told(report("release check", options.model, word, dossier, checklist), options)


def ask(options: Options, *, desk: Desk) -> str:
    """The statements that are still open, as text for `attest.yaml`; empty when there is none."""
    signer = signer_for(options, desk) if options.key else None
    material = _material(options, desk, signer)
    return as_yaml(*assemble(material.dossier, material.found, _wishes(options, material.dossier)))


def release(options: Options, *, desk: Desk) -> Report:
    """Release a model into `options.out`, or in place; nothing is written while a blocking item fails.

    Raises `UsageError` for a wrong key or place. A crash leaves the old release, or none that verifies.
    """
    target = Path(options.out or options.model)
    _refuse_places(options, desk)
    signer = signer_for(options, desk) if options.key else None
    with staging.held(target, to_wire(options.from_anywhere())) as work:
        material = _material(options, desk, signer)
        dossier, checklist = assemble(material.dossier, material.found, _wishes(options, material.dossier))
        if checklist.outcome is not Outcome.PASS or signer is None:
            return _told(report("release", options.model, "refused", dossier, checklist), options)
        _write(work, options, material, dossier, checklist, signer)
    _record(desk, dossier, checklist, signer)
    done = report("release", str(target), "released", dossier, checklist, target=target, model=options.model)
    return _told(done, options)


def resume(target: str, *, desk: Desk) -> Report:
    """Finish the release of `target` that was interrupted."""
    return release(from_wire(Options, staging.journal_of(Path(target)), where="journal"), desk=desk)


def clean(target: str) -> Report:
    """Remove what an interrupted release of `target` left behind."""
    was = staging.clean(Path(target))
    summary = "the leftovers of an interrupted release are gone" if was else "no interrupted release lay here"
    return Report(command="release clean", subject=target, verdict="clean", outcome=Outcome.PASS, summary=summary)


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
        notes=tuple(
            f"waived until {line.waiver.expires}: {line.item.id} {line.item.title} ({line.waiver.owner})"
            for line in checklist.lines
            if line.waiver
        ),
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


def _told(done: Report, options: Options) -> Report:
    """The report with a word about the key, and with the profiles asked for in every step that follows."""
    asked = "".join(f" -p {name}" for name in options.profiles) + (
        f" --policy {options.policy}" if options.policy else ""
    )
    steps = tuple(_with(step, options.model, asked) for step in done.next_steps)
    return replace(done, notes=(*done.notes, *exposed(options)), next_steps=steps)


def _with(step: str, model: str, asked: str) -> str:
    return step.replace(f" {model}", f" {model}{asked}", 1) if step.startswith("kit release ") else step


def _material(options: Options, desk: Desk, signer: Signer | None) -> Material:
    if options.scan:
        from ossmodelkit.sources.opening import open_source
        from ossmodelkit.workflow import audit

        audit.gather(open_source(options.model), desk=desk)
    material = collect(options, desk, planned(signer, options, desk))
    return _since(material, Path(options.previous)) if options.previous else material


def _since(material: Material, previous: Path) -> Material:
    """The material with the differences to the release before it."""
    old = dossier_in(previous)
    told = {"name": previous.absolute().name, "version": old.words.version, "payload_sha256": old.sha256}
    dossier = replace(material.dossier, previous=told)
    listed = [to_wire(change) for change in changes(old, dossier, documents=False)]
    others = {**material.found.others, layout.CHANGES: index.dump({"previous": told, "changes": listed})}
    return replace(material, dossier=dossier, found=replace(material.found, others=others))


def _wishes(options: Options, dossier: Dossier) -> Wishes:
    kinds = statements.kinds_for(dossier)
    return Wishes(escape=markdown, cyclonedx_version=options.cyclonedx, spdx=options.spdx, claims=kinds)


def _write(
    work: staging.Workplace,
    options: Options,
    material: Material,
    dossier: Dossier,
    checklist: Checklist,
    signer: Signer,
) -> None:
    documents = dossier.documents
    digests = {name: fact.sha256 for name, fact in dossier.files.items()}
    digests |= {name: hashlib.sha256(data).hexdigest() for name, data in documents.items()}
    if not options.out:
        digests |= {name: digest for name, digest in material.rest.items() if name not in documents}

    def finish() -> tuple[bytes, bytes]:
        signature = signing.sign(work.target.name, digests, signer)
        return signature, statements.write(dossier, checklist, signature, signer)

    if options.out:
        staging.into_new_folder(work, Path(options.model), dossier.files, documents, finish, copy=options.copy)
    else:
        staging.in_place(work, documents, finish)


def _refuse_places(options: Options, desk: Desk) -> None:
    model, out = Path(options.model).resolve(), Path(options.out).resolve() if options.out else None
    if out is None and any((model / name).exists() for name in (".kit", "kit.toml")):
        raise UsageError("the model's folder is the project's folder", hint="release into another one: --out DIR")
    if not _is_text((out or model).name):
        raise UsageError(f"the folder's name {(out or model).name!r} is not UTF-8", hint="it is signed: choose another")
    if out is not None and (out == model or model in out.parents or out in model.parents):
        raise UsageError("model and release must not lie in one another", hint="give --out a folder elsewhere")


def _is_text(name: str) -> bool:
    return name.encode("utf-8", "replace").decode() == name


def _record(desk: Desk, dossier: Dossier, checklist: Checklist, signer: Signer) -> None:
    subject = Subject(name=dossier.words.name, sha256=dossier.sha256)
    answers = Answers(asked=tuple(line.item.id for line in checklist.lines))
    facts = {"verdict": "released", "totals": dict(checklist.totals), "profiles": list(dossier.profiles)}
    facts |= {"signer": signer.name, "version": dossier.words.version, "checklist_sha256": checklist.digest}
    desk.write(Kind.RELEASE, subject, answers, facts)


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
