"""Where and for what: territories and fields of use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit.core.license import Level, State
from ossmodelkit.licensing.case import Case, Part
from ossmodelkit.licensing.rules.grants import used
from ossmodelkit.licensing.rules.saying import Question, Saying, owed

# Member states of the European Union, ISO 3166-1 alpha-2 (Greece also as EL, as EU statistics write it).
EU = frozenset(
    {
        "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "EL", "HU", "IE", "IT", "LV", "LT",
        "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
    }
)  # fmt: skip
SAME = {
    "GB": "UK", "UNITED KINGDOM": "UK", "GREAT BRITAIN": "UK", "BRITAIN": "UK", "ENGLAND": "UK", "GBR": "UK",
    "KOR": "KR", "KOREA": "KR", "SOUTH KOREA": "KR", "REPUBLIC OF KOREA": "KR",
    "USA": "US", "UNITED STATES": "US", "UNITED STATES OF AMERICA": "US",
    **dict.fromkeys(
        (
            "EUROPEAN UNION", "EUROPE", "EEA", "EMEA", "AUSTRIA", "BELGIUM", "BULGARIA", "CROATIA", "CYPRUS", "CZECHIA",
            "CZECH REPUBLIC", "DENMARK", "ESTONIA", "FINLAND", "FRANCE", "GERMANY", "GREECE", "HUNGARY", "IRELAND",
            "ITALY", "LATVIA", "LITHUANIA", "LUXEMBOURG", "MALTA", "NETHERLANDS", "POLAND", "PORTUGAL", "ROMANIA",
            "SLOVAKIA", "SLOVENIA", "SPAIN", "SWEDEN",
        ),
        "EU",
    ),
}  # fmt: skip
EVERYWHERE = frozenset({"WW", "WORLD", "WORLDWIDE", "GLOBAL", "*", "ALL", "ANY"})
CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
SENSITIVE = re.compile(
    r"militar|weapon|warfare|defen[cs]e|nuclear|surveil|biometric|espionage|law.?enforce|police|politic|gambl|adult|crimin",
    re.I,
)
SPELLINGS = {"defense": "military", "defence": "military", "warfare": "military", "weapon": "weapons"}


def territory(case: Case) -> Iterator[Saying]:
    """A place that the grant leaves out."""
    for part in case.parts:
        for row in part.terms.rows("territory"):
            if not _applies(case, part, row):
                continue
            excluded = set(row["exclude"])
            places = {place(word) for word in case.profile.territory}
            named = ", ".join(row["exclude"])
            clause = str(row.get("clause", ""))
            if not places:
                yield Question(text=f"Where will {part.label} be used? {part.terms.name} leaves out {named}.")
                why = f"{part.terms.name} grants nothing in {named}, and the territory is not known"
                fix = "set `territory` in the use profile"
                yield part.issue("license-territory", Level.WARN, why, fix, clause=clause)
            elif places & (excluded | EVERYWHERE):
                reach = row.get("applies_to", "")
                yield part.issue(
                    "license-territory",
                    Level.FAIL,
                    f"{part.terms.name} grants nothing in {named}{f' ({reach})' if reach else ''}",
                    f"keep the model out of {named}, or choose another base",
                    clause=clause,
                )
            else:
                yield owed(part, "license-territory", f"do not use or offer it in {named}", State.MANUAL, clause=clause)
                yield from _unknown_place(case, part, named, clause)


def _unknown_place(case: Case, part: Part, named: str, clause: str) -> Iterator[Saying]:
    strange = [word for word in case.profile.territory if not CODE.fullmatch(place(word))]
    if strange:
        yield Question(text=f"Is {', '.join(strange)} within {named}? {part.terms.name} grants nothing there.")
        why = f"{part.terms.name} grants nothing in {named}, and {', '.join(strange)} is no known place"
        fix = "write ISO 3166 codes such as DE or US into `territory`"
        yield part.issue("license-territory", Level.WARN, why, fix, clause=clause)


def _applies(case: Case, part: Part, row: Mapping[str, Any]) -> bool:
    if part.came_as_data and not row.get("reaches_outputs"):
        return False
    if row.get("multimodal_only") and not part.component.is_multimodal:
        return False
    return not (row.get("end_users_exempt") and set(case.profile.use) <= {"end-user"})


def place(word: str) -> str:
    """A territory as it is compared: a member state is the EU, GB is the UK."""
    code = re.sub(r"[\s_-]+", " ", word).strip().upper()
    code = SAME.get(code, code).replace(" ", "-")
    return "EU" if code.partition("-")[0] in EU else code


def field_of_use(case: Case) -> Iterator[Saying]:
    """A purpose that the license rules out, or one it would have to be asked about."""
    for part in case.parts:
        if part.role not in ("tool", "training-code"):
            yield from _restricted(case, part)
        yield from _conditions(case, part)
    for part in used(case):
        if part.terms.says("use_restrictions") == "yes" and not part.is_code:
            text = f"keep your own use within its use restrictions{_where_told(part)}"
            yield owed(part, "license-field-of-use", text, State.MANUAL, fact="use_restrictions")


def _where_told(part: Part) -> str:
    told = part.terms.says("use_restrictions", "aup") or part.terms.says("use_restrictions", "list")
    return f": {told}" if told else ""


def _restricted(case: Case, part: Part) -> Iterator[Saying]:
    if part.terms.says("use_restrictions") != "yes":
        return
    barred = tuple(part.terms.says("use_restrictions", "fields", ()))
    clause = part.terms.says("use_restrictions", "fields_clause") or part.terms.clause("use_restrictions")
    for wanted in case.profile.field_of_use:
        if any(_matches(wanted, word) for word in barred):
            yield part.issue(
                "license-field-of-use",
                Level.FAIL,
                f"{part.terms.name} rules out {wanted!r}",
                "choose a base whose license allows this field",
                clause=clause,
            )
        elif SENSITIVE.search(wanted) or any(_matches(word, wanted) for word in barred):
            policy = part.terms.says("use_restrictions", "aup") or part.terms.says("use_restrictions", "list")
            yield Question(text=f"Does the use policy of {part.terms.name} ({policy}) allow {wanted!r}?")
            yield part.issue(
                "license-field-of-use",
                Level.WARN,
                f"{part.terms.name} restricts uses, and {wanted!r} has to be checked against its policy",
                f"read {policy or 'the use policy'}",
                clause=clause,
            )


def _matches(wanted: str, barred: str) -> bool:
    words = re.sub(r"[-_]+", " ", wanted.lower())
    for spelling, same in SPELLINGS.items():
        words = re.sub(rf"\b{spelling}\b", f"{spelling} {same}", words)
    return re.search(rf"\b{re.escape(barred.lower().rstrip('s'))}", words) is not None


def _conditions(case: Case, part: Part) -> Iterator[Saying]:
    for row in part.terms.rows("commercial_use", "conditions"):
        what, clause = str(row.get("what", row.get("effect", ""))), str(row.get("clause", ""))
        if row["type"] == "production-use" and set(case.profile.use) - {"research"}:
            fix = "read the Additional Use Grant in the file's header, or wait for the change date"
            yield part.issue("license-field-of-use", Level.FAIL, f"{part.terms.name}: {what}", fix, clause=clause)
            yield Question(text=f"What does the Additional Use Grant of {part.label} allow? When is its change date?")
        elif row["type"] == "sector" and case.profile.commercial:
            yield from _sector(case, part, what, clause)
        elif row["type"] == "competing-service" and case.profile.commercial and case.profile.makes_available:
            yield Question(text=f"Does your product compete with the licensor of {part.label}? ({what})")
            yield owed(part, "license-field-of-use", f"not for: {what}", State.MANUAL, clause=clause)
        elif row["type"] == "no-sublicense" and case.profile.distributes:
            yield owed(part, "license-registration", f"tell recipients: {what}", State.MANUAL, clause=clause)
        elif row["type"] in ("policy", "use"):
            yield owed(part, "license-field-of-use", what, State.MANUAL, clause=clause)
    barred = part.terms.says("government_use")
    if barred and re.search(r"government|public.sector", " ".join(case.profile.field_of_use), re.I):
        why = f"{part.terms.name} on government use: {barred}"
        yield part.issue("license-field-of-use", Level.FAIL, why, "choose another base", fact="government_use")


def _sector(case: Case, part: Part, what: str, clause: str) -> Iterator[Saying]:
    fields = " ".join(case.profile.field_of_use).lower()
    if re.search(r"software|cloud", fields):
        why = f"{part.terms.name} is for others: {what}"
        yield part.issue("license-field-of-use", Level.FAIL, why, "choose another base", clause=clause)
    else:
        yield Question(
            text=f"Are {what.replace('you and affiliates are not', 'you or affiliates')}? "
            f"{part.terms.name} is not for them."
        )
