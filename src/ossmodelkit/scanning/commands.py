"""Which commands of a script do more than train or convert a model.

A script is judged line by line, by the word that begins a command and, where the word alone tells too
little, by the whole line. What is on no list is strange.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import splitext

from ossmodelkit.scanning.tables import words

LISTS = {
    **dict.fromkeys(("sh", "bash", "zsh", "dash", "command"), "ordinary"),
    **dict.fromkeys(("bat", "cmd"), "batch"),
    "ps1": "powershell",
}
# Names in the working folder: nothing above it, nothing of the user's, nothing that a variable holds.
INSIDE = re.compile(r"""["']?(?!-)\.?/?\w(?:[\w*?/-]|\.(?!\.))*["']?""")
FETCH = re.compile(r"""https://([\w.-]+)/([\w./%+@=~-]+)(?:\?download=true)?""")
ENDS_A_COMMAND = re.compile(r"[|;&`<>]|\$\(|\.\.")
NO_COMMAND = re.compile(r"\w+\(\)|\w+=.*|[\w*|?.-]+\)")
IF = re.compile(
    r"(?:else\s*)?if\s+(?:/i\s+)?(?:not\s+)?(?:(?:exist|defined|errorlevel)\s+\S+"
    r"|\S+\s*==\s*\S+|\S+\s+(?:equ|neq|lss|leq|gtr|geq)\s+\S+)\s*",
    re.IGNORECASE,
)
ASSIGNMENTS = re.compile(r"(?:\w+\+?=(?:\([^()]*\)|\"[^\"]*\"|'[^']*'|\S*)\s*)+")


def is_judged(interpreter: str) -> bool:
    """Whether it is known what ordinary scripts for this interpreter consist of."""
    return interpreter in LISTS


def strange_commands(interpreter: str, text: str) -> Iterator[tuple[str, int]]:
    """Every command that no script for training or converting needs, with its line."""
    known = LISTS[interpreter]
    for word, line, number in WALKS[known](text):
        plain = word if known == "ordinary" else word.lower().removesuffix(".exe")
        if plain not in words("commands", known) and not _is_harmless(plain, line):
            yield word, number


def _is_harmless(word: str, line: str) -> bool:
    """Whether this line deletes inside the working folder only, or fetches data that a person could look at."""
    if ENDS_A_COMMAND.search(line):
        return False
    rest = line.split()[1:]
    if word in ("rm", "del", "rmdir"):
        return all(re.fullmatch(r"-\w+|/[sqf]", one, re.I) or INSIDE.fullmatch(one) for one in rest)
    if word not in ("wget", "curl"):
        return False
    fetched = [FETCH.fullmatch(one.strip("\"'")) for one in rest if "://" in one]
    others = [one for one in rest if "://" not in one and not one.startswith("-")]
    return (
        all(found and is_of(found[1], "data_hosts") and _is_data(found[2]) for found in fetched)
        and all(INSIDE.fullmatch(one) and (_is_data(one) or not splitext(one)[1]) for one in others)
        and not any(re.match(r"-(d|F|T|X|-data|-form|-upload|-post|-config|K)", one) for one in rest)
    )


def is_of(host: str, hosts: str) -> bool:
    """Whether a host is one of those on the list, or below one."""
    return any(host == one or host.endswith(f".{one}") for one in words("commands", hosts))


def _is_data(name: str) -> bool:
    return splitext(name.strip("\"'"))[1].lower() in words("commands", "data_endings")


def _shell(text: str) -> Iterator[tuple[str, str, int]]:
    """The first word of every line that begins a command, and the line."""
    continued = False
    here = ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        was_continued, continued = continued, stripped.endswith("\\")
        if here:
            here = "" if stripped == here else here
            continue
        if was_continued or not stripped or stripped.startswith("#") or stripped[0] in ")}({\"'-":
            continue
        opened = re.search(r"<<-?\s*[\"']?(\w+)", stripped)
        here = opened.group(1) if opened else ""
        command = ASSIGNMENTS.sub("", stripped, count=1) if ASSIGNMENTS.match(stripped) else stripped
        first = command.split()[0].rstrip(";") if command else ""
        if first and not first.startswith("$") and not NO_COMMAND.fullmatch(first):
            yield first, command + (" ;" if continued else ""), number


def _batch(text: str) -> Iterator[tuple[str, str, int]]:
    """The same for batch files, also behind the conditions of `if` and in the body of `for`."""
    for number, line in enumerate(text.splitlines(), 1):
        for part in re.split(r"[&|]+|\bdo\b", line.strip()):
            one = IF.sub("", part.strip().lstrip("@( ")).lstrip("@( ")
            if one and one[0] not in ":)":
                yield re.split(r"[\s(.:=/]", one)[0], one, number


def _powershell(text: str) -> Iterator[tuple[str, str, int]]:
    """What begins a statement, every word of the form Verb-Noun, and whatever leads to .NET or runs a value."""
    for number, line in enumerate(re.sub(r"<#.*?#>", "", text, flags=re.DOTALL).splitlines(), 1):
        bare = re.sub(r"'[^']*'", "''", line.partition("#")[0].strip())
        if found := re.search(r"::|&\s*[$(]|\.\s*[$(]|\.\w+\(", bare):
            yield found.group(), bare, number
        for cmdlet in re.findall(r"\b[A-Za-z]+-[A-Za-z]+\b(?=\s|$|\))", re.sub(r"\s-\w[\w-]*", " ", bare)):
            yield cmdlet, bare, number
        for part in re.split(r"[|;{}]+", re.sub(r"^\$\w+\s*\+?=", "", bare)):
            first = re.match(r"\s*([A-Za-z][\w.-]*)", part)
            if first:
                yield first[1], part, number


WALKS = {"ordinary": _shell, "batch": _batch, "powershell": _powershell}
