"""From what a pickle does to what is wrong with it. The checks pick out what is theirs.

A name is judged where it is looked up, a call where it is made. Names that are denied are reported once,
with what they are called with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ossmodelkit.core.finding import Severity
from ossmodelkit.formats.pickle_events import Build, Call, Event, Fill, Import, Supplied
from ossmodelkit.formats.pickle_values import Attribute, Box, Foreign, Global, Result, Value, describe, describe_call
from ossmodelkit.formats.pickles import Pickle
from ossmodelkit.scanning.globals_table import (
    Kind,
    Standing,
    harm_text,
    is_reviewed_package,
    is_standard,
    standing,
)
from ossmodelkit.scanning.guarding import problem
from ossmodelkit.scanning.guarding_states import state_problem

MAKES = ("NEWOBJ", "NEWOBJ_EX")
MOST_CALLS_SHOWN = 3
# Calls that give back an object which the loading program uses as well.
SHARED = frozenset({"logging.getLogger"})
# What a state does that breaks its rule.
STATE_TOPICS = {"distribution": "code", "file-beside": "loads", "nothing-cached": "loads", "formula": "code"}
# In bytes that are probably no pickle, these say nothing.
MAY_BE_CHANCE = ("unknown", "persistent", "unproven", "computed", "alters", "extension")
# Rules of names that lead to other objects, or call what they are handed, when their arguments are wrong.
LEADS_ON = frozenset(
    {"attribute-of-class", "plain-names", "calls-known", "numpy-function", "container", "one-constant", "typing-mark"}
    | {"union", "plain-type", "makes-array", "plain-method"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing that is wrong, under the topic of the check that reports it."""

    topic: str
    offset: int
    saw: str
    why: str = ""
    severity: Severity | None = None


@lru_cache(maxsize=8)
def judge(pickle: Pickle) -> tuple[Remark, ...]:
    """Everything that is wrong with loading `pickle`, one remark for each distinct thing."""
    calls = _calls_by_name(pickle)
    found: dict[tuple[str, str], Remark] = {}
    for event in pickle.events:
        for remark in _judge_event(event, calls, pickle):
            if not pickle.certain and (remark.topic in MAY_BE_CHANCE or not _is_importable(event)):
                continue
            found.setdefault((remark.topic, remark.saw), remark)
    return tuple(found.values())


def _is_importable(event: Event) -> bool:
    """Whether an import names a module that a model could bring in, and not the words of a text.

    `import torch` at the start of a Python file is INST to an unpickler, `config.yaml` is GLOBAL.
    """
    if not isinstance(event, Import) or not isinstance(event.found, Global):
        return True
    names = f"{event.found.module}.{event.found.name}".split(".")
    known = is_standard(event.found.module) or is_reviewed_package(event.found.module)
    return known and all(name.isidentifier() for name in names)


def _calls_by_name(pickle: Pickle) -> dict[str, list[Call]]:
    calls: dict[str, list[Call]] = {}
    for event in pickle.events:
        if isinstance(event, Call) and isinstance(event.function, Global):
            calls.setdefault(event.function.full, []).append(event)
    return calls


def _judge_event(event: Event, calls: dict[str, list[Call]], pickle: Pickle) -> Iterator[Remark]:
    match event:
        case Import(found=Global() as found):
            yield from _judge_name(found, event.offset, calls.get(found.full, []), pickle)
        case Import():
            yield Remark(topic="computed", offset=event.offset, saw="a name that the pickle works out is imported")
        case Call():
            yield from _judge_call(event, calls)
        case Build():
            yield from _judge_build(event)
        case Fill(target=Global() | Attribute() | Foreign()):
            yield _alters(event.target, event.offset, event.opcode)
        case Supplied(kind="extension code"):
            yield Remark(topic="extension", offset=event.offset, saw=f"extension code {event.ident}")
        case Supplied(kind="persistent id") if pickle.loader == "pickle":
            yield Remark(topic="persistent", offset=event.offset, saw=f"persistent id {describe(event.ident)}")
        case _:
            return


def _judge_name(found: Global, offset: int, calls: list[Call], pickle: Pickle) -> Iterator[Remark]:
    known = standing(found.module, found.name)
    if known.kind is Kind.DENIED:
        yield Remark(
            topic=known.rule, offset=offset, saw=_with_calls(found, calls), why=_sentence(known.rule, bool(calls))
        )
    elif known.kind is Kind.UNKNOWN:
        yield _unknown(found, offset, calls, known)


def _sentence(harm: str, called: bool) -> str:
    deed = "calls" if called else "imports"
    return f"Loading this pickle {deed} something that {harm_text(harm)}."


def _unknown(found: Global, offset: int, calls: list[Call], known: Standing) -> Remark:
    saw = _with_calls(found, calls)
    reduced = [one for one in calls if one.opcode not in MAKES]
    if known.hooked:
        why = "A class that runs code of its own when its state is set, and that nobody has reviewed yet."
        return Remark(topic="unknown", offset=offset, saw=saw, why=why)
    if found.dotted and not _is_nested_class(found):
        return Remark(
            topic="reach", offset=offset, saw=saw, why="A dotted name leads through a module to other objects."
        )
    ours = is_standard(found.module) or is_reviewed_package(found.module)
    if (reduced and is_standard(found.module)) or (reduced and ours and not found.name[:1].isupper()):
        return Remark(topic="unlisted", offset=offset, saw=saw)
    return Remark(topic="unknown", offset=offset, saw=saw)


def _is_nested_class(found: Global) -> bool:
    return all(part.lstrip("_")[:1].isupper() and not part.startswith("__") for part in found.name.split("."))


def _with_calls(found: Global, calls: list[Call]) -> str:
    if not calls:
        return f"{found.full} imported"
    shown = sorted({describe_call(one.args) for one in calls[:50]})[:MOST_CALLS_SHOWN]
    more = f" and {len(calls) - len(shown)} more times" if len(calls) > len(shown) else ""
    return f"{found.full} called with {' / '.join(one or 'nothing' for one in shown)}{more}"


def _judge_call(event: Call, calls: dict[str, list[Call]]) -> Iterator[Remark]:
    function = event.function
    if not isinstance(function, Global):
        if not isinstance(function, (str, bytes, int, float, tuple, Box)) and function is not None:
            yield Remark(topic="computed", offset=event.offset, saw=_call_text(event))
        return
    if function.reached:
        yield from _judge_reached(function, event, calls)
        return
    known = standing(function.module, function.name)
    if wrong := _call_problem(known, event):
        topic = "unlisted" if known.kind is Kind.VALUE else _guard_topic(known)
        yield Remark(topic=topic, offset=event.offset, saw=f"{_call_text(event)}: {wrong}")


def _guard_topic(known: Standing) -> str:
    return "reach" if known.rule in LEADS_ON else "unproven"


def _judge_reached(function: Global, event: Call, calls: dict[str, list[Call]]) -> Iterator[Remark]:
    known = standing(function.module, function.name) if function.name else Standing(kind=Kind.UNKNOWN)
    saw = f"{_with_calls(function, calls.get(function.full, [event]))}, reached through {function.reached}"
    if known.kind is Kind.DENIED:
        yield Remark(topic=known.rule, offset=event.offset, saw=saw, why=_sentence(known.rule, True))
    elif known.kind is not Kind.INERT and not _is_proven(known, function, event):
        yield Remark(topic="reach", offset=event.offset, saw=saw)


def _is_proven(known: Standing, function: Global, event: Call) -> bool:
    """Whether a method of a class, brought by getattr, is called with what its rule allows."""
    return known.kind is Kind.GUARD and function.reached == "getattr" and not problem(known.rule, event.args)


def _call_problem(known: Standing, event: Call) -> str:
    """What is wrong with a call of a known name; denied and unknown ones are judged by their import."""
    if known.kind is Kind.GUARD:
        return "" if event.opcode in MAKES and known.rule != "reconstruct" else problem(known.rule, event.args)
    if known.kind is Kind.VALUE:
        return "it may be kept as a value, but not be called"
    if known.kind is Kind.DATA and event.opcode not in MAKES and event.args != ():
        return "its constructor runs with these arguments"
    return ""


def _judge_build(event: Build) -> Iterator[Remark]:
    target = event.target
    if isinstance(target, (Global, Attribute, Foreign)):
        yield _alters(target, event.offset, "BUILD")
    elif isinstance(target, Result) and isinstance(target.callable, Global):
        if target.callable.full in SHARED:
            yield _alters(target, event.offset, "BUILD")
        known = standing(target.callable.module, target.callable.name)
        if known.kind is Kind.GUARD and (wrong := state_problem(known.rule, event.state)):
            topic = STATE_TOPICS.get(known.rule, "unproven")
            yield Remark(topic=topic, offset=event.offset, saw=f"{target.callable.full}: {wrong}")


def _alters(target: Value, offset: int, opcode: str) -> Remark:
    return Remark(topic="alters", offset=offset, saw=f"{opcode} on {describe(target)}")


def _call_text(event: Call) -> str:
    return f"{describe(event.function)}({describe_call(event.args)})"
