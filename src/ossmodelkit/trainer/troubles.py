"""How a run ends when it cannot go on: one clear sentence and what to change."""

from __future__ import annotations

import errno
import re

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Trouble(Exception):  # noqa: N818 - a word that is read aloud in `raise Trouble`
    """A run that must end: what happened, and what to change in the plan, the data or the machine."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Stopped(Exception):  # noqa: N818 - being asked to leave is no error
    """Somebody asked the run to leave (SIGTERM, SIGINT); it has saved a checkpoint."""

    def __init__(self, step: int) -> None:
        super().__init__(f"stopped after step {step}")
        self.step = step


def explain(error: BaseException) -> Trouble:
    """The trouble behind an exception of torch, the operating system or ourselves."""
    if isinstance(error, Trouble):
        return error
    text = f"{type(error).__name__}: {error}".strip()
    if "out of memory" in text.lower() or isinstance(error, MemoryError) or "can't allocate memory" in text.lower():
        return Trouble(
            "ran out of memory",
            hint="halve micro_batch (the mathematics stay the same), set speed.recompute = true, or weights = 'int8'; "
            "kit estimate PLAN tells what fits",
        )
    if _is_out_of_space(error):
        return Trouble(
            "the disk is full", hint="free space and run again with --resume; keep_checkpoints = 1 needs less"
        )
    if isinstance(error, OSError) and error.filename:
        return Trouble(f"cannot use {error.filename}: {error.strerror}", hint="check the path and the rights")
    if isinstance(error, ModuleNotFoundError):
        return Trouble(f"the module {error.name!r} is not installed", hint="pip install 'ossmodelkit[train]'")
    return Trouble(text.splitlines()[0][:400], hint="the whole traceback is in trainer.log beside the run")


def _is_out_of_space(error: BaseException) -> bool:
    """Also where a library turned the operating system's number into words of its own, as safetensors does."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in FULL
    found = re.search(r"\(os error (\d+)\)", str(error))
    return found is not None and int(found[1]) in FULL


def first_line(error: BaseException) -> str:
    """The first line of what an exception says, or its name; at most 300 characters."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(": ")
