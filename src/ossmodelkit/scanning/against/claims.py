"""What a fine-tune says it changed, from whoever says it: a person, an adapter's settings, or a run's record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.scanning.against.names import ENDS, is_embedding, is_head, is_norm, module_of

ALL_LINEAR = "all-linear"
FULL = "full"
NONE = "none"
# A pattern out of a model is matched only while it cannot run for long: short, few repetitions, short names.
LONGEST_PATTERN = 1000
MOST_REPEATS = 3
LONGEST_NAME = 200
HEADED = frozenset({"SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS", "sequence-classification"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What may have changed, and who says so.

    `modules` are names of modules (the last part, the end of the path, or with wildcards), `all-linear`, or
    nothing where everything may have (`whole`). `pattern` is a regular expression over whole module paths.
    `layers` bounds the numbered layers, `head` allows a new head, `biases` the biases of the modules.
    """

    said_by: str
    text: str
    whole: bool = False
    modules: tuple[str, ...] = ()
    pattern: str = ""
    layers: tuple[int, ...] = ()
    saved: tuple[str, ...] = ()
    head: bool = False
    biases: bool = True

    def covers(self, name: str, sides: int) -> bool:
        """Whether the tensor `name` with so many sides may have changed."""
        if self.whole or (self.head and is_head(name)):
            return True
        module, _, end = name.rpartition(".")
        if any(_is_named(module_of(name), one) or fnmatchcase(name, one) for one in self.saved):
            return True
        if end == "bias" and not self.biases:
            return False
        return self._names(module if end in ENDS else name, name, sides) and self._in_layers(name)

    def _names(self, module: str, name: str, sides: int) -> bool:
        if self.pattern and len(module) <= LONGEST_NAME:
            return bool(re.fullmatch(self.pattern, module))
        return any(
            _is_named(module, one) or fnmatchcase(name, one) or (one == ALL_LINEAR and _is_linear(name, sides))
            for one in self.modules
        )

    def _in_layers(self, name: str) -> bool:
        number = re.search(r"\.(\d+)\.", name)
        return not self.layers or (number is not None and int(number[1]) in self.layers)


def _is_named(module: str, wanted: str) -> bool:
    return module == wanted or module.endswith(f".{wanted}") or fnmatchcase(module, wanted)


def _is_linear(name: str, sides: int) -> bool:
    return sides == 2 and not (is_embedding(name) or is_head(name) or is_norm(name))


def spoken(text: str) -> Claim:
    """The claim a person makes: `full`, `none`, or names of modules with commas between.

    Raises `UsageError` when it names nothing.
    """
    wanted = text.strip()
    method, colon, rest = wanted.partition(":")
    if colon and method.lower() in ("lora", "dora", "rslora", "pissa", "only"):
        wanted = rest.strip()
    if wanted.lower() == FULL:
        return Claim(said_by="--claim", text=FULL, whole=True)
    if wanted.lower() == NONE:
        return Claim(said_by="--claim", text=NONE)
    modules = tuple(one.strip() for one in wanted.split(",") if one.strip())
    if not modules:
        raise UsageError("--claim names nothing", hint="full, none, all-linear, or modules such as q_proj,v_proj")
    return Claim(said_by="--claim", text=", ".join(modules), modules=modules)


def recorded(details: Mapping[str, Any]) -> Claim:
    """The claim in the record of a `kit finetune` run."""
    method: Mapping[str, Any] = details.get("method") or {}
    name = str(method.get("name", ""))
    said_by = "the run's record"
    if name == FULL:
        return Claim(said_by=said_by, text=FULL, whole=True)
    modules = _texts(method.get("targets"))
    return Claim(
        said_by=said_by,
        text=f"{name} on {', '.join(modules)}",
        modules=modules,
        head=str(details.get("task")) in HEADED,
        biases=False,
    )


def configured(config: Mapping[str, Any]) -> Claim:
    """The claim in an `adapter_config.json`."""
    targets = config.get("target_modules")
    pattern = targets if isinstance(targets, str) and targets != ALL_LINEAR else ""
    modules = _texts(targets) if not pattern else ()
    shown = pattern or ", ".join(sorted(modules)) or "no modules"
    return Claim(
        said_by="adapter_config.json",
        text=f"{str(config.get('peft_type', 'adapter')).lower()} on {shown}"[:200],
        modules=modules,
        pattern=pattern if _is_quick(pattern) else "",
        layers=_numbers(config.get("layers_to_transform")),
        saved=_texts(config.get("modules_to_save")),
        head=str(config.get("task_type")) in HEADED,
        biases=config.get("bias", "none") != "none",
        whole=bool(pattern) and not _is_quick(pattern),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(sorted(one for one in value if isinstance(one, str))) if isinstance(value, Iterable) else ()


def _numbers(value: Any) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,)
    return tuple(one for one in value if isinstance(one, int)) if isinstance(value, list) else ()


def _is_quick(pattern: str) -> bool:
    """Whether a stranger's pattern is one that cannot run away."""
    repeats = len(re.findall(r"[*+}]|(?<!\()\?", pattern))
    if not pattern or len(pattern) > LONGEST_PATTERN or repeats > MOST_REPEATS or re.search(r"\)[*+{]", pattern):
        return False
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True
