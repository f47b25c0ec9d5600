"""May we use it at all: commerce, thresholds, registration, regulators and hosting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit.core.license import Level, State
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules.saying import Question, Saying, owed

# How many units one US dollar may buy, as wide bounds: a figure between them is a question, not an answer.
PER_USD = {"USD": (1.0, 1.0), "CNY": (4.0, 12.0)}
HEALTH = ("health", "medic", "clinic", "diagnos", "patient", "hospital", "therap", "pharma", "radiolog")
PRODUCT_USES = frozenset({"saas", "embed-in-product", "end-user"})
COUNTED = {
    "mau": "monthly active users",
    "muu": "monthly unique users",
    "dau": "daily active users",
    "monthly_visits": "visits a month",
    "output_tokens_month": "output tokens a month",
    "annual_revenue": "annual revenue",
}


def used(case: Case) -> tuple[Part, ...]:
    """The parts we run, train on or hand on ourselves; what somebody else's model produced is not among them."""
    return tuple(part for part in case.parts if not part.came_as_data)


def noncommercial(case: Case) -> Iterator[Saying]:
    """A license without commercial rights, and a commercial use."""
    for part in used(case):
        if part.terms.says("commercial_use") != "no" or _about_outputs_only(case, part) or _trained_on_only(case, part):
            continue
        note = part.terms.says("commercial_use", "note")
        if case.profile.commercial:
            yield part.issue(
                "license-nc-commercial",
                Level.FAIL,
                f"{part.terms.name} grants no commercial use{f' ({note})' if note else ''}, and the use is commercial",
                "ask the licensor for a commercial license, or choose a base whose license allows the use",
                fact="commercial_use",
            )
        elif part.terms.family == "research-only":
            yield from _beyond_research(case, part)
        else:
            text = "keep the use noncommercial"
            yield owed(part, "license-nc-commercial", text, State.MANUAL, fact="commercial_use")


def _trained_on_only(case: Case, part: Part) -> bool:
    """Whether data is only trained on, under a license whose effect on models is told by another rule."""
    handed_on = "redistribute-dataset" in case.profile.use
    return part.is_data and not handed_on and bool(part.terms.says("training_effect", "kind"))


def _about_outputs_only(case: Case, part: Part) -> bool:
    """Whether only outputs are used, and the license speaks about these apart from the model."""
    outputs = part.role == "output-source" or set(case.profile.use) <= {"use-outputs"}
    told = part.terms.says("outputs", "commercial_use") == "allowed" or part.terms.says("outputs", "limited_to")
    return outputs and bool(told)


def _beyond_research(case: Case, part: Part) -> Iterator[Saying]:
    if PRODUCT_USES & set(case.profile.use):
        yield part.issue(
            "license-nc-commercial",
            Level.WARN,
            f"{part.terms.name} is for research only, and others will use the model",
            "keep it to research, or ask the licensor",
            fact="commercial_use",
        )
    elif "research" not in case.profile.use:
        yield Question(text=f"Is every use of {part.label} research, as {part.terms.name} demands?")
    yield owed(part, "license-nc-commercial", "keep the use to research", State.MANUAL, fact="commercial_use")


def denied(case: Case) -> Iterator[Saying]:
    """A license or a family that the organisation does not accept, whatever its terms."""
    for part in case.parts:
        names = {part.terms.id, part.terms.family}
        refused = names & set(case.profile.deny)
        outside = bool(case.profile.allow) and not names & set(case.profile.allow)
        if refused or outside:
            yield part.issue(
                "license-denied",
                Level.FAIL,
                f"{part.terms.name} ({part.terms.family}) is {_list_of(bool(refused))}",
                "ask whoever keeps the lists in kit.toml, or choose another component",
            )


def _list_of(refused: bool) -> str:
    return "on the deny list" if refused else "not on the allow list"


def thresholds(case: Case) -> Iterator[Saying]:
    """More users or more revenue than the license covers."""
    for part in used(case):
        for row in part.terms.rows("commercial_use", "conditions"):
            if row["type"] not in COUNTED or not (row.get("applies") == "always" or case.profile.commercial):
                continue
            if _end_user_only(case, part):
                continue
            yield from _threshold(case, part, row)


def _threshold(case: Case, part: Part, row: Mapping[str, Any]) -> Iterator[Saying]:
    limit, low, high = _figures(case, row)
    fix = "ask the licensor for a license before you go on, or choose another base"
    what = COUNTED[row["type"]]
    bound = f"{limit:,}{' ' + row['currency'] if 'currency' in row else ''} {what}"
    moment = " on the version's release date" if row.get("snapshot") else ""
    if low is None:
        asked = f"How many {what} did you and your affiliates have{moment}?"
        yield Question(text=f"{asked} {part.terms.name} stops at {bound}.")
        level, why = Level.WARN, f"{part.terms.name} stops at {bound}{moment}, and your figure is not known"
        fix = "fill the figure in under [use]; above it, ask the licensor for a license first"
    elif _exceeds(low, limit, row.get("op", ">=")):
        effect = row.get("effect", "a license is needed")
        level, why = Level.FAIL, f"{part.terms.name} stops at {bound}{moment}: {effect}"
    elif high is not None and not _exceeds(high, limit, row.get("op", ">=")):
        return
    else:
        yield Question(text=f"Do you reach {bound}{moment}? {part.terms.name} asks for a further license then.")
        level, why = Level.WARN, f"{part.terms.name} stops at {bound}{moment}, which your figures do not settle"
    yield part.issue(
        "license-threshold",
        level,
        why,
        fix,
        clause=str(row.get("clause", "")),
    )


def _end_user_only(case: Case, part: Part) -> bool:
    """Who meets the model inside somebody's product is exempt in some licenses."""
    return set(case.profile.use) <= {"end-user"} and bool(part.terms.says("integrated_end_user_product_exempt_from"))


def _figures(case: Case, row: Mapping[str, Any]) -> tuple[int, float | None, float | None]:
    """The limit, and the least and most that the profile's figure may be in the limit's unit; None: not known."""
    profile, kind, limit = case.profile, row["type"], int(row["value"])
    if kind == "annual_revenue":
        low, high = PER_USD.get(row.get("currency", "USD"), (0.0, float("inf")))
        revenue = profile.annual_revenue_usd
        return (limit, None, None) if revenue is None else (limit, revenue * low, revenue * high)
    users = profile.mau_on_release_date if row.get("snapshot") else profile.mau
    if users is None:
        return limit, None, None
    if kind == "output_tokens_month":  # no profile counts them
        return limit, None, None
    if kind == "mau":
        return limit, users, users
    if kind == "dau":
        return limit, 0, users
    if kind == "muu":
        core = any("image" in field.lower() for field in profile.field_of_use)
        return limit, users if core else 0, users
    return limit, users, float("inf") if users else 0


def _exceeds(figure: float, limit: int, op: str) -> bool:
    return figure >= limit if op == ">=" else figure > limit


def registration(case: Case) -> Iterator[Saying]:
    """A license that begins with a registration or an application, which is not on record."""
    if not case.profile.commercial:
        return
    for part in used(case):
        for row in part.terms.rows("commercial_use", "conditions"):
            if row["type"] not in ("registration", "application"):
                continue
            what = str(row.get("what", row["type"]))
            clause = str(row.get("clause", ""))
            if _registered(case, part):
                text = f"keep the proof of registration: {what}"
                yield owed(part, "license-registration", text, State.MET, clause=clause, evidence="profile.registered")
                continue
            yield part.issue(
                "license-registration",
                Level.FAIL,
                f"{part.terms.name} allows commercial use only after registration: {what}",
                f"register, then add {part.terms.id!r} to `registered` in the use profile",
                clause=clause,
            )


def _registered(case: Case, part: Part) -> bool:
    names = {part.terms.id, *map(facts.fold, part.terms.says("ids", "license_names", ()))}
    wanted = f"{part.terms.name} {part.label}".lower()
    return any(facts.fold(word) in names or word.strip().lower() in wanted for word in case.profile.registered if word)


def regulatory(case: Case) -> Iterator[Saying]:
    """A use in health, and no regulator's authorization."""
    for part in used(case):
        for row in part.terms.rows("commercial_use", "conditions"):
            if row["type"] != "regulatory":
                continue
            clause, what = str(row["clause"]), str(row["what"])
            if case.profile.regulatory_authorization:
                evidence = "profile.regulatory_authorization"
                yield owed(part, "license-regulatory", what, State.MET, clause=clause, evidence=evidence)
                continue
            yield owed(part, "license-regulatory", what, State.MANUAL, clause=clause)
            level = _regulated(case)
            if level is None:
                continue
            yield part.issue(
                "license-regulatory",
                level,
                f"{part.terms.name} wants a health regulator's authorization where one is due, and none is on record",
                "get the authorization, then set `regulatory_authorization`; or name a field of use without patients",
                clause=clause,
            )
            if level is Level.WARN:
                yield Question(text=f"Does the use of {part.label} need a health regulator's authorization?")


def _regulated(case: Case) -> Level | None:
    fields = " ".join(case.profile.field_of_use).lower()
    if any(word in fields for word in HEALTH):
        return Level.FAIL
    return Level.WARN if not fields and PRODUCT_USES & set(case.profile.use) else None


def hosting(case: Case) -> Iterator[Saying]:
    """Offering the model as a service under a license that keeps that right back."""
    if not case.profile.hosts:
        return
    for part in used(case):
        rows = [row for row in part.terms.rows("commercial_use", "conditions") if row["type"] == "hosting"]
        barred = part.terms.says("hosting")
        if not rows and not barred:
            continue
        why = barred or rows[0].get("effect", "hosting needs a separate permission")
        clause = part.terms.clause("hosting") or str(rows[0].get("clause", "") if rows else "")
        yield part.issue(
            "license-hosting",
            Level.FAIL,
            f"{part.terms.name}: {why}",
            "get the licensor's permission for a hosted service, or host another base",
            clause=clause,
        )


def guardrails(case: Case) -> Iterator[Saying]:
    """Guardrails that were weakened under a license that ends then."""
    for part in case.parts:
        state = part.component.guardrails
        rule = part.terms.says("termination", "guardrails")
        broken = state in ("weakened", "removed") or (state == "replaced" and rule == "strict")
        if rule and broken:
            yield part.issue(
                "license-guardrail-termination",
                Level.FAIL,
                f"the guardrails of {part.label} are {state}: {part.terms.says('termination', 'auto_when')}",
                "put the guardrails back, or ask the licensor in writing",
                fact="termination",
            )
        elif part.terms.says("output_duties"):
            duty = str(part.terms.says("output_duties"))
            if state in ("weakened", "removed"):
                why = f"{part.terms.name} wants filters or a review of outputs: {duty}"
                fix = "keep the content filters, or review the outputs"
                yield part.issue("license-guardrail-termination", Level.WARN, why, fix, fact="output_duties")
            yield owed(part, "license-guardrail-termination", duty, State.MANUAL, fact="output_duties")
