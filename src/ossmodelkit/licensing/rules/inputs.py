"""What went in: what another model produced, and data that people collected."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ossmodelkit.core.license import Level, State
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules import texts
from ossmodelkit.licensing.rules.saying import Question, Saying, owed

NOT_GENERATIVE = re.compile(
    r"classif|embed|rerank|detect|segment|encoder(?!.?decoder)|retriev|regress|\bocr|\basr|speech-rec", re.I
)
LANGUAGE = re.compile(r"lm\b|language|^text(?!-to-)|chat|instruct|code(?!r)", re.I)
IMAGE = re.compile(r"image|diffusion|video", re.I)
OTHER = re.compile(r"audio|speech|music|voice|\btts|\b3d|robot|time.?series|tabular|protein|molecul|weather", re.I)


def output_training(case: Case) -> Iterator[Saying]:
    """Training on what a model produced, although its license forbids that."""
    for part in case.parts:
        if not case.trains_on(part) or part.terms.says("outputs", "train_other_models") != "prohibited":
            continue
        if _excepted(case, part):
            continue
        scope = str(part.terms.says("outputs", "scope", default="other models"))
        if not _in_scope(case, part):
            yield Question(text=f"Is the trained model outside of {scope!r}, as its kind says? ({part.terms.name})")
            continue
        yield part.issue(
            "license-output-training",
            Level.FAIL,
            f"{part.terms.name} forbids improving {scope} with its outputs",
            "leave these outputs out of the training data, or use a producer that allows it",
            fact="outputs",
        )


def _excepted(case: Case, part: Part) -> bool:
    """Whether the license makes an exception for its own models, or for models that are not commercial."""
    if part.terms.says("outputs", "noncommercial_excepted", False) and not case.profile.commercial:
        return True
    return bool(part.terms.says("outputs", "own_family_excepted", False)) and _stays_in_family(case, part)


def _stays_in_family(case: Case, part: Part) -> bool:
    """Only the same model may be improved: another version is another model, under another license."""
    others = [other for other in case.parts if other.is_weights and other is not part]
    return bool(others) and all(other.terms.id == part.terms.id for other in others)


def _in_scope(case: Case, part: Part) -> bool:
    scope = part.terms.says("outputs", "scope_kind", default="any")
    kinds = case.kinds_of_model() if not part.is_weights else ()
    if scope == "any" or not kinds:
        return True
    return any(_is_kind(kind, scope) for kind in kinds)


def _is_kind(kind: str, scope: str) -> bool:
    """Whether a kind of model is within a scope; a word nobody knows keeps nothing out of it."""
    if NOT_GENERATIVE.search(kind):
        return False
    if scope == "llm":
        return bool(LANGUAGE.search(kind)) or not (IMAGE.search(kind) or OTHER.search(kind))
    if scope == "image":
        return bool(IMAGE.search(kind)) or not (LANGUAGE.search(kind) or OTHER.search(kind))
    return True


def limited_outputs(case: Case) -> Iterator[Saying]:
    """Outputs that are themselves limited to research, in a commercial use."""
    for part in case.parts:
        outputs_used = part.is_outputs or (part.is_weights and set(case.profile.use) <= {"use-outputs"})
        if not outputs_used or not case.profile.commercial or part.evaluates_only:
            continue
        limited = part.terms.says("outputs", "limited_to")
        if limited:
            yield part.issue(
                "license-nc-commercial",
                Level.FAIL,
                f"{part.terms.name} limits its outputs to {limited} as well, and the use is commercial",
                "leave these outputs out, or use a producer whose outputs are free",
                fact="outputs",
            )
        elif _silent_on_outputs(part) and case.profile.policy == "strict":
            yield part.issue(
                "license-data-unsettled",
                Level.WARN,
                f"{part.terms.name} allows no commercial use, and does not settle what that means for outputs",
                "ask the licensor, or use a producer whose license speaks about outputs",
                fact="commercial_use",
            )


def _silent_on_outputs(part: Part) -> bool:
    said = part.terms.says("outputs", "commercial_use") or part.terms.says("outputs", "ownership")
    return part.is_outputs and part.terms.says("commercial_use") == "no" and not said


def distillation(case: Case) -> Iterator[Saying]:
    """A student that its teacher's license calls a derivative, released or used without the teacher's terms."""
    for part in case.parts:
        if not part.makes_covered_derivative:
            yield from _unsaid_purpose(part)
            continue
        clause = part.terms.says("outputs", "definition_clause") or part.terms.clause("outputs")
        clause = clause or part.terms.clause("derivatives")
        text = f"treat the model as a derivative under {part.terms.name}"
        yield owed(part, "license-distill-derivative", text, State.MANUAL, clause=clause)
        if case.release is not None and texts.carries_terms(case, part):
            continue
        yield part.issue(
            "license-distill-derivative",
            Level.FAIL if case.profile.makes_available and case.release is not None else Level.WARN,
            f"{part.terms.name} counts a model trained on these outputs to perform like {part.label} as its derivative",
            f"pass the terms of {part.terms.id} on (license, restrictions, notices), or train without imitation",
            clause=clause,
        )


def _unsaid_purpose(part: Part) -> Iterator[Saying]:
    """A teacher's license that asks what its outputs are for, and nobody said."""
    asks = part.terms.says("outputs", "distillation_is_derivative", False)
    if asks and part.is_learned_from and not part.component.purpose:
        yield Question(text=f"Is the model meant to perform like the producer of {part.label}? Say so in `purpose`.")


def data_effect(case: Case) -> Iterator[Saying]:
    """What a data license says about models trained on the data; where law is unsettled, say so."""
    for part in case.parts:
        if not part.is_data or part.evaluates_only or set(case.profile.use) <= {"redistribute-dataset"}:
            continue
        kind = part.terms.says("training_effect", "kind")
        if kind == "unsettled":
            yield from _unsettled(case, part)
        elif kind == "notice" and case.profile.makes_available:
            yield from _produced_work(case, part)


def _unsettled(case: Case, part: Part) -> Iterator[Saying]:
    noncommercial = part.terms.says("commercial_use") == "no" and case.profile.commercial
    if not (noncommercial or case.profile.makes_available):
        return
    if case.profile.makes_available:
        text = f"credit {part.label}: creator, license and link, and what was changed"
        yield owed(part, "license-data-unsettled", text, State.MANUAL, fact="retain_notices")
    if case.profile.policy == "lenient":
        return
    what = "a commercial model may be trained on it" if noncommercial else "its duties follow the weights"
    yield part.issue(
        "license-data-unsettled",
        Level.WARN,
        f"whether {what} is not settled under {part.terms.name}: nobody has decided that weights are an adaptation",
        "credit the data on the card, keep the decision on record, or set `policy` to lenient",
        fact="commercial_use" if noncommercial else "include_license_text",
    )


def _produced_work(case: Case, part: Part) -> Iterator[Saying]:
    (row,) = part.terms.rows("display")[:1] or ({},)
    text, clause = str(row.get("text", "a notice naming the database")), str(row.get("clause", ""))
    where = texts.find_pattern(case, re.sub(r"DATABASE NAME", "\0", text))
    state = State.MET if where else State.UNMET
    duty = f"say in public: {text.replace('DATABASE NAME', part.label)}"
    yield owed(part, "license-data-notice", duty, state, clause=clause, evidence=where)
    if not where:
        yield part.issue(
            "license-data-notice",
            Level.WARN,
            f"{part.terms.name} asks for a notice on a public Produced Work, which a model may be",
            f"write on the card: {text.replace('DATABASE NAME', part.label)}",
            clause=clause,
        )
