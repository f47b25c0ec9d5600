"""Gate a model, write its documents, sign the folder: `kit release`."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Kind, Subject
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.releasing import index, layout, signing, staging, statements
from ossmodelkit.releasing.assembling import Wishes, assemble
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.comparing import changes
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.envelope import Signer
from ossmodelkit.releasing.questions import as_yaml
from ossmodelkit.reporting.escaping import markdown
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.release_diff import dossier_in
from ossmodelkit.workflow.release_material import Material, Options, collect
from ossmodelkit.workflow.release_report import report, told
from ossmodelkit.workflow.release_signer import planned, signer_for


def check(options: Options, *, desk: Desk) -> Report:
    """Judge the checklist and write nothing.

    Raises `SourceError` when there is no model.
    """
    signer = signer_for(options, desk) if options.key else None
    material = _material(options, desk, signer)
    dossier, checklist = assemble(material.dossier, material.found, _wishes(options, material.dossier))
    word = "ready" if checklist.outcome is Outcome.PASS else "refused"
    return told(report("release check", options.model, word, dossier, checklist), options)


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
            return told(report("release", options.model, "refused", dossier, checklist), options)
        _write(work, options, material, dossier, checklist, signer)
    _record(desk, dossier, checklist, signer)
    done = report("release", str(target), "released", dossier, checklist, target=target, model=options.model)
    return told(done, options)


def resume(target: str, *, desk: Desk) -> Report:
    """Finish the release of `target` that was interrupted."""
    return release(from_wire(Options, staging.journal_of(Path(target)), where="journal"), desk=desk)


def clean(target: str) -> Report:
    """Remove what an interrupted release of `target` left behind."""
    was = staging.clean(Path(target))
    summary = "the leftovers of an interrupted release are gone" if was else "no interrupted release lay here"
    return Report(command="release clean", subject=target, verdict="clean", outcome=Outcome.PASS, summary=summary)


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
