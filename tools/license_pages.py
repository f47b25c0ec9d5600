"""Write `docs/licenses.md` from the license facts: what is known, by which clause, and what nobody has read.

python -m tools.license_pages
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ossmodelkit.core.license import Terms
from ossmodelkit.licensing import facts

TARGET = Path(__file__).resolve().parent.parent / "docs" / "licenses.md"
HEAD = """\
# Licenses

What the kit knows about {count} licenses for models, data and code. Facts are in our own words; only required
notices and lines are quoted. {read} texts were read in full; for the others the last column says where the facts come
from, and every finding that rests on them says so. An absent fact is no permission. Not legal advice.

The facts live in `configs/licenses/`, one table each with a clause for every fact; `kit license explain ID` shows one.
This page is made by `python -m tools.license_pages`.

| family | licenses |
|---|---|
{families}

Names that do not say which text is meant are unresolved: {ambiguous}.
Names that were seen and are not known here: {unmapped}.
"""
READ = {
    "text": "text",
    "partial-text": "in part",
    "secondary": "quoted by others",
    "memory": "memory",
    "policy": "a rule",
}


def page() -> str:
    """The page as Markdown."""
    every = facts.every_terms()
    families = Counter(terms.family for terms in every)
    head = HEAD.format(
        count=len(every),
        read=sum(terms.verified for terms in every),
        families="\n".join(f"| {family} | {count} |" for family, count in sorted(families.items())),
        ambiguous=", ".join(f"`{name}`" for name in sorted(facts.index()["ambiguous"])),
        unmapped=", ".join(f"`{name}`" for name in facts.index()["unmapped"]),
    )
    rows = [_row(terms) for terms in every]
    title = "| id | name | commercial | fine-tunes | handing on | asks for | outputs train others | read |"
    return "\n".join((head, title, "|" + "---|" * 8, *rows)) + "\n"


def _row(terms: Terms) -> str:
    cells = (
        f"`{terms.id}`",
        terms.name,
        _commercial(terms),
        str(terms.says("derivatives") or "-"),
        str(terms.says("redistribution") or "-"),
        ", ".join(_asks(terms)) or "-",
        str(terms.says("outputs", "train_other_models") or "-"),
        READ.get(terms.verification, terms.verification),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _commercial(terms: Terms) -> str:
    value = str(terms.says("commercial_use") or "-")
    limits = []
    for row in terms.rows("commercial_use", "conditions"):
        if "value" in row:
            kind, sign = row["type"].replace("_", " "), row.get("op", "?")
            limits.append(f"{kind} {sign} {row['value']:,} {row.get('currency', '')}".strip())
        else:
            limits.append(str(row["type"]))
    return f"{value} ({'; '.join(limits)})" if limits else value


def _asks(terms: Terms) -> list[str]:
    asks = {
        "text": terms.says("include_license_text", "required") == "yes",
        "text or link": terms.says("include_license_text", "required") == "link",
        "notice": bool(terms.says("notice_file", "text")),
        "upstream NOTICE": bool(terms.says("notice_file", "propagate")),
        "changes told": bool(terms.says("modified_files_notice", "required", False)),
        "display": any(not row.get("encouraged_only") for row in terms.rows("display")),
        "restrictions passed on": terms.says("use_restrictions", "pass_on_kind") == "enforceable",
        "same terms": terms.says("share_alike", "kind", "none") != "none",
        "source": bool(terms.says("source_offer")),
    }
    prefix = [f"name “{row['value']}…”" for row in terms.rows("naming") if row["rule"] == "prefix"]
    return [name for name, wanted in asks.items() if wanted] + prefix


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
