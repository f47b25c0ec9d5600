"""Safetensors files that break the rules which make the format safe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats.safetensors import Safetensors

REMEDY = "Do not load it: ask the publisher for a file written by the safetensors library."


@check("safetensors-malformed", reads=Safetensors, severity=Severity.HIGH)
def malformed(file: Safetensors) -> Iterator[Hit]:
    """This safetensors header breaks the format's rules.

    The reference reader refuses such files; other readers may not, and a length or shape that does
    not fit is how memory errors are provoked.
    """
    for defect in file.defects:
        if not defect.hides:
            yield Hit(at=replace(file.at, offset=defect.offset), saw=defect.saw, remedy=REMEDY)


@check("safetensors-hidden-bytes", reads=Safetensors, severity=Severity.HIGH)
def hidden_bytes(file: Safetensors) -> Iterator[Hit]:
    """Bytes lie in this safetensors file where no tensor claims them.

    Tensors must fill the buffer without holes, overlap or rest; anything else is room for a second
    file inside the first (a polyglot) or for data that leaves unseen.
    """
    for defect in file.defects:
        if defect.hides:
            yield Hit(at=replace(file.at, offset=defect.offset), saw=defect.saw, remedy=REMEDY)


CHECKS = (malformed, hidden_bytes)
