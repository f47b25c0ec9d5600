"""`python -m ossmodelkit.trainer.measuring BASE`: how long rows are for a model, before anything is trained.

Batches of rows come in on standard input and measures go out, a line of JSON each; the rows are encoded by
the very functions that the run uses. The chat template is rendered in the sandbox of transformers, and a
batch that takes longer than a minute ends the measuring: a template may be a stranger's endless loop.
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

LONGEST_SECONDS = 60
LONGEST_SENSIBLE = 10_000_000  # tokenizers that know no limit say 10^30


def main(words: list[str]) -> int:
    """Answer batch after batch until the input ends."""
    from ossmodelkit.trainer.quiet import hush

    hush()
    try:
        tokenizer = load_tokenizer(Path(words[0]))
    except Trouble as trouble:
        _say({"error": trouble.message, "hint": trouble.hint})
        return 1
    _say({"template": bool(getattr(tokenizer, "chat_template", None)), "longest": _longest(tokenizer)})
    for line in sys.stdin:
        signal.alarm(LONGEST_SECONDS)
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


def _longest(tokenizer: Any) -> int:
    """What the tokenizer says the model can take, in tokens; 0 where it says nothing."""
    longest = int(min(tokenizer.model_max_length, LONGEST_SENSIBLE))
    return 0 if longest == LONGEST_SENSIBLE else longest


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
