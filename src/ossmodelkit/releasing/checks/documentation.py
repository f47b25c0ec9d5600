"""Documentation: DOC-001 to DOC-010."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ossmodelkit.core.finding import Hit
from ossmodelkit.releasing import coverage
from ossmodelkit.releasing.card import frontmatter, numbers, validator
from ossmodelkit.releasing.checks.asking import attested, item, measured
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.european import base_flop
from ossmodelkit.releasing.layout import ATTEST, CARD, CHANGES, FORM, STATUS
from ossmodelkit.releasing.noting import missing, moot, wrong
from ossmodelkit.releasing.said import is_filler, use_of

AGAIN = "release again: it is written for you"
FILLERS = re.compile(
    r"\[?more information needed\]?|\bTODO\b|\bTBD\b|\bFIXME\b|lorem ipsum|\[(?:fill|insert|your|add)[^\]]*\](?!\()"
    r"|<(?:your|insert|fill)[^>]*>|\bXXX+\b|\{\{.*?\}\}",
    re.I,
)


@item("DOC-001")
def card_valid(dossier: Dossier) -> Iterator[Hit]:
    """The model card is absent, or a hub would not read its header."""
    text = dossier.text(CARD)
    if not text:
        yield missing(CARD, "there is no card", AGAIN)
        return
    for fault in validator.faults(frontmatter.read(text)):
        yield wrong(CARD, fault.saw, fault.remedy, line=fault.line)
    for name, data in dossier.texts.items():
        if name.startswith(".eval_results/") and name.endswith((".yaml", ".yml")):
            entries = frontmatter.load(data.decode("utf-8", "replace"))
            for saw in validator.evaluation_faults(entries):
                yield wrong(name, saw, "see the hub's description of evaluation results")


@item("DOC-002")
def no_filler(dossier: Dossier) -> Iterator[Hit]:
    """Placeholder text was left in the card."""
    text = dossier.text(CARD)
    if not text:
        yield missing(CARD, "there is no card", AGAIN)
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if found := FILLERS.search(line):
            yield wrong(CARD, f"{found[0][:60]!r}", "say it, or say that it is unknown and why", line=number)
    for number, title in _empty_sections(lines):
        yield wrong(CARD, f"section {title!r} is empty", "write it, or take the heading out", line=number)


@item("DOC-003")
def use_stated(dossier: Dossier) -> Iterator[Hit]:
    """What the model is for, what not, and for whom is not stated."""
    stated = dossier.attested("DOC-003")
    if stated is not None:
        yield from attested(dossier, "DOC-003")
        return
    for name, text in use_of(dossier).items():
        if is_filler(text):
            yield missing("kit.toml", f"no {name}", f"[release] {name} = a sentence or two")
    if not dossier.words.owner.strip():
        yield missing("kit.toml", "nobody states it", "[release] owner = a name")


@item("DOC-004")
def example_ran(dossier: Dossier) -> Iterator[Hit]:
    """Nobody ran the example of the card against these files."""
    yield from measured(dossier, "DOC-004")


@item("DOC-005")
def architecture_measured(dossier: Dossier) -> Iterator[Hit]:
    """Parameters and architecture were not counted from the files."""
    known = numbers.architecture(dossier)
    if not known.get("parameters"):
        yield missing(
            "release/evidence/estimate.json", "nobody counted the parameters", "kit estimate MODEL records it"
        )


@item("DOC-006")
def provider_status(dossier: Dossier) -> Iterator[Hit]:
    """Whether this makes you a provider in the EU was not worked out."""
    if not dossier.was_trained:
        yield moot(STATUS, "nothing was tuned")
        return
    try:
        status = json.loads(dossier.documents.get(STATUS, b"{}"))
    except ValueError:
        status = {}
    if not status:
        yield missing(STATUS, "no status", AGAIN)
    elif status.get("flop") is None:
        yield wrong(STATUS, "the compute of the run is unknown", "fine-tune again with this version of kit")
    stated = dossier.attested("DOC-006")
    if stated and base_flop(dossier) is None:
        said = f"base_flop is {str(stated.answers.get('base_flop'))[:40]!r}, which is no number of operations"
        yield wrong(ATTEST, said, "state the base's training compute like 1.5e+24, or take the statement out")


@item("DOC-007")
def energy_told(dossier: Dossier) -> Iterator[Hit]:
    """Energy is neither measured nor estimated, and no reason is given."""
    if not dossier.was_trained:
        yield moot("release/evidence/finetune.json", "nothing was tuned")
    elif numbers.energy(dossier).kwh is None and (stated := dossier.attested("DOC-007")):
        yield from attested(dossier, "DOC-007")
        if is_filler(stated.answers.get("reason")):
            yield wrong(ATTEST, "DOC-007 gives no reason", "answer 'reason' in attest.yaml: why energy is not known")
    elif numbers.energy(dossier).kwh is None:
        remedy = 'write {"kwh": …, "method": "…"}, then: kit release attach MODEL energy FILE.json'
        yield missing("release/evidence/finetune.json", "nobody knows the power this hardware draws", remedy)


@item("DOC-008")
def form_exported(dossier: Dossier) -> Iterator[Hit]:
    """The EU model documentation form was not exported or not confirmed."""
    if not dossier.documents.get(FORM):
        yield missing(FORM, "no form", "release with the profile eu-gpai: it is written for you")
    else:
        yield from attested(dossier, "DOC-008")


@item("DOC-009")
def changes_told(dossier: Dossier) -> Iterator[Hit]:
    """Nobody can tell what changed since the release before."""
    if not dossier.words.version:
        yield missing("kit.toml", "no version", "[release] version = 1.0.0")
    if dossier.previous and not dossier.documents.get(CHANGES):
        yield missing(CHANGES, "the previous release is known, its differences are not", AGAIN)


@item("DOC-010")
def openness_told(dossier: Dossier) -> Iterator[Hit]:
    """Which parts are open, and which are not, is not stated."""
    if not coverage.openness(dossier).components:
        yield missing("release/checklist.json", "no component table", AGAIN)


def _empty_sections(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Headings with nothing below them before the next heading of the same or a higher level."""
    fenced, open_heading = False, (0, 0, "")
    for number, line in enumerate([*lines, "# end"], 1):
        fenced ^= line.startswith("```")
        level = len(line) - len(line.lstrip("#")) if not fenced and re.match(r"#{1,6} ", line) else 0
        if level:
            if open_heading[0] and level <= open_heading[0]:
                yield open_heading[1], open_heading[2]
            open_heading = (level, number, line.lstrip("# "))
        elif line.strip() and not line.startswith("<!--"):
            open_heading = (0, 0, "")


CHECKS = (
    card_valid,
    no_filler,
    use_stated,
    example_ran,
    architecture_measured,
    provider_status,
    energy_told,
    form_exported,
    changes_told,
    openness_told,
)
