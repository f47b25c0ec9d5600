"""Write `configs/globals.json` from `configs/globals/*.toml`: the same facts, quick to load.

TOML is for people and takes a tenth of a second to parse; a scan may not spend that at every start.
`python tools/compile_globals.py`; a test compares both.
"""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

CONFIGS = Path(__file__).resolve().parent.parent / "configs"


def compiled(folder: Path) -> dict[str, Any]:
    """Everything in the tables, by what it is for."""
    names: dict[str, list[str]] = {}
    patterns: list[list[str]] = []
    values: list[str] = []
    data: list[dict[str, Any]] = []
    deny_modules: dict[str, str] = {}
    deny_names: dict[str, str] = {}
    harms: dict[str, str] = {}
    frameworks: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        if path.name == "reviewed.toml":
            enums, hooked = table["enums"], table["hooked"]
            continue
        frameworks.append(table.get("framework", path.stem))
        for kind in ("inert", "value", "guard"):
            for entry in table.get(kind, ()):
                rule = entry.get("rule", "")
                for name in entry.get("names", ()):
                    names[name] = [kind, rule]
                patterns += [[pattern, kind, rule] for pattern in entry.get("patterns", ())]
                values += entry.get("modules", ())
        for entry in table.get("data", ()):
            data.append({key: value for key, value in entry.items() if key != "why"})
        for entry in table.get("deny", ()):
            harms[entry["harm"]] = entry["why"]
            deny_modules |= dict.fromkeys(entry["modules"], entry["harm"])
            deny_names |= dict.fromkeys(entry["names"], entry["harm"])
    packages = sorted(
        {one.split(".")[0] for entry in data for one in entry["packages"]} | {"numpy", "pandas", "joblib"}
    )
    return {
        "names": names,
        "patterns": patterns,
        "values": sorted(set(values)),
        "data": data,
        "deny_modules": deny_modules,
        "deny_names": deny_names,
        "harms": harms,
        "enums": enums,
        "hooked": hooked,
        "packages": packages,
        "standard_library": sorted(name for name in sys.stdlib_module_names if name != "this"),
    }


if __name__ == "__main__":
    text = json.dumps(compiled(CONFIGS / "globals"), separators=(",", ":"), sort_keys=True)
    (CONFIGS / "globals.json").write_text(text + "\n", encoding="utf-8")
