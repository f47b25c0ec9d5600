"""What a release plan contains, as the duties ask for it: strings, files and enforceable terms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from ossmodelkit.licensing import facts
from ossmodelkit.licensing.case import Case, Part

RESTRICTS = re.compile(
    r"use.{0,10}(restrict|polic)|restrict.{0,10}use|prohibit|acceptable use|\baup\b|attachment a|exhibit a|"
    r"enforceable|paragraph 5|section 3\.2|§ ?3\.2",
    re.I,
)
CHANGED = re.compile(
    r"(?<!un)modif|(?<!un)chang|fine-?\s?tun|quanti[sz]|\bmerg(e|ed|ing)\b|adapted|derived|derivative|"
    r"trained (from|on|with)|converted|pruned|distilled|abliterat|alter(ed|ation)",
    re.I,
)
LICENSE_FILE = re.compile(r"(^|[-_./])(licen[cs]e|copying|model_licen[cs]e|terms|agreement)([-_./]|$)", re.I)
PLAIN_LICENSE = re.compile(r"^(licen[cs]e|copying|licen[cs]e-model|model[-_]licen[cs]e)(\.(txt|md|rst))?$", re.I)
NOT_TELLING = re.compile(r"licen[cs]e|copying|model|weights|terms|agreement|\.(txt|md|rst)$")
BUNDLE = re.compile(r"third[-_ ]?party|(^|/)licenses(\.(txt|md))?$", re.I)
FOLDER = re.compile(r"(.*/)?licen[cs]es/[^/]+", re.I)
NOTICE_FILE = re.compile(r"^notices?(\.(txt|md))?$", re.I)
POLICY_FILE = re.compile(r"polic|acceptable[-_ ]?use|prohibited", re.I)


def same_text(text: str) -> str:
    """A string as notices are compared: NFKC, one blank between words, © as (c), plain quotes."""
    folded = unicodedata.normalize("NFKC", text).replace("©", "(c)").replace("(C)", "(c)")
    folded = folded.replace("“", '"').replace("”", '"').replace("’", "'")
    return " ".join(folded.split())


def contains(places: Iterable[str], wanted: str) -> bool:
    """Whether a place holds the exact string, apart from blanks, quotes and how © is written."""
    needle = same_text(wanted).rstrip(".")
    return any(needle in same_text(place) for place in places)


def find_pattern(case: Case, text: str) -> str:
    """Where the release says `text`, in which NUL stands for any words; empty for nowhere."""
    pattern = re.compile(r".{1,200}?".join(re.escape(same_text(piece).rstrip(".")) for piece in text.split("\0")), re.I)
    plan = case.release
    if plan is None:
        return ""
    for name, places in (
        ("readme", plan.readme_contains),
        ("notice", plan.notice_contains),
        ("ui", plan.ui_contains),
    ):
        if any(pattern.search(same_text(place)) for place in places):
            return name
    return ""


def says_changed(case: Case, part: Part) -> str:
    """Where the release says that files of a part were changed; empty for nowhere its license wants it."""
    plan = case.release
    if plan is None:
        return ""
    wanted = part.terms.says("modified_files_notice", "places", ("notice", "readme", "files"))
    for name, places in (("notice", plan.notice_contains), ("readme", plan.readme_contains)):
        told = (re.sub(r"modified[- ]mit", "", place, flags=re.I) for place in places)
        if name in wanted and any(map(CHANGED.search, told)):
            return name
    files = plan.files if "files" in wanted else ()
    return next((file for file in files if re.search(r"change|modif", file.rpartition("/")[2], re.I)), "")


def file_for(case: Case, part: Part) -> str:
    """The file that carries the text of a part's license; empty when there is none."""
    files = case.release.files if case.release else ()
    return next((file for file in files if _holds_text(case, part, file)), "")


def _holds_text(case: Case, part: Part, file: str) -> bool:
    base = file.rpartition("/")[2]
    if PLAIN_LICENSE.match(base) and "/" not in file:
        return _own_license_is(case, part)
    if BUNDLE.search(file) and not NOTICE_FILE.match(base):
        return True
    if FOLDER.match(file):
        return _names(file.rpartition("/")[2], part)
    return bool(LICENSE_FILE.search(file)) and (_names(file, part) or _is_spare(file, part))


def _own_license_is(case: Case, part: Part) -> bool:
    """Whether the release's own LICENSE is that of the part; a plan without a license has its only parent's."""
    if case.release_terms is None:
        return {p.terms.id for p in case.covering} == {part.terms.id}
    return case.release_terms.id in (part.terms.id, part.terms.says("include_license_text", "text_of"))


def _names(file: str, part: Part) -> bool:
    letters = re.sub(r"[^a-z0-9.]+", "", file.lower())
    said = part.terms.says
    names = [part.terms.id, said("include_license_text", "text_of"), said("ids", "spdx")]
    names += said("ids", "license_names", ())
    words = {re.sub(r"[^a-z0-9.]+", "", str(name).lower()) for name in names if name}
    brand = _brand(part.terms.id)
    if brand and brand not in ("modified", "open"):
        words.add(brand)
    return any(word in letters for word in words if len(word) >= 3)


def _is_spare(file: str, part: Part) -> bool:
    """Whether it is a further license file whose name points to no other license: LICENSE-UPSTREAM, base/LICENSE."""
    told = facts.fold(" ".join(re.findall(r"[a-z0-9]+", NOT_TELLING.sub(" ", file.lower()))))
    if re.match(r"(code|data|docs?)", told):
        return False
    if re.match(r"cc\b", told):
        return part.terms.id.startswith("cc-")
    return _brand(told) not in _brands() and not facts.find(told).id


def _brand(name: str) -> str:
    found = re.match(r"[a-z]{3,}", facts.fold(name))
    return found[0] if found else ""


@cache
def _brands() -> frozenset[str]:
    return frozenset(map(_brand, facts.ids())) - {""}


def notice_file(case: Case) -> str:
    """The release's NOTICE file; empty when there is none."""
    files = case.release.files if case.release else ()
    return next((file for file in files if NOTICE_FILE.match(file.rpartition("/")[2])), "")


def policy_file(case: Case) -> str:
    """A use policy that travels with the release; empty when there is none."""
    files = case.release.files if case.release else ()
    return next((file for file in files if POLICY_FILE.search(file)), "")


def binds_recipients(case: Case, part: Part) -> str:
    """How the use restrictions of a part bind whoever receives the model; empty when they do not."""
    plan = case.release
    if plan is None:
        return ""
    if case.release_terms is not None and case.release_terms.id == part.terms.id:
        return f"released under {part.terms.id}"
    named = (part.terms.id, part.terms.name.lower())
    for clause in plan.agreement_contains:
        if RESTRICTS.search(clause) or any(name in clause.lower() for name in named):
            return f"agreement: {clause[:80]}"
    return ""


def carries_terms(case: Case, part: Part) -> bool:
    """Whether the release passes a covered teacher's or base's terms on."""
    if case.release_terms is not None and case.release_terms.id == part.terms.id:
        return True
    restricted = part.terms.says("use_restrictions", "pass_on_kind") == "enforceable"
    return restricted and bool(binds_recipients(case, part))
