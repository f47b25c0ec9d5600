"""Derive configs/coefficients/*.json by tracing tiny models: `python -m tools.derive_coefficients [FAMILY…]`.

`--again WORDS FAMILY…` traces only what a file lacks and the variants that have these words, such as frozen/keep.

Nothing is fitted: every allocation of a step of three blocks is recorded as a product of the model's
sizes, so the shipped numbers are exact for every other shape. Takes about two minutes a family on one core.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

from ossmodelkit.estimating.options import Method
from ossmodelkit.foundation.resources import config as shipped
from tools.coefficients.recording import Recording
from tools.coefficients.tiny import with_twins
from tools.coefficients.variants import adapter_variants, variants


def derive(name: str, family: dict[str, Any], *, only: str = "", kept: dict[str, Any] | None = None) -> dict[str, Any]:
    """Everything that is shipped for one family; what `kept` holds already is not traced again."""
    found = Recording(family, kept or {})
    for gate in next(iter(family.get("gates", {}).values()), [None]):
        found.begin(gate)
        for variant in variants(family):
            if (found.mark + variant["key"]).startswith(only):
                found.take(variant)
    return {"schema": 1, "family": name, "derived_with": versions(), **found.shelves()}


def derive_adapters(*, only: str = "") -> dict[str, Any]:
    """The profiles of one wrapped (or quantized) linear layer."""
    from ossmodelkit.trainer.tracing_adapters import profile

    out: dict[str, Any] = {}
    for key, options, conv, forward, wide in adapter_variants():
        kinds = [(key, False)]
        if options.method is Method.DORA and not conv:  # it takes the bias off the base's output, and adds it later
            kinds.append((key.replace("dora/", "dora-bias/", 1), True))
        for name, bias in kinds:
            if only and name != only:
                continue
            try:
                out[name] = profile(options, conv=conv, feedforward=forward, wide_input=wide, bias=bias)
            except Exception as error:
                print(f"  left out {name}: {type(error).__name__}: {str(error)[:90]}", file=sys.stderr)
    return {"schema": 1, "derived_with": versions(), "profiles": out}


def versions() -> dict[str, str]:
    """The libraries that were traced."""
    from importlib.metadata import version

    return {name: version(name).split("+")[0] for name in ("torch", "transformers", "peft")}


def kept_of(path: Path, again: str) -> dict[str, Any] | None:
    """What stays of a file: all variants but those whose key holds every word of `again`, such as frozen/keep.

    Nothing stays where other versions of the libraries were traced.
    """
    if not again or not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_bytes())
    if found["derived_with"] != versions():
        return None
    words = set(again.split("/"))
    for shelf in ("bodies", "starts", "ends"):
        found[shelf] = {key: value for key, value in found[shelf].items() if not words <= set(key.split("/"))}
    used = [at for body in found["bodies"].values() for _, at in body]
    used += [at for shelf in ("starts", "ends") for one in found[shelf].values() for at in one.values()]
    place = {at: number for number, at in enumerate(dict.fromkeys(used))}
    found["segments"] = [found["segments"][at] for at in place]
    found["bodies"] = {key: [[name, place[at]] for name, at in body] for key, body in found["bodies"].items()}
    for shelf in ("starts", "ends"):
        found[shelf] = {key: {name: place[at] for name, at in one.items()} for key, one in found[shelf].items()}
    return found


def main(words: list[str]) -> None:
    """Write the files named, or all; after `--again frozen/keep` only what is missing or has these words."""
    again = ""
    if words[:1] == ["--again"]:
        again, words = words[1], words[2:]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    folder = shipped("coefficients")
    known = with_twins()
    for name in words or ["adapters", *known]:
        path = Path(folder) / f"{name}.json"
        kept = kept_of(path, again)
        made = derive_adapters() if name == "adapters" else derive(name, known[name], kept=kept)
        path.write_text(json.dumps(made, separators=(",", ":")) + "\n")
        print(f"{name}: {path.stat().st_size / 1e3:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
