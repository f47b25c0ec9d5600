"""Which packages the code in a repository says it needs: requirement lists, project tables and lock files."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.source import Source
from ossmodelkit.licensing.reading import read_text

LARGEST_FILE = 4 * 1024 * 1024
LONGEST_LINE = 2000
MOST_FILES = 20
MOST_NEEDS = 500
LISTS = re.compile(r"^([\w.-]*requirements[\w.-]*\.(txt|in)|pip[-_]freeze\.txt|freeze\.txt)$", re.I)
LIST_FOLDER = re.compile(r"(^|/)requirements/[\w.-]+\.(txt|in)$", re.I)
# What builds, tests and describes a program is no part of it.
NOT_OF_THE_PROGRAM = re.compile(r"(^|[-_./])(dev|devel|develop|test|tests|testing|docs?|lint|build|ci)([-_./]|$)", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A package that code needs: its normalized name (PEP 503), the version wanted, the file that says so."""

    name: str
    wanted: str = ""
    declared_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a repository's code needs. `problems` are (file, reason) pairs for what could not be read."""

    found: tuple[Need, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()


NONE = Needs()


def read(source: Source) -> Needs:
    """The packages every requirement list, project table and lock file names, each once, by name."""
    wanted: dict[str, Need] = {}
    problems: list[tuple[str, str]] = []
    files = [(entry.name, reader) for entry in source.inventory.entries if (reader := _reader(entry.name))]
    for name, reader in files[:MOST_FILES]:
        seen = read_text(source, name, LARGEST_FILE)
        if seen.problem:
            problems.append((name, seen.problem))
            continue
        try:
            named = sorted(_named(reader(seen.text), name), key=lambda need: need.name)
        except (ValueError, TypeError, AttributeError, RecursionError):
            problems.append((name, "it is not what its name says: the packages it names are not read"))
            continue
        for need in named:
            earlier = wanted.setdefault(need.name, need)
            if need.wanted and not earlier.wanted:
                wanted[need.name] = need
    if len(files) > MOST_FILES:
        problems.append((files[MOST_FILES][0], f"there are {len(files)} lists of packages, and {MOST_FILES} are read"))
    if len(wanted) > MOST_NEEDS:
        problems.append((files[0][0], f"{len(wanted)} packages are named, and {MOST_NEEDS} are looked up"))
    return Needs(found=tuple(sorted(wanted.values(), key=lambda n: n.name))[:MOST_NEEDS], problems=tuple(problems))


def _reader(path: str) -> Callable[[str], Iterable[str]] | None:
    base = path.rpartition("/")[2]
    if LISTS.match(base) or LIST_FOLDER.search(path):
        return None if NOT_OF_THE_PROGRAM.search(path) else _list
    return BY_NAME.get(base.lower())


def _named(lines: Iterable[str], declared_in: str) -> Iterator[Need]:
    """Requirements (PEP 508) as needs; a line that is none names nobody."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    for line in lines:
        try:
            one = Requirement(line)
        except InvalidRequirement:
            continue
        pins = [spec.version for spec in one.specifier if spec.operator in ("==", "===")]
        yield Need(name=canonicalize_name(one.name), wanted=pins[0] if len(pins) == 1 else "", declared_in=declared_in)


def _list(text: str) -> Iterator[str]:
    """pip's requirement format without its options; other lists that it includes are read on their own."""
    for line in text.replace("\\\n", " ").splitlines():
        bare = re.split(r"(?:^|\s)#|\s--", line[:LONGEST_LINE])[0].strip()
        egg = re.search(r"#egg=([\w.-]+)", line[:LONGEST_LINE])
        if egg:
            yield egg[1]
        elif bare and not bare.startswith("-"):
            yield bare


def _pyproject(text: str) -> Iterator[str]:
    table = tomllib.loads(text)
    yield from _texts(table.get("project", {}).get("dependencies", []))
    poetry = table.get("tool", {}).get("poetry", {}).get("dependencies", {})
    yield from (name for name in poetry if name.lower() != "python")


def _setup_cfg(text: str) -> Iterator[str]:
    from configparser import ConfigParser, Error  # here, as few repositories have such a file

    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except Error as error:
        raise ValueError(str(error)) from error
    return _list(parser.get("options", "install_requires", fallback=""))


def _pipfile(text: str) -> Iterator[str]:
    yield from tomllib.loads(text).get("packages", {})


def _pipfile_lock(text: str) -> Iterator[str]:
    for name, pin in json.loads(text).get("default", {}).items():
        yield name + str(pin.get("version", ""))


def _toml_lock(text: str) -> Iterator[str]:
    """poetry.lock, pdm.lock, uv.lock and pylock.toml (PEP 751): packages, without what only develops the program."""
    table = tomllib.loads(text)
    packages = [one for one in table.get("package", table.get("packages", [])) if isinstance(one.get("name"), str)]
    wanted = _reached_from_roots(packages)
    for one in packages:
        groups = {*_texts(one.get("groups", [])), str(one.get("category", ""))} - {""}
        if one["name"] in wanted and (not groups or groups & {"main", "default"}):
            version = one.get("version")
            yield one["name"] + (f"=={version}" if isinstance(version, str) else "")


def _reached_from_roots(packages: list[Mapping[str, Any]]) -> set[str]:
    """uv's lock holds the project itself, and what it needs at run time under it; other locks name no root."""
    needs = {one["name"]: one.get("dependencies", []) for one in packages}
    roots = {one["name"] for one in packages if {"virtual", "editable"} & set(one.get("source", {}))}
    if not roots:
        return set(needs)
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        below = {need["name"] for need in needs.get(waiting.pop(), []) if isinstance(need, dict) and "name" in need}
        waiting += below - reached
        reached |= below
    return reached - roots


def _texts(items: Any) -> Iterator[str]:
    return (item[:LONGEST_LINE] for item in items if isinstance(item, str))


BY_NAME: Mapping[str, Callable[[str], Iterable[str]]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "pipfile": _pipfile,
    "pipfile.lock": _pipfile_lock,
    "poetry.lock": _toml_lock,
    "pdm.lock": _toml_lock,
    "uv.lock": _toml_lock,
    "pylock.toml": _toml_lock,
}
