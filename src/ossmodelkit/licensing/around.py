"""What stands around the known texts of a file, and whether any of it can be a term.

Titles, holders, addresses, and a word on which files are meant change nothing. Whatever else speaks of rights
or duties, or names another license, is extra until a person has read it; beside a publisher's own license every
sentence is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ossmodelkit.licensing import material
from ossmodelkit.licensing.stretches import Stretch

MOST_WORDS = 600  # the longest list of authors
STRAY_LETTERS = 24  # of another script: a holder's name, and no clause
REPEATED = 12  # pairs of a held text in a row, outside of it: its appendix
SHOWN_BEFORE, SHOWN_AFTER, MOST_SHOWN = 6, 24, 4
# Words that state something: no list of names, places and files needs them.
PROSE = frozenset(
    """be been being do does did would can could cannot when if who whom whose your we our us they their them
    than then into upon until while because every each any such about before during between need needs allowed allows
    grant grants granted pay fee fees use uses used user users copy modify sell agreement terms policy consent
    liable warranty alone prohibited excluded sold sale price output outputs belong belongs owned property royalties
    courts""".split()  # noqa: SIM905
)
# Words that tell where something comes from as well; a few of them say nothing.
STORY = frozenset(
    """is was were has to for with from that which this these those it other others unless above after there are
    have had will you under limited
    license licenses software model models rights""".split()  # noqa: SIM905
)
FEW = 3
IN_TITLES = frozenset({"license", "licenses", "software", "model", "models"})
A_FEW_OF = 6  # one such word in so many
# The same in other languages: a clause does not have to be English.
FOREIGN = frozenset(
    """der die das und nicht nur kein keine oder darf ist sind werden fur zu mit le la les des et ne pas sans pour est
    sont avec el los las es no solo para con sin que por uso il non per di che o nao um uma""".split()  # noqa: SIM905
)
OTHER_LICENSES = frozenset(
    {"gpl", "gplv2", "gplv3", "lgpl", "agpl", "gnu", "apache", "mpl", "mozilla", "epl", "cddl", "eupl", "sspl", "busl",
     "cc0", "creative", "commons", "unlicense", "wtfpl", "proprietary", "licenseref", "openrail", "eula"}
)  # fmt: skip
FAMILIES = {"gnu": ("gpl", "lgpl", "agpl", "gfdl"), "mozilla": ("mpl",), "creative": ("cc",), "commons": ("cc",)}
KINDS = r"(?:the|an?|new|modified|simplified|following|same|terms|conditions|of|licenses?|software|version|clause|two|three|either|both|and|or|also|known|as|below|reproduced|here|full|text|v?[0-9]+)"  # noqa: E501
TITLES = r"new|simplified|revised|original|modern|variant|style|version|v?[0-9]+|clause|two|three|zero|software|public|general|lesser|free|open|source|foundation|permissive|license|licenses|the"  # noqa: E501
NAME = r"(?:\w+ ){0,5}?\w+"
# Which files are meant, which license it is, who wrote it: no term of a license.
SAYS_NOTHING_NEW = (
    r"(?:except|unless) (?:(?:when|where|as) )?(?:\w+ )?(?:otherwise )?"
    r"(?:stated|noted|indicated|specified|mentioned|documented)",
    r"this license applies to (?:all|everything|any|the|parts of)",
    r"(?:is )?licensed for use",
    r"\bus inc\b",
    r"(?:(?:is|are|was|were|has been|have been) )?(?:derived|taken|copied|ported|adapted|borrowed|originating) from",
    r"(?:incorporates|includes|contains) (?:some )?(?:code|parts|portions) (?:of|from)",
    r"(?:has|have) an optional dependency on",
    r"the externally maintained libraries from which parts of the software (?:is|are) derived are",
    # Other files, under other licenses: what nearly every project of the OpenJS foundation says.
    r"(?:are )?externally maintained libraries used by this software which have their own licenses we recommend you "
    r"read them as their terms may differ from the terms above",
    r"copyright and related rights for sample code are waived via cc0 sample code is defined as all source code "
    r"(?:displayed|contained) within the (?:prose of the documentation|demos directory)"
    r"(?: cc0 creativecommons org publicdomain zero 1 0)?",
    r"(?:please )?(?:also )?refer to the file (?:\w+ )?contributing md which clarifies licensing of external "
    r"contributions to this project including patches pull requests etc",
    r"except the contents of",
    r"and is (?:also )?gpl compatible",
    r"(?:all|copy) rights? reserved",
    r"(?:mit )?no attribution",
    r"copyright (?:\d+ )?(?:present )?(?:\w+ ){1,5}?only "
    r"(?:(?!for |use|by |with |to |when |if |research|non)\w+ ){1,5}files",
    # Who holds the rights in what was contributed: no word to whoever uses it.
    rf"is the set of all contributors to the {NAME} project(?: this includes all of the {NAME} subprojects)?",
    r"the core team that coordinates development on (?:github|gitlab) can be found (?:here|at)",
    rf"uses shared copyright model each contributor maintains copyright over their contributions to {NAME} but it is "
    rf"important to note that these contributions are typically only changes to the repositories thus the {NAME} "
    r"source code in its entirety is not the copyright of any single person or institution instead it is the "
    rf"collective copyright of the entire {NAME} if individual contributors want to maintain record of what changes "
    r"(?:additions )?they have specific copyright on they should indicate their copyright in the commit message of "
    rf"the change when they commit the change to one of the {NAME} repositories",
    r"with this in mind the following banner should be used in any source code file to indicate the copyright and "
    r"license terms",
    r"if you contribute code to this project you are implicitly allowing your code to be(?: distributed)?",
    r"you are also implicitly verifying that all code is your original work",
    r"end of terms and conditions",
    r"(?:one line to give the (?:program|library)s? name )?and (?:an? )?brief idea of what it does",
    r"moe ghoul president of vice|thats all there is to it",
    r"this license is approved by the osi and fsf as gpl compatible",
    r"additional copyrights may follow(?: header)?",
    r"this work is released into the public domain with",
    r"(?:can|may) (?:also )?be found (?:here|at|in|on)",
    r"this software consists of voluntary contributions made by many individuals",
    r"for (?:the )?(?:exact|full|complete) contribution history see the revision history available at",
    r"original (?:library|work|author|code)|additional (?:functionality|contributors|work)",
    r"(?:originally )?(?:written|created|developed|maintained) (?:and (?:written|maintained) )?by",
    r"based on",
    r"spdx license identifier \w+",
    r"(?:is |are )?(?:licensed|reproduced)? ?(?:as follows|below)",
    r"the following licenses? (?:applies|apply) to|which uses the following license",
    r"copyright notice and (?:statement|license)",
    r"look (?:at|for) (?:license files in directories or )?(?:information at )?the beginning of each file",
)
USUAL = re.compile(rf"\b(?:{'|'.join(SAYS_NOTHING_NEW)})\b")
TELLING = material.ADDS_TERMS | PROSE | set(material.AMOUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """How many words stand around the known texts, and the places a person has to read."""

    words: int
    terms: tuple[str, ...] = ()

    @property
    def harmless(self) -> bool:
        """Whether nothing that matters stands there."""
        return not self.terms


def look(found: list[str], held: tuple[Stretch, ...], matched: dict[str, list[bytes]]) -> Surroundings:
    """Read what stands around the held texts."""
    covering = [flags for license_id in {one.known.id for one in held} for flags in matched[license_id]]
    ids = tuple(one.known.id.lower() for one in held)
    known = _names(ids)
    parts = []
    for begin, end in _gaps(len(found), held):
        left = " ".join(_unexplained(found, begin, end, covering))
        for usual in (_which_license(known), USUAL, _title(known)):
            left = usual.sub(" ", left)
        parts.append(left.split())
    telling = TELLING | {name for name in OTHER_LICENSES if not _is_of(name, ids)}
    told = [text for part in parts for text in _terms(part, telling)]
    strict = any(one.known.strict for one in held)
    stories = (part for part in parts if _tells_a_story(part) or (strict and set(part) & (STORY - IN_TITLES)))
    told += [" ".join(part[: SHOWN_BEFORE + SHOWN_AFTER]) for part in stories]
    words = [word for part in parts for word in part]
    return Surroundings(words=len(words), terms=tuple(told[:MOST_SHOWN]) or _too_much(words))


def _tells_a_story(words: list[str]) -> bool:
    few = max(FEW, len(words) // A_FEW_OF)
    return sum(word in STORY for word in words) > few or sum(word in FOREIGN for word in words) > few


def _too_much(words: list[str]) -> tuple[str, ...]:
    """Words that are more than names and titles, whatever they say."""
    letters = [word for word in words if not word.isascii()]
    if len(letters) > STRAY_LETTERS:
        return ("".join(letters[: SHOWN_BEFORE + SHOWN_AFTER]),)
    return (" ".join(words[: SHOWN_BEFORE + SHOWN_AFTER]),) if len(words) > MOST_WORDS else ()


def _gaps(length: int, held: tuple[Stretch, ...]) -> list[tuple[int, int]]:
    """The ranges of words around the held texts."""
    ends = [0, *(one.end for one in held)]
    begins = [*(one.begin for one in held), length]
    return [(begin, end) for begin, end in zip(ends, begins, strict=True) if begin < end]


def _unexplained(found: list[str], begin: int, end: int, covering: list[bytes]) -> Iterator[str]:
    """The words that are no title, end or repeated part of a held text."""
    explained = bytearray(end - begin)
    for flags in covering:
        run = begin
        for at in range(begin, end):
            if at < end - 1 and flags[at]:
                continue
            if at - run >= REPEATED:
                explained[run - begin : at - begin + 1] = b"\1" * (at - run + 1)
            run = at + 1
    for at in range(begin, end):
        if not explained[at - begin]:
            yield found[at]


def _names(ids: tuple[str, ...]) -> str:
    """The parts of the held licenses' names, as one pattern."""
    parts = {part for one in ids for part in re.split(r"[^a-z0-9]+", one) if part}
    parts |= {re.sub(r"^([a-z]+)-(\d).*", r"\1v\2", one) for one in ids if re.match(r"[a-z]+-\d", one)}  # gplv3
    return "|".join(sorted(map(re.escape, parts)))


def _which_license(known: str) -> re.Pattern[str]:
    """A sentence that says under which of the held licenses something is."""
    named = rf"(?:(?:{KINDS}|{known}|public|general|lesser|expat|x11)\b ?)+"
    it = r"(?:(?:this|the) (?:software|project|package|code|library|program|work)|it)"
    return re.compile(
        rf"\b(?:alternatively )?(?:{it} |you may use this \w+ )?"
        r"(?:(?:is|are) )?(?:also |dual |dually )?"
        r"(?:licensed(?: at your (?:choice|option) you may use it)?|released|available|made available|distributed|"
        rf"use this \w+)? ?under {named}|\b{it} uses {named}"
    )


def _title(known: str) -> re.Pattern[str]:
    """The name of a held license as a heading: "The MIT License (MIT)"."""
    named = rf"(?:(?:{TITLES}) )*(?:{known})(?: (?:{TITLES}|{known}))*"
    return re.compile(rf"\b{named}\b|^(?:the )?licenses?\b|\blicenses?(?: text)?$")


def _is_of(name: str, ids: tuple[str, ...]) -> bool:
    """Whether a word is part of a held license's own name."""
    return any(one.startswith(stem) for one in ids for stem in FAMILIES.get(name, (name.rstrip("v23"),)))


def _terms(words: list[str], telling: frozenset[str]) -> Iterator[str]:
    """The places where a term may stand, with some words before and after."""
    behind = 0
    for at, word in enumerate(words):
        if word in telling and at >= behind:
            behind = at + SHOWN_AFTER
            yield " ".join(words[max(0, at - SHOWN_BEFORE) : behind])
