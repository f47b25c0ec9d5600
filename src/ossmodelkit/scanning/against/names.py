"""What a tensor's name tells: its layer, its module, and its role in every layer alike."""

from __future__ import annotations

import re
from collections.abc import Collection

NUMBER = re.compile(r"(?<![^./])\d+(?![^./])")
EMBEDDING = re.compile(r"(^|[./])(embed\w*|\w*embeddings?|wte|wpe|tok_embeddings|shared|token_embd)([./]|$)")
HEAD = re.compile(
    r"(^|[./])(lm_head|output|score|\w*classifier|classification_head|cls|pooler|embed_out|qa_outputs)([./]|$)"
)
NORM = re.compile(r"(^|[./_])\w*(norm|ln|layernorm|ln_[0-9f])\w*([./]|$)", re.IGNORECASE)
# Rotary frequencies, positions, causal masks and window indices.
RECOMPUTED = re.compile(
    r"(^|\.)(inv_freq|position_ids|masked_bias|attn\.bias|attention\.bias|relative_position_index|cos_cached|sin_cached)$"
)
ENDS = ("weight", "bias")


def layer_of(name: str) -> str:
    """The path up to its first number, as `model.layers.3`; the module where there is none."""
    found = NUMBER.search(name)
    return name[: found.end()] if found else module_of(name)


def module_of(name: str) -> str:
    """The module that a parameter belongs to."""
    return name.rpartition(".")[0] or name


def role_of(name: str) -> str:
    """The name with every number as `*`: what the tensor is in all layers."""
    return NUMBER.sub("*", name)


def is_embedding(name: str) -> bool:
    """Whether a tensor looks up tokens or positions."""
    return bool(EMBEDDING.search(name))


def is_head(name: str) -> bool:
    """Whether a tensor belongs to what stands on top of the layers."""
    return bool(HEAD.search(name)) and not NUMBER.search(name)


def is_norm(name: str) -> bool:
    """Whether a tensor belongs to a normalization."""
    return bool(NORM.search(module_of(name)))


def is_recomputed(name: str) -> bool:
    """Whether a tensor is a table that the model makes anew: some versions save it, others do not."""
    return bool(RECOMPUTED.search(name))


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts layer 2 before layer 10."""
    parts = filter(None, re.split(r"(\d{1,9})", name))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def prefix_between(base: Collection[str], tuned: Collection[str]) -> tuple[str, bool]:
    """What stands before the names of one side and not of the other, and whether that is the tuned one.

    `("module.", True)` where the model was saved from inside a wrapper, `("bert.", True)` where a head was put
    around a bare base; `("", False)` where names meet as they are, or not at all.
    """
    best, found = len(set(base) & set(tuned)), ("", False)
    for short, long, tuned_is_long in ((base, tuned, True), (tuned, base, False)):
        for prefix in _candidates(short, long):
            met = sum(prefix + name in long for name in short)
            if met > best:
                best, found = met, (prefix, tuned_is_long)
    return found


def _candidates(short: Collection[str], long: Collection[str]) -> set[str]:
    starts = {".".join(parts[:count]) + "." for name in long for parts in [name.split(".")] for count in (1, 2)}
    probes = list(short)[:: max(1, len(short) // 8)][:8]
    return {start for start in starts for probe in probes if start + probe in long}
