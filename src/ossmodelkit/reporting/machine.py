"""The report as JSON: the wire form, versioned by its `schema`.

The keys of `Report.data` stand at the top level beside `verdict`, `findings` and `gaps`. A command that says
more about its findings than the common form holds gives its own list under `findings`.
"""

from __future__ import annotations

import json

from ossmodelkit import __version__
from ossmodelkit.core.report import SCHEMA, Report
from ossmodelkit.foundation.wire import to_wire


def write(report: Report) -> str:
    """Pretty JSON, keys in a fixed order."""
    own = {
        "schema": SCHEMA,
        "tool": {"name": "ossmodelkit", "version": __version__},
        "command": report.command,
        "subject": report.subject,
        "verdict": report.verdict,
        "outcome": report.outcome.value,
        "summary": report.summary,
        "findings": [to_wire(finding) for finding in sorted(report.findings, key=lambda f: f.order)],
        "gaps": to_wire(report.gaps),
        "asked": sorted(set(report.asked)),
        "notes": to_wire(report.notes),
    }
    more = {key: to_wire(value) for key, value in report.data.items() if key not in own or key == "findings"}
    return json.dumps(own | more, indent=2, ensure_ascii=True) + "\n"
