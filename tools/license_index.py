"""Write `configs/license-index.json` from `configs/licenses/*.toml` and `configs/license-names.toml`.

    python -m tools.license_index          # writes
    python -m tools.license_index --check  # only says whether it is current

A license may be found by its id, hub tag, SPDX id, scancode key, hub license names and title. Where two
licenses would answer to one word, the one whose own id it is wins; a word that
`license-names.toml` calls ambiguous is never answered with one license.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def tables() -> list[dict[str, Any]]:
    """Every license table, by id."""
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted((CONFIGS / "licenses").glob("*.toml"))]


def build() -> str:
    """The index as JSON text."""
    names = tomllib.loads((CONFIGS / "license-names.toml").read_text(encoding="utf-8"))
    ambiguous: dict[str, list[str]] = dict(names["ambiguous"])
    found: dict[str, str] = {}
    every = tables()
    for table in every:
        ids = table["ids"]
        for word in (ids.get("hf"), ids.get("spdx"), *ids.get("license_names", ()), ids.get("scancode")):
            if word and fold(word) not in ambiguous:
                found.setdefault(fold(word), table["id"])
        for alias in _spdx_relatives(ids.get("spdx", "")):
            found.setdefault(fold(alias), table["id"])
    for word, owners in _titles(every).items():
        if len(owners) == 1 and word not in ambiguous:
            found.setdefault(word, *owners)
    for table in every:
        if fold(table["id"]) not in ambiguous:
            found[fold(table["id"])] = table["id"]
    licenses = {
        table["id"]: {
            "name": table["name"],
            "family": table["family"],
            "verified": table["verified"],
            "ambiguous": table.get("ambiguous", False),
            "candidates": table.get("candidates", []),
        }
        for table in every
    }
    index = {"ambiguous": ambiguous, "licenses": licenses, "names": found, "unmapped": sorted(names["unmapped"])}
    return json.dumps(index, indent=0, sort_keys=True, ensure_ascii=False) + "\n"


def fold(word: str) -> str:
    """As `ossmodelkit.licensing.facts.fold`, which a test compares."""
    return "-".join(word.strip().lower().replace("_", " ").split()).removeprefix("licenseref-")


def _titles(every: list[dict[str, Any]]) -> dict[str, set[str]]:
    """Every name a license is printed under, with and without what stands in brackets, and whose it is."""
    found: dict[str, set[str]] = {}
    for table in every:
        if not table.get("ambiguous") and table["family"] != "unknown":
            for title in {table["name"], table["name"].partition(" (")[0]}:
                found.setdefault(fold(title), set()).add(table["id"])
    return found


def _spdx_relatives(spdx: str) -> tuple[str, ...]:
    """GPL-3.0-only is also written GPL-3.0, GPL-3.0-or-later and GPL-3.0+."""
    stem = spdx.removesuffix("-only")
    return (stem, f"{stem}-or-later", f"{stem}+") if stem != spdx else ()


if __name__ == "__main__":
    target = CONFIGS / "license-index.json"
    if "--check" in sys.argv:
        sys.exit(0 if target.read_text(encoding="utf-8") == build() else "license-index.json is out of date")
    target.write_text(build(), encoding="utf-8")
