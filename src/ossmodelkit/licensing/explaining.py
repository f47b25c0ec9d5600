"""A license as a person would want to read it: rights, duties, limits, and what nobody has read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ossmodelkit.core.license import Terms
from ossmodelkit.core.report import Table
from ossmodelkit.licensing.rules.grants import COUNTED

VERIFICATION = {
    "text": "the license text was read",
    "partial-text": "only parts of the text were read",
    "secondary": "from what others quote; the text was not read",
    "memory": "from memory; the text was not read",
    "policy": "a rule of this tool, not a license",
}
RIGHTS = {
    "commercial_use": "commercial use",
    "derivatives": "changes and fine-tuning",
    "redistribution": "handing on",
    "derivative_terms": "own terms on derivatives",
    "patent": "patents",
    "hosting": "hosting",
    "larger_work": "larger works",
    "derivative_definition": "what a derivative is",
    "compatible_with": "goes together with",
}
DUTIES = {
    "include_license_text": "license text",
    "retain_notices": "notices kept",
    "notice_file": "notice file",
    "modified_files_notice": "changed files say so",
    "naming": "name",
    "display": "display line",
    "share_alike": "same terms",
    "source_offer": "source offer",
    "network_clause": "network use",
    "model_card_retention": "model card",
    "publication_acknowledgement": "acknowledge in publications",
    "output_duties": "outputs",
    "relinking": "relinking",
    "original_availability": "the original",
    "disclaimer_pass_on": "disclaimer passed on",
    "downstream_liability": "recipients",
    "latest_version": "latest version",
    "indemnity": "indemnity",
}
LIMITS = {
    "use_restrictions": "use restrictions",
    "outputs": "outputs",
    "territory": "territory",
    "additional_restrictions": "further restrictions",
    "hosted_service_is_distribution": "hosted access counts as distribution",
    "training_effect": "models trained on the data",
    "termination": "ends",
    "revocable": "revocable",
    "unilateral_amendment": "may be changed by the licensor",
    "remote_restriction": "may be restricted by the licensor",
    "endorsement": "endorsement",
    "trademark": "trademarks",
    "government_use": "government use",
    "ownership": "ownership",
    "standalone_sale": "sale by itself",
    "integrated_end_user_product_exempt_from": "end users are exempt from",
    "date_rule": "changes with time",
    "limits": "limits",
}
OWN_WORDS = frozenset(
    {
        "clause", "kind", "required", "pass_on_kind", "scope_kind", "trigger", "places", "snapshot", "applies",
        "modified_only", "source", "reaches_outputs", "multimodal_only", "end_users_exempt", "own_family_excepted",
        "needs_distribution", "fields_clause", "any_of", "distillation_needs_similarity", "unmodified_only", "accepts",
        "guardrails", "noncommercial_excepted", "text_of", "auto_when", "definition_clause", "ownership_clause",
        "retaliation_clause",
    }
)  # fmt: skip
PLAIN_FIRST = ("value", "what")
SELF_EVIDENT = frozenset({"note", "default", "list", "pass_on", "aup", "effect", "when"})


def tables(terms: Terms) -> tuple[Table, ...]:
    """The facts of one license as tables: what it is, rights, duties, limits."""
    ids = terms.facts.get("ids", {})
    about = (
        ("name", terms.name),
        ("id", terms.id),
        ("also called", ", ".join(sorted({str(i) for i in _flat(ids)} - {terms.id})) or "-"),
        ("family", terms.family),
        ("for", ", ".join(terms.applies_to) or "-"),
        ("facts", VERIFICATION.get(terms.verification, terms.verification)),
        ("source", str(terms.facts.get("source", "-"))),
        *(("note", note) for note in [str(terms.facts.get("notes", ""))] if note),
        *((("stands for one of", ", ".join(terms.candidates)),) if terms.candidates else ()),
    )
    made = [Table(title="", columns=("", ""), rows=about)]
    for title, wanted in (("You may", RIGHTS), ("You owe", DUTIES), ("Limits", LIMITS)):
        rows = tuple(row for row in _rows(terms, wanted) if row[1] != "no" or wanted is RIGHTS)
        if rows:
            made.append(Table(title=title, columns=("", "what it says", "clause"), rows=rows))
    return tuple(made)


def _rows(terms: Terms, wanted: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for fact, title in wanted.items():
        found = terms.facts.get(fact)
        for table in found if isinstance(found, list) else [found]:
            if isinstance(table, Mapping):
                yield title, FORMS.get(fact, told)(table), str(table.get("clause", ""))
                for row in table.get("conditions", ()):
                    yield "… but", _condition(row), str(row.get("clause", ""))
            elif table:
                yield title, _word(table), ""


def told(table: Mapping[str, Any]) -> str:
    """One fact in a line: the value first, then whatever the text adds."""
    parts: list[str] = []
    for key, value in table.items():
        if key in OWN_WORDS or key == "conditions" or value in ("", None):
            continue
        if key in PLAIN_FIRST:
            parts.insert(0, _word(value))
        else:
            parts.append(_word(value) if key in SELF_EVIDENT else f"{key.replace('_', ' ')}: {_word(value)}")
    if len(parts) > 1 and "yes" in parts and "what" in table:
        parts.remove("yes")
    return "; ".join(dict.fromkeys(parts))


def _condition(row: Mapping[str, Any]) -> str:
    """A condition as a sentence: a limit with how it is counted and what follows, or what has to be done."""
    if row["type"] not in COUNTED:
        return "; ".join(str(row[key]) for key in ("what", "effect", "note") if key in row) or str(row["type"])
    limit = f"{row['value']:,} {row.get('currency', '')}".strip()
    bound = f"{limit} {COUNTED[row['type']]} or more" if row.get("op") == ">=" else f"more than {limit}"
    if row.get("op") != ">=":
        bound += f" {COUNTED[row['type']]}"
    how = "; ".join(str(row[key]) for key in ("basis", "scope", "note") if key in row)
    return bound + (f" ({how})" if how else "") + (f": {row['effect']}" if "effect" in row else "")


def _name(row: Mapping[str, Any]) -> str:
    begins = f"begins with “{row.get('value')}”"
    said = {"prefix": begins, "must-not-use": f"must not use {row.get('value')}"}.get(row["rule"], str(row["rule"]))
    return f"{said}: {row['when']}" if "when" in row else said


def _line(row: Mapping[str, Any]) -> str:
    """A line to show, or a notice to write: the exact words, where, and when."""
    words = " or ".join(f"“{text}”" for text in str(row["text"]).split(" | ")) if "text" in row else ""
    place = f"in a file called {row['file']}" if "file" in row else row.get("where", "")
    wish = "encouraged only" if row.get("encouraged_only") else ""
    parts = (words, place, row.get("plus", ""), row.get("propagate", ""), row.get("when", ""), wish)
    return "; ".join(str(part) for part in parts if part)


def _ends(table: Mapping[str, Any]) -> str:
    """How a license ends, and what heals it."""
    auto = table.get("auto_when") or table.get("auto")
    parts = [auto if isinstance(auto, str) else "by itself when it is broken" if auto else ""]
    parts += ["on breach"] if table.get("on_breach") else []
    parts += ["whenever the licensor wants"] if table.get("at_will") else []
    parts += [f"healed: {table['cure']}"] if table.get("cure") else []
    parts += [str(table[key]) for key in ("also", "effect") if table.get(key)]
    return "; ".join(part for part in parts if part) or "as the text says"


FORMS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "naming": _name,
    "display": _line,
    "notice_file": _line,
    "termination": _ends,
}


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_word(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_word, value))
    if isinstance(value, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", value):
        return value.replace("-", " ")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _flat(ids: Mapping[str, Any]) -> Iterator[str]:
    for value in ids.values():
        yield from value if isinstance(value, list) else [value]
