"""Write the pages of the release items: `python -m tools.release_pages`. A test holds them against the data."""

from __future__ import annotations

import re
from pathlib import Path

from ossmodelkit.releasing.checks import CATALOG
from ossmodelkit.releasing.items import Item, items

PAGES = Path(__file__).resolve().parent.parent / "docs" / "checks"
MODES = {
    "automatic": "Decided from files and measurements, with no human word.",
    "attested": "A named person states it in `attest.yaml`; what is checked is that they did, when, and until when.",
    "hybrid": "Computed where it can be, and confirmed by a named person in `attest.yaml`.",
}


def page(item: Item) -> str:
    """The page of one item."""
    check = next(one for one in CATALOG if one.id == item.id)
    weights = ", ".join(f"{name}: {item.overrides.get(name, item.severity)}" for name in item.profiles)
    parts = [
        f"# {item.id}: {item.title}",
        item.why,
        f"**Flags:** {check.title}",
        f"**Asks:** {item.check}. {MODES[item.mode]}",
        f"**Looks at:** `{item.artifact}`",
        f"**Weighs:** {weights}. In other profiles it is not applicable, which is never a pass."
        + ("" if item.waivable else " No waiver may silence it."),
        *([_statement(item)] if item.asks or item.may_tell else []),
        *([_measurement(item)] if item.measure else []),
        f"**Where the question comes from:** {', '.join(item.refs)}. An answer here does not mean a law is satisfied.",
        "**What to do:** `kit release check MODEL` shows what was seen and the remedy beside it. "
        "[Releasing](../releasing.md) tells how items, statements and waivers work.",
    ]
    return "\n\n".join(parts) + "\n"


def _statement(item: Item) -> str:
    told = [*item.asks, *(f"{name}: …   # where it is known" for name in item.may_tell)]
    lines = "\n".join(f"  {name}" if ":" in name else f"  {name}: …" for name in told)
    return f"**Stated like this:**\n\n```yaml\n{item.id}:\n  by: Ada Example\n  date: 2026-11-21\n{lines}\n```"


def _measurement(item: Item) -> str:
    needs = ", ".join(f"`{name}`" for name in item.needs)
    return (
        f"**Measured elsewhere and kept:** `kit release attach MODEL {item.measure} FILE.json`, a table with {needs}."
    )


def main() -> None:
    """Write all pages, and remove those of items that are gone."""
    known = {item.id for item in items()}
    for path in PAGES.glob("[A-Z]*-*.md"):
        if re.fullmatch(r"[A-Z]{3}-\d{3}", path.stem) and path.stem not in known:
            path.unlink()
    for item in items():
        (PAGES / f"{item.id}.md").write_text(page(item), encoding="utf-8")


if __name__ == "__main__":
    main()
