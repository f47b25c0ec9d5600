"""Every check that is asked of a model against its base."""

from __future__ import annotations

from ossmodelkit.core.check import Check
from ossmodelkit.scanning.against import checks, checks_around

CHECKS: tuple[Check, ...] = (
    checks.not_claimed,
    checks.not_kept,
    checks.nothing,
    checks.other_model,
    checks.added,
    checks.missing,
    checks.shape,
    checks.type_,
    checks.few_tokens,
    checks.broken,
    checks_around.adapter_beyond,
    checks_around.adapter_unfit,
    checks_around.adapter_idle,
    checks_around.other_base,
    checks_around.moved_tokens,
    checks_around.tokenizer,
    checks_around.template,
    checks_around.settings,
)
