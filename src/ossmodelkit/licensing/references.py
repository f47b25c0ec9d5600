"""Titles and links that name a license without its text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.known_models import by_name

LONGEST = 20_000
HUB_FILE = re.compile(r"(?:huggingface\.co|hf\.co)/(?P<model>[\w.-]+/[\w.-]+)/(?:blob|resolve|raw)/")
# A pattern, and the license it names; where that is empty, a group of the pattern tells.
REFERENCES = (
    (r"apache licen[sc]e,? (?:version )?2(?:\.0)?", "apache-2.0"),
    (r"spdx-license-identifier:\s*(?P<spdx>[\w.+-]+)", ""),
    (r"apache\.org/licenses/license-2\.0", "apache-2.0"),
    (r"opensource\.org/licenses?/(?P<spdx>[\w.+-]+)", ""),
    (r"(?:spdx\.org|choosealicense\.com)/licenses/(?P<spdx>[\w.+-]+?)(?:\.html)?/?(?=$|[\s)\"'>#?])", ""),
    (r"creativecommons\.org/licenses/(?P<cc>[a-z-]+/[0-9.]+)", ""),
    (r"creativecommons\.org/publicdomain/zero/1\.0", "cc0-1.0"),
    (r"gnu\.org/licenses/(?P<spdx>[\w.+-]+?)(?:\.html|\.txt)", ""),
    (r"llama(?:\.meta)?\.com/llama(?P<page>[34](?:_[0-9])?)/license", ""),
    (r"ai\.meta\.com/llama/license", "llama2"),
    (r"ai\.google\.dev/gemma/terms", "gemma"),
    (r"developers\.google\.com/health-ai-developer-foundations/terms", "health-ai-developer-foundations"),
    (r"mistral\.ai/licenses/(?P<spdx>m[rn]p?l-[0-9.]+)(?=\.md|$)", ""),
    (r"mozilla public licen[sc]e,? v(?:ersion|\.)? ?2\.0", "mpl-2.0"),
    (r"\bmit licen[sc]e\b", "mit"),
    (r"llama (?P<llama>[234](?:\.[0-9])?) community licen[sc]e", ""),
    (r"gemma terms of use", "gemma"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A license, and the words that name it."""

    license: str
    words: str


def first(text: str) -> Named | None:
    """The first license that is named, by the order of the patterns."""
    beginning = " ".join(text[:LONGEST].split())
    for pattern, license_id in REFERENCES:
        hit = re.search(pattern, beginning, re.I)
        found = facts.find_name(license_id or _word(hit)).id if hit else ""
        if hit and found:
            return Named(license=found, words=hit[0])
    return None


def linked(link: str) -> str:
    """The license that a card's `license_link` leads to, by the page or by the model whose file it is; else empty."""
    hub = HUB_FILE.search(link)
    model = Parent(ref=hub["model"], relation=Relation.UNKNOWN, declared_in="license_link") if hub else None
    known = by_name(model) if model else None
    if known:
        return known.licenses[0]
    named = first(link) if "://" in link else None
    return named.license if named else ""


def _word(hit: re.Match[str]) -> str:
    groups = {name: word for name, word in hit.groupdict().items() if word}
    if cc := groups.get("cc"):
        return "cc-" + cc.replace("/", "-")
    if llama := groups.get("llama") or groups.get("page"):
        return f"llama{llama.replace('_', '.')}"
    return groups.get("spdx", "")
