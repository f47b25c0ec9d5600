"""The packages that code in a repository needs, their licenses, and whether they go with the code's own.

A package that is only named is not handed on: its license binds whoever installs it and never reaches the
weights, so a pair that may not become one program is a warning. One that lies in the repository is shipped,
and judged with everything else that goes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ossmodelkit.core.license import Issue, Level
from ossmodelkit.licensing import code_pairs, expressions
from ossmodelkit.licensing.requirements import Needs
from ossmodelkit.licensing.situation import Component
from ossmodelkit.licensing.spdx_expressions import alternatives, canonical

WORST_FIRST = ("No", "Check dependency", "Unknown", "", "Yes", "Same")
# Copyleft of files and libraries ends where the code begins that links them, unless that code is itself under the GPL.
STAYS_INSIDE = ("LGPL-", "MPL-", "EPL-", "CDDL-")
REACHES_ALL = ("GPL-", "AGPL-")
SHIPPED = re.compile(r"(?:^|/)(?:([\w.-]+)/__init__\.py|([A-Za-z0-9_.]+)-\d[\w.!+-]*\.(?:whl|tar\.gz))$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A package as it is installed here. `license` is an SPDX expression, or empty where nothing names one text."""

    license: str = ""
    version: str = ""


LookUp = Callable[[str], Installed | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A package that code needs. `license` is an SPDX expression; empty where it could not be resolved here.

    The license is that of `version`, which is installed here; `wanted` is the version the repository pins.
    """

    name: str
    declared_in: str
    license: str = ""
    version: str = ""
    wanted: str = ""
    shipped: bool = False


def nothing_installed(name: str) -> Installed | None:
    """No package at all, for an audit that looks nowhere."""
    return None


def resolve(needs: Needs, files: Iterable[str], look_up: LookUp) -> tuple[Dependency, ...]:
    """Each need with what its installed package says; a name that is not installed stays unresolved."""
    inside = {(hit[1] or hit[2]).lower().replace("_", "-") for name in files if (hit := SHIPPED.search(name))}
    found = []
    for need in needs.found:
        here = look_up(need.name) or Installed()
        found.append(
            Dependency(
                name=need.name,
                declared_in=need.declared_in,
                license=here.license,
                version=here.version,
                wanted=need.wanted,
                shipped=need.name in inside,
            )
        )
    return tuple(found)


def shipped(dependencies: Iterable[Dependency]) -> list[Component]:
    """Those whose code lies in the repository, as components of the release."""
    return [
        Component(role="dependency", name=one.name, license=one.license, linked=True, modified=False)
        for one in dependencies
        if one.shipped and one.license and not expressions.resolve(one.license).issue
    ]


def issues(code: Iterable[Component], dependencies: Iterable[Dependency]) -> Iterator[Issue]:
    """A warning for each named package that may not be part of one program with the code of the repository."""
    named = [one for one in dependencies if one.license and not one.shipped]
    for part in code if named else ():
        words = (part.license,) if isinstance(part.license, str) else part.license or ()
        for word in filter(None, map(canonical, words)):
            yield from (_incompatible(part.name, word, one) for one in named if together(word, one.license) == "No")


def _incompatible(label: str, outer: str, one: Dependency) -> Issue:
    return Issue(
        id="license-code-incompatible",
        level=Level.WARN,
        components=(label, one.name),
        why=f"code under {outer} needs {one.name} {one.version} under {one.license} (named in {one.declared_in}): "
        "the two may not be handed on as one program",
        fix="use another package, or put the code under terms that fit; the weights keep their own license",
    )


def together(outer: str, inner: str) -> str:
    """OSADL's answer for code that takes in code: the best of what an OR offers, the worst of what an AND asks."""
    answers = (
        min((_pair(one, other) for one in outers for other in inners), key=WORST_FIRST.index)
        for outers in alternatives(outer)
        for inners in alternatives(inner)
    )
    return max(answers, key=WORST_FIRST.index, default="")


def _pair(outer: str, inner: str) -> str:
    if inner.startswith(STAYS_INSIDE) and not outer.startswith(REACHES_ALL):
        return "Yes"
    said = code_pairs.answer_to(outer, inner)
    bare, _, exception = inner.partition(" WITH ")
    if said or not exception:
        return said
    said = code_pairs.answer_to(outer, bare)
    return "Unknown" if said == "No" else said  # an exception only loosens
