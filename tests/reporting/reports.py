"""Reports to render: a plain one, and one whose every string comes from an enemy."""

from __future__ import annotations

from ossmodelkit.core.finding import Finding, Gap, Place, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table

SHELL = Finding(
    check="pickle-imports-shell",
    severity=Severity.CRITICAL,
    title="Loading this pickle would start a process.",
    at=Place(path="pytorch_model.bin", members=("archive/data.pkl",), offset=12),
    saw="os.system('id')",
    remedy="Ask the publisher for safetensors.",
)
OWED = Finding(
    check="license-display-missing",
    severity=Severity.LOW,
    title="A line that must be displayed is missing.",
    at=Place(path="README.md", line=7),
    saw="Built with Acme",
    remedy="Add the line.",
    clause="§1(b)(i)",
    verified=False,
)
GAP = Gap(at=Place(path="data.7z"), reason="no reader knows this format", remedy="unpack it first")

PLAIN = Report(
    command="audit",
    subject="models/tiny",
    verdict="fail",
    outcome=Outcome.FAIL,
    summary="do not adopt this model as it is",
    findings=(OWED, SHELL),
    gaps=(GAP,),
    asked=("pickle-imports-shell", "license-display-missing", "pickle-calls-code"),
    tables=(Table(title="Files", columns=("name", "bytes"), rows=(("pytorch_model.bin", "812"),)),),
    notes=("Not legal advice.",),
    next_steps=("kit explain pickle-imports-shell",),
    data={"payload_sha256": "ab" * 32},
)

EVIL = "<script>alert(1)</script>|[x](javascript:1)\x1b[2J\u202egnp.exe\r\n# not a heading\x00"
HOSTILE = Report(
    command="scan",
    subject=EVIL,
    verdict="dangerous",
    outcome=Outcome.FAIL,
    summary=EVIL,
    findings=(
        Finding(
            check="pickle-imports-shell",
            severity=Severity.HIGH,
            title=EVIL,
            at=Place(path=EVIL, members=(EVIL,), offset=3),
            saw=EVIL,
            remedy=EVIL,
        ),
    ),
    gaps=(Gap(at=Place(path="/../" + EVIL), reason=EVIL),),
    tables=(Table(title=EVIL, columns=(EVIL, "b"), rows=((EVIL, EVIL),), note=EVIL, bars=EVIL),),
    next_steps=(EVIL,),
    notes=(EVIL,),
    data={"files": [EVIL]},
)
