"""From rows to tokens, and which of them are learned.

Chat rows go through the tokenizer's own template. Which tokens belong to the assistant is found by
rendering the conversation up to each turn: a turn's text is what it adds to the text before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.plan import Plan, Task
from ossmodelkit.trainer.rows import Row
from ossmodelkit.trainer.troubles import Trouble

IGNORED = -100


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One row as tokens. `labels` repeats the tokens that are learned and is -100 elsewhere.

    For classification `target` is the class; for seq2seq `labels` is the target text.
    """

    tokens: tuple[int, ...]
    labels: tuple[int, ...] = ()
    target: int = -1
    domain: int = -1
    line: int = 0

    @property
    def learned(self) -> int:
        """How many positions carry loss once labels are shifted by one."""
        return sum(label != IGNORED for label in self.labels[1:])


def encode_causal(rows: Iterable[Row], tokenizer: Any, plan: Plan) -> list[Example]:
    """Examples for next-token learning, of at most `train.seq` tokens.

    Raises `Trouble` for a missing template, over-long rows and data from which nothing is learned.
    """
    everything = plan.train.learn == "everything"
    examples = [_fit(_causal(row, tokenizer, everything), plan) for row in rows]
    kept = [example for example in examples if example is not None]
    if not kept:
        raise Trouble(f"every row is longer than seq = {plan.train.seq} tokens", hint="raise train.seq")
    if not any(example.learned for example in kept):
        raise Trouble(
            "all labels are masked: no token would be learned",
            hint="the chat template does not mark assistant turns, or train.seq cuts them off; "
            "train.learn = 'everything' learns prompts too",
        )
    return [example for example in kept if example.learned]


def lengths(row: Row, tokenizer: Any, plan: Plan) -> tuple[Sequence[int], int]:
    """The tokens of one row and how many of them carry loss, whatever `train.seq` says."""
    if plan.task is Task.CLASSIFICATION:
        return tokenizer(row.prompt, row.pair or None)["input_ids"], 1
    if plan.task is Task.SEQ2SEQ:
        source, target = tokenizer(row.prompt)["input_ids"], tokenizer(text_target=row.answer)["input_ids"]
        return max(source, target, key=len), len(target)
    example = _causal(row, tokenizer, everything=False)
    return example.tokens, example.learned


def _causal(row: Row, tokenizer: Any, everything: bool) -> Example:
    if row.messages:
        return _chat(row, tokenizer, everything)
    start = [tokenizer.bos_token_id] if tokenizer.bos_token_id is not None else []
    end = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
    prompt = start + _ids(tokenizer, row.prompt)
    answer = _ids(tokenizer, row.answer) + end
    hidden = prompt if everything else [IGNORED] * len(prompt)
    return Example(tokens=tuple(prompt + answer), labels=tuple(hidden + answer), line=row.line)


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []


def _chat(row: Row, tokenizer: Any, everything: bool) -> Example:
    if not getattr(tokenizer, "chat_template", None):
        raise Trouble(
            "the data has chat messages and the base has no chat template",
            hint="use an instruction-tuned base, or rows with prompt + completion",
        )
    text = _render(row, tokenizer, len(row.messages))
    coded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    tokens = list(coded["input_ids"])
    if everything:
        return Example(tokens=tuple(tokens), labels=tuple(tokens), line=row.line)
    spans = _assistant_spans(row, tokenizer, text)
    labels = [
        token if any(start < end and start >= a and end <= b for a, b in spans) else IGNORED
        for token, (start, end) in zip(tokens, coded["offset_mapping"], strict=True)
    ]
    return Example(tokens=tuple(tokens), labels=tuple(labels), line=row.line)


def _assistant_spans(row: Row, tokenizer: Any, whole: str) -> list[tuple[int, int]]:
    """Where the assistant speaks, as character ranges of the rendered text, its end marker included."""
    spans: list[tuple[int, int]] = []
    for index, turn in enumerate(row.messages):
        if turn["role"] != "assistant":
            continue
        before = _render(row, tokenizer, index, prompt=True) if index else ""
        after = whole if index + 1 == len(row.messages) else _render(row, tokenizer, index + 1)
        if not (whole.startswith(before) and whole.startswith(after) and len(before) < len(after)):
            before, after = _by_content(row, turn, whole, spans[-1][1] if spans else 0)
        spans.append((len(before), len(after)))
    return spans


def _by_content(row: Row, turn: dict[str, Any], whole: str, since: int) -> tuple[str, str]:
    """The turn's own words, for templates that rewrite earlier turns (dropping thoughts, say)."""
    content = str(turn.get("content") or "").strip()
    start = whole.find(content, since) if content else -1
    if start < 0:
        raise Trouble(
            f"line {row.line}: the chat template does not show the assistant's words",
            hint="the template and the data do not fit: see kit data check --model BASE",
        )
    return whole[:start], whole[: start + len(content)]


def _render(row: Row, tokenizer: Any, turns: int, *, prompt: bool = False) -> str:
    try:
        rendered = tokenizer.apply_chat_template(
            list(row.messages[:turns]), tools=list(row.tools) or None, tokenize=False, add_generation_prompt=prompt
        )
    except Exception as error:
        raise Trouble(
            f"line {row.line}: the chat template refuses this conversation: {str(error)[:200]}",
            hint="check the order of roles; kit data check --model BASE lists all such rows",
        ) from error
    return str(rendered)


def _fit(example: Example, plan: Plan) -> Example | None:
    longest = plan.train.seq
    if len(example.tokens) <= longest:
        return example
    if plan.train.long_rows == "refuse":
        raise Trouble(
            f"the row in line {example.line} has {len(example.tokens)} tokens, seq is {longest}",
            hint="raise train.seq, or set train.long_rows to 'cut' or 'drop'",
        )
    if plan.train.long_rows == "drop":
        return None
    return Example(tokens=example.tokens[:longest], labels=example.labels[:longest], line=example.line)


def encode_labeled(rows: Sequence[Row], tokenizer: Any, plan: Plan, names: Sequence[str]) -> list[Example]:
    """Examples for classification; `names` gives the classes in order."""
    number = {name: index for index, name in enumerate(names)}
    domains = {name: index for index, name in enumerate(sorted({row.domain for row in rows}))}
    found = []
    for row in rows:
        if row.label is not None and str(row.label) not in number:
            raise Trouble(f"line {row.line}: unknown label {row.label!r}", hint=f"known are {', '.join(names)[:200]}")
        tokens = tokenizer(row.prompt, row.pair or None)["input_ids"]
        fitted = _fit(Example(tokens=tuple(tokens), line=row.line), plan)
        if fitted is not None:
            tokens = fitted.tokens
            label, domain = number.get(str(row.label), IGNORED), domains[row.domain]
            found.append(Example(tokens=tokens, target=label, domain=domain, line=row.line))
    if not found:
        raise Trouble(f"every row is longer than seq = {plan.train.seq} tokens", hint="raise train.seq")
    return found


def encode_pairs(rows: Iterable[Row], tokenizer: Any, plan: Plan) -> list[Example]:
    """Examples for seq2seq: the source as tokens, the target as labels."""
    found = []
    for row in rows:
        source = tokenizer(row.prompt)["input_ids"]
        target = tokenizer(text_target=row.answer)["input_ids"]
        longest = max(len(source), len(target))
        if longest > plan.train.seq:
            fitted = _fit(Example(tokens=(0,) * longest, line=row.line), plan)
            if fitted is None:
                continue
        cut = plan.train.seq
        found.append(Example(tokens=tuple(source[:cut]), labels=tuple(target[:cut]), line=row.line))
    if not found:
        raise Trouble(f"every row is longer than seq = {plan.train.seq} tokens", hint="raise train.seq")
    return found
