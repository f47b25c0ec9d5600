"""Will it fit, how long does it take, what does it cost?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report
from ossmodelkit.core.source import Source
from ossmodelkit.estimating import presenting, solving
from ossmodelkit.estimating.architecture import DTYPES, outline, read_architecture
from ossmodelkit.estimating.asking import Estimate, Money
from ossmodelkit.estimating.asking import estimate as answer
from ossmodelkit.estimating.contradicting import check_packed
from ossmodelkit.estimating.hardware import Cards, cards
from ossmodelkit.estimating.options import Attention, Dtype, Method, Quantize, StepOptions
from ossmodelkit.estimating.reading import Held, read_config, read_held
from ossmodelkit.foundation.errors import NothingToJudgeError
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow import calibrations, tracing
from ossmodelkit.workflow.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a model: the step, the cards by name, the money, the tier, and what to solve for.

    `reserved` asks a trace to replay the caching allocator, with `segments` or `expandable` ones.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    money: Money = field(default_factory=Money)
    tier: str = "instant"
    solve: str = ""
    reserved: str = ""


def estimate(ref: str, question: Question, *, desk: Desk, online: bool = False) -> Report:
    """Judge whether a training step (or serving) of the model at `ref` fits.

    Raises `UsageError` for a wrong option or configuration. What has no coefficients gives a report
    that could not judge.
    """
    source = open_source(ref, online=online)
    chosen = tuple(calibrations.with_measured(cards(name), desk, source) for name in question.gpus)
    config = read_config(source)
    try:
        options = _options(config, question)
        found = _answer(config, options, read_held(source), chosen, question)
    except NothingToJudgeError as error:
        return _cannot_judge(ref, error)
    solved = solving.solve(question.solve, config, options, chosen) if question.solve else ()
    if desk.project is not None and _is_whole(source):
        gather(source, desk, found=found)
    return _report(ref, found, solved)


def gather(source: Source, desk: Desk, question: Question | None = None, *, found: Estimate | None = None) -> Evidence:
    """The estimate record of a source."""
    if found is None:
        question = question or Question()
        config = read_config(source)
        chosen = tuple(calibrations.with_measured(cards(name), desk, source) for name in question.gpus)
        found = _answer(config, _options(config, question), read_held(source), chosen, question)
    details = presenting.data(found) | {"verdict": _verdict(found)}
    return desk.write(Kind.ESTIMATE, desk.subject(source), Answers(asked=("estimate-memory",)), details)


def _options(config: Mapping[str, Any], question: Question) -> StepOptions:
    own = DTYPES.get(str(config.get("dtype") or config.get("torch_dtype") or "").removeprefix("torch."))
    wanted = {name: value for name, value in question.options.items() if value is not None}
    wanted.setdefault("dtype", own or Dtype.BF16)
    model = outline(config) if question.tier != "instant" else read_architecture(config)
    if has := model.spec.get("attention"):
        wanted.setdefault("attention", Attention(has[0]))
    options = StepOptions(**wanted)
    longest = model.longest
    if "seq" in wanted or not longest:
        return options
    room = longest - (options.prompt_tokens if options.method is Method.PROMPT else 0)
    return replace(options, seq=max(1, min(options.seq, room)))


def _answer(
    config: Mapping[str, Any], options: StepOptions, held: Held, chosen: tuple[Cards, ...], question: Question
) -> Estimate:
    check_packed(config, has_headers=bool(held.tensors), quantized=options.quantize is not Quantize.NONE)
    if question.tier == "instant":
        return answer(config, options, held=held, cards=chosen, money=question.money)
    traced = tracing.follow(config, options, quick=question.tier == "quick", reserved=question.reserved)
    return answer(config, options, cards=chosen, money=question.money, traced=traced, tier=question.tier)


def _is_whole(source: Source) -> bool:
    return any(entry.name.endswith(".safetensors") for entry in source.inventory.payload)


def _verdict(found: Estimate) -> str:
    if not found.fits:
        return "estimated"
    return "fits" if all(fit.fits for fit in found.fits) else "does-not-fit"


def _report(ref: str, found: Estimate, solved: tuple[Any, ...]) -> Report:
    verdict = _verdict(found)
    report = Report(
        command="estimate",
        subject=ref,
        verdict=verdict,
        outcome=Outcome.FAIL if verdict == "does-not-fit" else Outcome.PASS,
        summary=f"{presenting.gib(found.on_card_bytes)} on the card, at its peak in {found.peak.phase}",
        asked=("estimate-memory",),
        tables=presenting.tables(found),
        notes=(*found.notes, "Not counted: " + "; ".join(presenting.not_counted(found)) + "."),
        next_steps=tuple(f"would fit {remedy}" for remedy in found.remedies),
        data=presenting.data(found),
    )
    if not solved:
        return report
    table = solving.table(solved)
    return replace(
        report, tables=(table, *report.tables), data={**report.data, "solve": [solving.wire(one) for one in solved]}
    )


def _cannot_judge(ref: str, error: NothingToJudgeError) -> Report:
    return Report(
        command="estimate",
        subject=ref,
        verdict="cannot-judge",
        outcome=Outcome.INCOMPLETE,
        summary=error.message,
        gaps=(Gap(at=Place(path="config.json"), reason=error.message, remedy=error.hint),),
        next_steps=(error.hint,) if error.hint else (),
        data={"tier": "none", "reason": error.message},
    )
