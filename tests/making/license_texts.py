"""License texts for tests: a real one that this project ships, and invented ones whose siblings differ in one word."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import files
from pathlib import Path

from ossmodelkit.licensing import fingerprints, material, wording
from ossmodelkit.licensing.fingerprints import Known, Library

ROOT = Path(__file__).resolve().parent.parent.parent
CLAUSES = (
    'By using the {brand} Materials you accept this Agreement. "Materials" means the weights and the documentation.',
    "You are granted a non-exclusive, worldwide, royalty-free license to use, copy, modify and give the Materials on.",
    "If you distribute the Materials or a derivative of them, you shall provide a copy of this Agreement with them.",
    'You shall prominently display "Built with {brand}" on a related website, user interface or about page.',
    "If you use the Materials to train a model that you distribute, its name shall begin with {brand}.",
    'You shall keep in a "Notice" text file: {brand} {version} is licensed under the {brand} {version} License.',
    "Your use shall comply with applicable law and with the Acceptable Use Policy, a part of this Agreement.",
    "If on the {brand} {version} version release date your products had more than {users} million monthly active users "
    "in the preceding calendar month, you must request a license, and you are not authorized to use the Materials "
    "before.",
    "The Materials are provided as is, without warranties of any kind, and you bear the risk of using them.",
    "In no event will the licensor be liable for lost profits or for indirect or consequential damages.",
    "No trademark licenses are granted under this Agreement. You own the changes that you make to the Materials.",
    "This Agreement ends if you are in breach of it. On termination you shall delete and stop using the Materials.",
)


def invented(brand: str = "Acme", version: str = "3.1", users: int = 700, date: str = "July 23, 2024") -> str:
    """The text of a license that does not exist."""
    title = f"{brand.upper()} {version} COMMUNITY LICENSE AGREEMENT\n\n{brand} {version} Version Release Date: {date}\n"
    body = (clause.format(brand=brand, version=version, users=users) for clause in CLAUSES)
    return title + "".join(f"\n{number}. {clause}\n" for number, clause in enumerate(body, 1))


def library(texts: Iterable[tuple[str, str]], *, strict: bool = True) -> Library:
    """A library of (id, text)."""
    entries = []
    for license_id, text in texts:
        found = wording.words(text)
        pairs = wording.pairs(found)
        known = Known(
            id=license_id,
            source="test",
            kind="license",
            strict=strict,
            words=len(found),
            pairs=sum(pairs.values()),
            material=material.counts(found),
            sketch=(),
        )
        entries.append((known, pairs))
    return fingerprints.unpack(fingerprints.pack(entries))


def apache() -> str:
    """The Apache license, as this project ships it."""
    return (ROOT / "LICENSE").read_text(encoding="utf-8")


def installed(package: str) -> str:
    """The license file of an installed package."""
    found = next(f for f in files(package) or () if "LICEN" in f.name.upper())
    return Path(str(found.locate())).read_text(encoding="utf-8")
