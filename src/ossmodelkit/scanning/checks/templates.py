"""Chat templates: programs that a tokenizer or server renders for every message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Confidence, Hit, Severity
from ossmodelkit.formats.templates import ChatTemplate
from ossmodelkit.scanning.jinja_reach import Reached, reached

REMEDY = "Take the chat template from the model's original publisher, or write it anew."


@lru_cache(maxsize=8)
def _reached(text: str) -> tuple[Reached, ...]:
    return tuple(reached(text))


def _hits(template: ChatTemplate, kind: str) -> Iterator[Hit]:
    for found in _reached(template.text):
        if found.kind == kind:
            at = replace(template.at, line=found.line)
            yield Hit(at=at, saw=f"{template.field}: {found.saw}", remedy=REMEDY)


@check("template-reaches-python", reads=ChatTemplate, severity=Severity.CRITICAL, advisories=("CVE-2024-34359",))
def reaches_python(template: ChatTemplate) -> Iterator[Hit]:
    """This chat template climbs from its variables into Python's internals.

    Dunder and frame attributes lead from any object to `os`. Programs that render templates without a
    sandbox run what is found there, with the first message.
    """
    return _hits(template, "python")


@check("template-loads-template", reads=ChatTemplate, severity=Severity.HIGH)
def loads_template(template: ChatTemplate) -> Iterator[Hit]:
    """This chat template includes another file.

    `include`, `import` and `extends` read files beside the template's own text; no chat format needs them.
    """
    return _hits(template, "loads")


@check("template-exhausts", reads=ChatTemplate, severity=Severity.MEDIUM)
def exhausts(template: ChatTemplate) -> Iterator[Hit]:
    """Rendering this chat template would use up time or memory."""
    return _hits(template, "exhausts")


@check("template-unreadable", reads=ChatTemplate, severity=Severity.MEDIUM, confidence=Confidence.LOW)
def unreadable(template: ChatTemplate) -> Iterator[Hit]:
    """This chat template is not valid Jinja, so nobody can say what it does."""
    return _hits(template, "unreadable")


CHECKS = (reaches_python, loads_template, exhausts, unreadable)
