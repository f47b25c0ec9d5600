"""Rules about the turns of a row: would a chat template and a trainer make of it what was meant?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.curating import chatml, shapes
from ossmodelkit.curating.example import Example

CHATS = frozenset({"messages", "sharegpt", "chatml", "alpaca", "prompt-completion", "source-target"})


@check("data-unknown-format", reads=Example, severity=Severity.HIGH)
def unknown_format(example: Example) -> Iterator[Hit]:
    """Nobody could tell from this row's fields what to learn from it."""
    if example.shape == shapes.UNKNOWN:
        fields = ", ".join(sorted(map(str, example.value))[:8]) or "no fields"
        yield Hit(
            at=example.at(),
            saw=fields,
            remedy="Use messages, conversations, instruction and output, prompt and completion, or text.",
        )


@check("data-no-turns", reads=Example, severity=Severity.HIGH)
def no_turns(example: Example) -> Iterator[Hit]:
    """This conversation has no turn at all."""
    if not example.turns and example.shape in CHATS:
        yield Hit(at=example.at(), saw="an empty list", remedy="Leave the row out.")


@check("data-not-text", reads=Example, severity=Severity.HIGH)
def not_text(example: Example) -> Iterator[Hit]:
    """Where a text belongs there is something else."""
    for turn in example.turns:
        if turn.text is None:
            saw = type(turn.content).__name__ if turn.content is not None else "nothing"
            yield Hit(at=example.at(turn.field), saw=saw, remedy="Write the content as text.")


@check("data-empty-turn", reads=Example, severity=Severity.MEDIUM)
def empty_turn(example: Example) -> Iterator[Hit]:
    """A turn says nothing.

    The model learns to answer nothing, or the template joins two turns of one role.
    """
    for turn in example.turns:
        if turn.text is not None and not turn.calls and (not turn.text or turn.text.isspace()):
            yield Hit(
                at=example.at(turn.field), saw=turn.said or "a turn", remedy="Fill the turn or leave the row out."
            )


@check("data-unknown-role", reads=Example, severity=Severity.MEDIUM)
def unknown_role(example: Example) -> Iterator[Hit]:
    """A turn has a role that no chat template knows."""
    for turn in example.turns:
        if not turn.role:
            yield Hit(
                at=example.at(turn.field),
                saw=turn.said or "no role",
                remedy="Use system, user, assistant or tool.",
            )


@check("data-role-order", reads=Example, severity=Severity.MEDIUM)
def role_order(example: Example) -> Iterator[Hit]:
    """The turns do not take turns.

    A system text stands first, then user and assistant alternate; tool results follow the assistant that
    asked for them. Many templates raise at anything else, others drop a turn.
    """
    if example.shape not in CHATS:
        return
    turns = example.turns
    for number, turn in enumerate(turns):
        if turn.role == "system" and number and turns[number - 1].role != "system":
            yield Hit(at=example.at(turn.field), saw=f"system as turn {number + 1}", remedy="Put it first.")
    spoken = [turn for turn in turns if turn.role not in ("system", "")]
    if spoken and spoken[0].role != "user":
        yield Hit(at=example.at(spoken[0].field), saw=f"{spoken[0].role} begins", remedy="Begin with a user turn.")
    for before, after in pairwise(spoken):
        if not _may_follow(before.role, after.role, bool(before.calls)):
            saw = f"{after.role} follows {before.role}"
            yield Hit(at=example.at(after.field), saw=saw, remedy="Join the two turns, or add the one that is missing.")


def _may_follow(before: str, after: str, called: bool) -> bool:
    if after == "tool":
        return before == "tool" or before == "assistant"
    if before == "tool":
        return after == "assistant"
    return before != after or (before == "assistant" and called)


@check("data-nothing-to-learn", reads=Example, severity=Severity.HIGH)
def nothing_to_learn(example: Example) -> Iterator[Hit]:
    """No assistant turn: every label of this row would be masked."""
    if example.turns and example.shape in CHATS and not any(turn.role == "assistant" for turn in example.turns):
        yield Hit(at=example.at(), saw=f"{len(example.turns)} turns", remedy="Add the answer, or leave the row out.")


@check("data-no-label", reads=Example, severity=Severity.HIGH)
def no_label(example: Example) -> Iterator[Hit]:
    """The label of this row is missing or is no plain value."""
    if example.shape == "labeled" and not example.label:
        yield Hit(at=example.at("label"), saw="no label", remedy="Give every row a label.")


@check("data-broken-template", reads=Example, severity=Severity.MEDIUM)
def broken_template(example: Example) -> Iterator[Hit]:
    """The markers of the ChatML text do not pair up."""
    if example.shape == "chatml" and (saw := chatml.unbalanced(str(example.value.get("text", "")))):
        yield Hit(at=example.at("text"), saw=saw, remedy="Close every turn with <|im_end|>.")


@check("data-template-in-turn", reads=Example, severity=Severity.MEDIUM)
def template_in_turn(example: Example) -> Iterator[Hit]:
    """A turn holds markers that only a chat template may write.

    The template will be applied a second time, or the text speaks in the assistant's name.
    """
    for turn in example.turns:
        text = turn.text
        if text and example.shape in CHATS and ("<" in text or "[" in text or "###" in text):
            for family, markers in shapes.shipped().templates.items():
                if found := next((marker for marker in markers if marker in text), ""):
                    remedy = "Store plain turns and let the trainer apply the template."
                    yield Hit(at=example.at(turn.field), saw=f"{found} ({family})", remedy=remedy)
                    break


RULES = (
    unknown_format,
    no_turns,
    not_text,
    empty_turn,
    unknown_role,
    role_order,
    nothing_to_learn,
    no_label,
    broken_template,
    template_in_turn,
)
