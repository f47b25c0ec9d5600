"""Audit, fine-tune, release and verify open AI models, with the evidence to prove it.

The verbs of the command line are functions here; each gives back a `core.report.Report`:

    >>> import ossmodelkit
    >>> report = ossmodelkit.audit("./model")
    >>> report.outcome, report.findings

Nothing is imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ossmodelkit.core.report import Report

__version__ = "0.1.0"
__all__ = ["audit", "safe_load", "scan"]


def audit(ref: str, *, online: bool = False) -> Report:
    """License, lineage and security of the model at `ref`, judged by the project around the current folder.

    Raises `SourceError` when there is no model and `NothingToJudgeError` when it holds nothing.
    """
    # By name, as below: every room imports this package for its version, and must not reach `workflow` by that.
    desk = import_module("ossmodelkit.workflow.desk").desk_here()
    report: Report = import_module("ossmodelkit.workflow.audit").audit(ref, desk=desk, online=online)
    return report


def __getattr__(name: str) -> Any:
    if name == "scan":
        return import_module("ossmodelkit.workflow.scan").scan
    if name == "safe_load":
        return import_module("ossmodelkit.loading").safe_load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
