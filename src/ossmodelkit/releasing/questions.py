"""The statements that are still open, as a file to fill in: what is asked, why, and what the records propose.

Nothing here answers for anybody: a block counts only once a person has put their name into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from ossmodelkit.releasing.checklist import GO_DECISION, NOT_FULFILLED, Checklist, Line
from ossmodelkit.releasing.checks.asking import OLDEST_STATEMENT_DAYS
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.european import rules
from ossmodelkit.releasing.layout import ATTEST, SUMMARY
from ossmodelkit.releasing.owed import use_limits

HEAD = """\
# Fill in every answer and your name. An empty answer counts as none. What is filled in already was proposed.
# Where an item stands twice, the last block counts: ask again, and add what is still open at the end.
"""


def open_questions(checklist: Checklist) -> tuple[Line, ...]:
    """The lines that wait for a statement: those that refuse first, and the decision about all of them last."""
    asked = (x for x in checklist.lines if x.state in NOT_FULFILLED and any(h.at.path == ATTEST for h in x.hits))
    return tuple(sorted(asked, key=lambda line: (line.item.id == GO_DECISION, -line.weight.rank)))


def as_yaml(dossier: Dossier, checklist: Checklist) -> str:
    """The open questions as blocks of `attest.yaml`; empty when there is none."""
    blocks = [_block(line, dossier, checklist) for line in open_questions(checklist)]
    return HEAD + "".join(blocks) if blocks else ""


def _block(line: Line, dossier: Dossier, checklist: Checklist) -> str:
    item, today = line.item, dossier.today
    proposed = _proposals(dossier, checklist)
    names = (*item.asks, "checklist_sha256") if item.id == GO_DECISION else item.asks
    answers = [f"  {name}: {json.dumps(proposed.get(f'{item.id}.{name}', ''), ensure_ascii=False)}" for name in names]
    answers += [f"  # {name}:   where it is known" for name in item.may_tell]
    said = [f"# {item.title} ({line.weight}).", f"# {item.why}", f"# Wanted: {item.check}"]
    if item.id == GO_DECISION:
        said.append("# Every other answer changes the digest: state them first, then ask again for this one.")
    dates = [f"  date: {today}", f"  expires: {today + timedelta(days=OLDEST_STATEMENT_DAYS)}"]
    return "\n".join(["", *said, f"{item.id}:", '  by: ""', *dates, *answers, ""])


def _proposals(dossier: Dossier, checklist: Checklist) -> Mapping[str, Any]:
    """What the records and `kit.toml` say already; a person confirms it by putting their name to it."""
    contact = dossier.words.contact
    limits = [str(duty.get("text", "")) for duty in use_limits(dossier.license_facts)]
    return dict(_filled({
        "OPS-003.contact": contact, "OPS-004.report_to": contact, "DOC-008.contact": contact,
        "OPS-003.team": dossier.words.owner, "DAT-003.owner": dossier.words.owner,
        "DOC-008.retention_years": int(rules()["retention_years"]), "DAT-005.summary": SUMMARY,
        "DEP-003.model_digest": dossier.sha256, "LIC-006.restrictions": limits,
        f"{GO_DECISION}.checklist_sha256": checklist.digest,
    }))  # fmt: skip


def _filled(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in values.items() if value)
