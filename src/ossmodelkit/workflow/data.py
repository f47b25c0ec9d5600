"""Is this data fit to train on, and what would make it so?"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

from ossmodelkit.core.artifact import payload_digest
from ossmodelkit.core.evidence import Evidence, Kind, Subject
from ossmodelkit.core.policy import Outcome, Policy, Verdict, judge
from ossmodelkit.core.report import Report, Table
from ossmodelkit.curating import licenses
from ossmodelkit.curating.checking import Checked, Questions
from ossmodelkit.curating.checking import check as check_rows
from ossmodelkit.curating.tokens import Lengths
from ossmodelkit.foundation.errors import NothingToJudgeError
from ossmodelkit.workflow.data_feeds import open_feeds
from ossmodelkit.workflow.data_tokens import meter_of
from ossmodelkit.workflow.desk import Desk

PMI = "PMI: log2 of how much more often the group's words and the label meet than by chance"
WORDS = {Outcome.PASS: "fit", Outcome.FAIL: "unfit", Outcome.INCOMPLETE: "incomplete"}
SUMMARIES = {
    Outcome.PASS: "nothing found that stands against training on this data",
    Outcome.FAIL: "do not train on this data as it is",
    Outcome.INCOMPLETE: "not all of this data could be judged",
}


def check(
    files: Sequence[str],
    *,
    desk: Desk,
    against: Sequence[str] = (),
    questions: Questions | None = None,
    base: str = "",
) -> Report:
    """Judge training data by the project's policy, and record what was found when there is a project.

    `base` is the folder of a model whose tokenizer and chat template every row is held against.

    Raises `SourceError` when a file is not there and `NothingToJudgeError` when no row could be read.
    """
    checked, record = gather(files, desk=desk, against=against, questions=questions, base=base)
    policy = desk.settings.policy
    verdict = judge(_with_data(policy), record.subject.sha256, (record,), desk.now.date())
    return _report(checked, record, verdict)


def gather(
    files: Sequence[str],
    *,
    desk: Desk,
    against: Sequence[str] = (),
    questions: Questions | None = None,
    base: str = "",
) -> tuple[Checked, Evidence]:
    """What was found, and the record of it."""
    with open_feeds(files) as feeds, open_feeds(against) as exams, meter_of(base) as meter:
        checked = check_rows(feeds, exams, questions or Questions(), desk.progress, meter)
    if not checked.rows and not checked.counts:
        raise NothingToJudgeError("there is no row in this data", hint="give files that hold rows")
    subject = data_subject({file.name: file.sha256 for file in checked.files})
    cards = card_licenses(file.name for file in checked.files)
    return checked, desk.write(Kind.DATA, subject, checked.answers, {**details(checked), "card_licenses": cards})


def card_licenses(names: Iterable[str]) -> dict[str, list[str]]:
    """What the data cards in the folders of the files declare, by card."""
    found: dict[str, list[str]] = {}
    for card in dict.fromkeys(Path(name).parent / licenses.CARD for name in names if Path(name).is_file()):
        if not card.is_file() or card.stat().st_size > licenses.LARGEST_CARD:
            continue
        if declared := licenses.declared(card.read_text(encoding="utf-8", errors="replace")):
            found[str(card)] = list(declared)
    return found


def data_subject(digests: Mapping[str, str]) -> Subject:
    """The payload of some data files: names relative to the folder they share, so a move does not change it."""
    names = {name: Path(os.path.abspath(name)) for name in digests}  # noqa: PTH100 - links stay as they were named
    folder = Path(os.path.commonpath([path.parent for path in names.values()]))
    relative = {path.relative_to(folder).as_posix(): name for name, path in names.items()}
    sha256 = payload_digest({short: digests[name] for short, name in relative.items()})
    return Subject(name=next(iter(relative)) if len(names) == 1 else f"{len(names)} data files", sha256=sha256)


def details(checked: Checked) -> dict[str, Any]:
    """The facts of a data record, as plain values."""
    return {
        "files": [
            {
                "name": file.name,
                "sha256": file.sha256,
                "bytes": file.size,
                "rows": file.rows,
                "unread": file.unread,
                "container": file.layout.container,
                "encoding": file.layout.encoding,
                "format": max(file.shapes, key=lambda name: file.shapes[name], default=""),
                "formats": file.shapes,
            }
            for file in checked.files
        ],
        "rows": checked.rows,
        "characters": checked.chars,
        "tokens": _lengths(checked.lengths) if checked.lengths else None,
        "counts": checked.counts,
        "labels": checked.labels,
        "licenses": checked.licenses,
        "groups": [
            {
                "attribute": g.attribute,
                "value": g.value,
                "rows": g.rows,
                "mean_chars": round(g.mean_chars, 1),
                "labels": g.labels,
            }
            for g in checked.groups
        ],
        "selection": dict(checked.selection),
        "leanings": [
            {"group": one.group, "label": one.label, "meetings": one.meetings, "pmi": round(one.pmi, 3)}
            for one in checked.leanings
        ],
        "against": [
            {"file": name, "sha256": _sha256(Path(name)), "items": items, "met": met}
            for name, items, met in checked.examined
        ],
    }


def _sha256(path: Path) -> str:
    """The digest of an evaluation file, so that a release can tell whether it is the one that was evaluated on."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _lengths(lengths: Lengths) -> dict[str, Any]:
    return {
        "base": lengths.base,
        "rows": lengths.rows,
        "tokens": lengths.tokens,
        "learned": lengths.learned,
        "allowed": lengths.most,
        "percentiles": {str(percent): tokens for percent, tokens in lengths.percentiles},
    }


def _with_data(policy: Policy) -> Policy:
    return replace(policy, require=(Kind.DATA,))


def _report(checked: Checked, record: Evidence, verdict: Verdict) -> Report:
    return Report(
        command="data check",
        subject=", ".join(file.name for file in checked.files),
        verdict=WORDS[verdict.outcome],
        outcome=verdict.outcome,
        summary=SUMMARIES[verdict.outcome],
        findings=record.findings,
        gaps=record.gaps,
        asked=record.asked,
        tables=(*_tables(checked), *_license_table(record.details)),
        notes=tuple(_notes(checked, verdict)),
        next_steps=_next(checked, verdict.outcome),
        data={"payload_sha256": record.subject.sha256, **record.details},
    )


def _tables(checked: Checked) -> list[Table]:
    tables = [
        Table(
            title="",
            columns=("file", "rows", "unread", "format", "encoding", "sha256"),
            rows=tuple(
                (f.name, str(f.rows), str(f.unread), ", ".join(f.shapes) or "?", f.layout.encoding, f.sha256[:16] + "…")
                for f in checked.files
            ),
        )
    ]
    if checked.counts:
        rows = tuple((rule, str(count)) for rule, count in sorted(checked.counts.items(), key=lambda one: -one[1]))
        tables.append(Table(title="Findings by rule", columns=("rule", "times"), rows=rows))
    if checked.lengths and checked.lengths.rows:
        tables.append(_length_table(checked.lengths))
    if checked.examined:
        met = tuple((name, str(n), str(hit), f"{hit / n:.1%}") for name, n, hit in checked.examined if n)
        tables.append(Table(title="Evaluation files", columns=("file", "items", "met", "share"), rows=met))
    if checked.labels:
        total = sum(checked.labels.values())
        labels = tuple((name, str(n), f"{n / total:.1%}") for name, n in list(checked.labels.items())[:20])
        tables.append(Table(title="Labels", columns=("label", "rows", "share"), rows=labels))
    if checked.groups:
        groups = tuple((g.attribute, g.value, str(g.rows), f"{g.mean_chars:.0f}") for g in checked.groups[:40])
        tables.append(Table(title="Groups", columns=("attribute", "value", "rows", "mean characters"), rows=groups))
    if checked.leanings:
        lean = tuple((one.group, one.label, str(one.meetings), f"{one.pmi:+.2f}") for one in checked.leanings[:10])
        tables.append(
            Table(title="Group words and labels", columns=("group", "label", "rows", "PMI"), rows=lean, note=PMI)
        )
    return tables


def _length_table(lengths: Lengths) -> Table:
    counted, rows = 0, []
    for step, count in lengths.steps:
        counted += count
        rows.append((f"{step:,}", str(count), f"{counted / lengths.rows:.1%}"))
    shares = ", ".join(f"{percent} % within {tokens:,}" for percent, tokens in lengths.percentiles)
    learned = f"{lengths.tokens:,} tokens, {lengths.learned / max(lengths.tokens, 1):.0%} learned; {shares}"
    title = f"Tokens of a row, by the tokenizer of {lengths.base}"
    return Table(title=title, columns=("up to", "rows", "rows so far"), rows=tuple(rows), note=learned, bars="rows")


def _license_table(details: Mapping[str, Any]) -> Iterable[Table]:
    rows = [(one, f"{count} rows") for one, count in details["licenses"].items()]
    rows += [(one, card) for card, ids in details["card_licenses"].items() for one in ids]
    if rows:
        yield Table(title="Licenses", columns=("license", "told by"), rows=tuple(rows))


def _notes(checked: Checked, verdict: Verdict) -> list[str]:
    notes = [f"payload sha256 {data_subject({f.name: f.sha256 for f in checked.files}).sha256}"]
    if checked.left_out:
        notes.append(f"{checked.left_out} more findings were counted and are not listed")
    if not checked.examined:
        notes.append("not compared with any evaluation file; --against FILE does")
    notes.append("names of people were not looked for: that needs a model")
    return [*notes, *verdict.warnings]


def _next(checked: Checked, outcome: Outcome) -> tuple[str, ...]:
    first = quote(checked.files[0].name)
    if outcome is not Outcome.PASS:
        return (f"kit data clean {first} --to clean.jsonl   redacts, leaves out what is broken", "kit explain RULE")
    if any(file.unformatted for file in checked.files):
        return (f"kit data format {first} --to train.jsonl   into messages, which kit finetune reads",)
    return ("kit finetune --example lora > plan.toml   then kit finetune plan.toml",)
