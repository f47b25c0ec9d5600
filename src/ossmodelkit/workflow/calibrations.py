"""Cards with what was measured on one of their kind."""

from __future__ import annotations

from dataclasses import replace

from ossmodelkit.core.source import Source
from ossmodelkit.estimating.calibrating import from_record
from ossmodelkit.estimating.hardware import Cards
from ossmodelkit.project import measured
from ossmodelkit.workflow.desk import Desk


def with_measured(cards: Cards, desk: Desk, source: Source) -> Cards:
    """The cards with their calibration record, if there is one; a model's own folder is not heard."""
    folders = [measured.user_folder()]
    if desk.project is not None and not desk.lies_in((source,)):
        folders.insert(0, measured.project_folder(desk.project.root))
    for folder in folders:
        found = measured.read(folder, cards.accelerator.id)
        if found is not None:
            path, record = found
            return replace(cards, calibration=from_record(record, where=str(path)))
    return cards
