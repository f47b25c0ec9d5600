"""Let the trainer process count tokens: only it may load a tokenizer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ossmodelkit.curating.tokens import Measure, Meter
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError

LONGEST_SECONDS = 60


@contextmanager
def meter_of(base: str, *, seconds: int = LONGEST_SECONDS) -> Iterator[Meter | None]:
    """A meter with the tokenizer of the model in the folder `base`; None where `base` is empty.

    A batch of rows may take `seconds`.

    Raises `UsageError` when there is no such folder, and `NothingToJudgeError` when its tokenizer cannot be
    loaded or the training libraries are missing.
    """
    if not base:
        yield None
        return
    if not Path(base).is_dir():
        raise UsageError(f"no model folder at {base!r}", hint="give the folder that holds the base's tokenizer.json")
    command = [sys.executable, "-W", "ignore", "-m", "ossmodelkit.trainer.counting", base, str(seconds)]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True
        ) as process,
    ):
        talk = _Talk(process, complaints, base)
        try:
            facts = talk.hear()
            yield Meter(base=base, longest=facts["longest"], ask=talk.ask)
        finally:
            talk.end()


class _Talk:
    """A conversation with the trainer process, one line a batch."""

    def __init__(self, process: subprocess.Popen[str], complaints: IO[str], base: str) -> None:
        self.process, self.complaints, self.base = process, complaints, base

    def ask(self, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Sequence[Measure]:
        """Measure a batch."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # why it is gone is told where its answer is awaited
            self.process.stdin.write(json.dumps(rows) + "\n")
            self.process.stdin.flush()
        return [Measure(**one) for one in self.hear()]

    def hear(self) -> Any:
        """The next answer."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = json.loads(line) if line else {"error": self._last_words(), "hint": self._remedy()}
        if "error" in found:
            raise NothingToJudgeError(f"the tokens cannot be counted: {found['error']}", hint=found["hint"])
        return found

    def end(self) -> None:
        """Close the conversation; the process leaves when its input ends."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _last_words(self) -> str:
        if self.process.wait() == -signal.SIGALRM:
            return f"a batch of rows took too long; is the chat template of {self.base} sound?"
        self.complaints.seek(0)
        return (self.complaints.read().strip().splitlines() or ["it ended without a word"])[-1][:300]

    def _remedy(self) -> str:
        self.complaints.seek(0)
        missing = "No module named" in self.complaints.read()
        return "pip install 'ossmodelkit[train]'" if missing else "kit scan the model, or leave --model out"
