"""`python -m ossmodelkit.trainer.counting BASE SECONDS`: the tokens of rows, before anything is trained.

Batches of rows come in on standard input and measures go out, a line of JSON each; the rows are encoded by
the very functions that the run uses. The chat template is rendered in the sandbox of transformers, and a
batch that takes longer than SECONDS ends the counting: a template may be a stranger's endless loop.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from ossmodelkit.core.plan import Plan, Task
from ossmodelkit.trainer import encoding, rows
from ossmodelkit.trainer.tokenizer import load_tokenizer
from ossmodelkit.trainer.troubles import Trouble, explain

POSITIONS = ("max_position_embeddings", "n_positions")
LONGEST_SENSIBLE = 10_000_000  # tokenizers that know no limit say 10^30


def main(words: list[str]) -> int:
    """Answer batch after batch until the input ends."""
    from ossmodelkit.trainer.quiet import hush

    sys.modules["torch"] = None  # type: ignore[assignment]  # not needed here, and three quarters of the start
    hush()
    folder, seconds = Path(words[0]), int(words[1])
    try:
        tokenizer = load_tokenizer(folder)
    except Trouble as trouble:
        _say({"error": trouble.message, "hint": trouble.hint})
        return 1
    _say({"longest": _longest(tokenizer, folder)})
    for line in sys.stdin:
        signal.alarm(seconds)
        _say([_measure(task, found, tokenizer) for task, found in json.loads(line)])
        signal.alarm(0)
    return 0


def _measure(task: str, found: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    """Tokens of a row, how many of them are learned, and how many the tokenizer does not know."""
    plan = Plan(base="base", data="data", out="out", task=Task(task))
    try:
        row = rows.row_of(found, 0, "this row", plan)
        tokens, learned = encoding.lengths(row, tokenizer, plan)
    except Exception as error:
        return {"trouble": explain(error).message.removeprefix("line 0: ").removeprefix("this row ")[:300]}
    unknown = tokenizer.unk_token_id
    return {"tokens": len(tokens), "learned": learned, "unknown": 0 if unknown is None else tokens.count(unknown)}


def _longest(tokenizer: Any, folder: Path) -> int:
    """How many tokens the model can take by its tokenizer and its configuration; 0 where both are silent."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        config = {}
    said = [tokenizer.model_max_length, *(config.get(name) for name in POSITIONS)]
    return min((int(n) for n in said if isinstance(n, (int, float)) and 0 < n < LONGEST_SENSIBLE), default=0)


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
