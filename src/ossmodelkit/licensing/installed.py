"""What an installed package says its license is; its metadata is read, and nothing of it is imported."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import HeaderParser
from functools import cache
from importlib import metadata

from ossmodelkit.foundation import resources
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.dependencies import Installed
from ossmodelkit.licensing.identify import identify
from ossmodelkit.licensing.reading import LONGEST_TEXT
from ossmodelkit.licensing.spdx_expressions import canonical

USUAL_TEXTS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING")
MOST_TEXTS = 4
LONGEST_FIELD = 120


def look_up(name: str) -> Installed | None:
    """What the package's metadata says: PEP 639's expression, the old field, the classifiers, then its own text.

    None where no such package is installed.
    """
    try:
        package = metadata.distribution(name)
        told = package.read_text("METADATA") or package.read_text("PKG-INFO") or ""
    except (metadata.PackageNotFoundError, ValueError, OSError):
        return None
    head = HeaderParser().parsestr(told.partition("\n\n")[0])
    word = canonical(str(head.get("License-Expression", "")))
    word = word or _field(str(head.get("License", ""))) or _classified(head) or _by_text(package, head)
    return Installed(license=word, version=str(head.get("Version", ""))[:LONGEST_FIELD])


def _field(word: str) -> str:
    plain = " ".join(word.split())
    if not plain or len(plain) > LONGEST_FIELD:
        return ""
    return _words()["fields"].get(plain.lower(), "") or canonical(plain)


def _classified(head: Message) -> str:
    """One classifier that names one text; of several nobody knows whether all hold or any."""
    named = [one.rpartition(" :: ")[2] for one in head.get_all("Classifier", []) if one.startswith("License :: ")]
    return _words()["classifiers"].get(named[0], "") if len(named) == 1 else ""


def _by_text(package: metadata.Distribution, head: Message) -> str:
    found = list(dict.fromkeys(_texts(package, head)))
    return " AND ".join(found) if all(found) else ""


def _texts(package: metadata.Distribution, head: Message) -> Iterator[str]:
    """The SPDX id of each license text beside the metadata; empty for one that is not exactly known."""
    for name in (head.get_all("License-File", []) or USUAL_TEXTS)[:MOST_TEXTS]:
        try:
            text = package.read_text(f"licenses/{name}") or package.read_text(name)
        except (OSError, ValueError):
            text = None
        if text:
            one = identify(text) if len(text) <= LONGEST_TEXT else None
            exact = one is not None and one.result == "exact" and one.id in facts.ids()
            yield str(facts.terms(one.id).says("ids", "spdx")) if one is not None and exact else ""


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(resources.config("license-package-words.toml").read_text(encoding="utf-8"))
