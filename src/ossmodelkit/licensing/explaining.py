"""A license as a person would want to read it: rights, duties, limits, and what nobody has read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit.core.license import Terms
from ossmodelkit.core.report import Table

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
}
OWN_WORDS = frozenset(
    {
        "clause", "kind", "required", "pass_on_kind", "scope_kind", "trigger", "places", "snapshot", "applies",
        "modified_only", "source", "reaches_outputs", "multimodal_only", "end_users_exempt", "own_family_excepted",
        "needs_distribution", "fields_clause", "any_of", "distillation_needs_similarity", "unmodified_only", "accepts",
        "guardrails", "auto",
    }
)  # fmt: skip


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
        rows = tuple(_rows(terms, wanted))
        if rows:
            made.append(Table(title=title, columns=("", "what it says", "clause"), rows=rows))
    return tuple(made)


def _rows(terms: Terms, wanted: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for fact, title in wanted.items():
        found = terms.facts.get(fact)
        for table in found if isinstance(found, list) else [found]:
            if isinstance(table, Mapping):
                yield title, told(table), str(table.get("clause", ""))
                for row in table.get("conditions", ()):
                    yield "… if", told(row), str(row.get("clause", ""))


def told(table: Mapping[str, Any]) -> str:
    """One fact in a line: the value first, then whatever the text adds."""
    parts: list[str] = []
    for key, value in table.items():
        if key in OWN_WORDS or key == "conditions" or value in ("", None):
            continue
        if key == "value" or key in ("text", "what"):
            parts.insert(0, _word(value))
        elif key == "op":
            parts.append(f"{value} {table.get('value', ''):,} {table.get('currency', '')}".strip())
        elif key not in ("currency",) and not (key == "value" and "op" in table):
            parts.append(f"{key.replace('_', ' ')}: {_word(value)}")
    if "op" in table:
        parts = [part for part in parts if part != _word(table.get("value"))]
    return "; ".join(dict.fromkeys(parts))


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_word(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_word, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _flat(ids: Mapping[str, Any]) -> Iterator[str]:
    for value in ids.values():
        yield from value if isinstance(value, list) else [value]
