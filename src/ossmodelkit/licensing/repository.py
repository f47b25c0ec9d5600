"""Everything in a repository that speaks about its license, read once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ossmodelkit.core.artifact import EntryKind
from ossmodelkit.core.lineage import Parent, Relation
from ossmodelkit.core.source import Source
from ossmodelkit.licensing import card as cards
from ossmodelkit.licensing import metadata, parents, requirements
from ossmodelkit.licensing.identify import Identity, identify
from ossmodelkit.licensing.reading import Read, read_text

LICENSE_FILE = re.compile(
    r"^(un)?(licen[cs]e|copying|model[-_]?licen[cs]e|licen[cs]e[-_]model|[\w.+-]*[-_.]licen[cs]e|licen[cs]e[-_.][\w.+-]*"
    r"|copying[-_.]\w*|modelscommunitylicenseagreement|[\w-]*licen[cs]e[-_]?agreement[\w-]*)(\.(txt|md|rst|pdf))?$",
    re.I,
)
NOTICE_FILE = re.compile(r"^(notice|third[-_ ]?party[\w-]*)(\.(txt|md))?$", re.I)
POLICY_FILE = re.compile(
    r"^(use|usage|acceptable[-_]?use|prohibited[-_]?use)[-_]?(policy)?(\.(txt|md))?$|[-_]use[-_]policy\.", re.I
)
FOR_CODE = re.compile(r"code|src|script", re.I)
SPDX_HEADER = re.compile(r"SPDX-License-Identifier:\s*([\w.+() -]{1,100})")
MOST_FILES = 60
MOST_SCRIPTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseFile:
    """A license file and what its text is."""

    read: Read
    identity: Identity
    covers: str = "model"

    @property
    def name(self) -> str:
        """Its path in the repository."""
        return self.read.name


@dataclass(frozen=True, kw_only=True)
class Repository:
    """What was found. `problems` are (file, reason) pairs for what could not be read."""

    name: str
    files: tuple[str, ...]
    card: cards.Card
    card_name: str = ""
    licenses: tuple[LicenseFile, ...] = ()
    notices: tuple[Read, ...] = ()
    policies: tuple[str, ...] = ()
    parents: tuple[Parent, ...] = ()
    told: tuple[metadata.Told, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    needs: requirements.Needs = requirements.NONE
    config: dict[str, Any] = field(default_factory=dict)
    problems: tuple[tuple[str, str], ...] = ()

    @cached_property
    def multimodal(self) -> bool:
        """Whether the config speaks of pictures or sound beside text."""
        keys = {
            "vision_config",
            "audio_config",
            "image_token_id",
            "image_token_index",
            "vision_tower",
            "mm_vision_tower",
        }
        return bool(keys & self.config.keys())

    @cached_property
    def kind(self) -> str:
        """A word for what kind of model it is; empty when the config does not tell."""
        named = " ".join(map(str, self.config.get("architectures") or ()))
        if self.multimodal:
            return "vlm"
        return "text-llm" if re.search(r"CausalLM|LMHead|ConditionalGeneration", named) else ""


def read(source: Source, *, license_text: str = "") -> Repository:
    """Read a repository; `license_text` names a file inside it that is the license, whatever it is called."""
    entries = [entry for entry in source.inventory.entries if entry.kind is EntryKind.FILE]
    names = tuple(entry.name for entry in source.inventory.entries)
    card_name = next((name for name in names if name.lower() in ("readme.md", "readme")), "")
    card, problems = _card(source, card_name)
    told, unread = metadata.read(source)
    needs = requirements.read(source)
    links = [entry.name for entry in source.inventory.entries if entry.kind is not EntryKind.FILE]
    found = _license_files(source, [*(entry.name for entry in entries), *links], license_text, card.license_link)
    return Repository(
        name=source.ref.rstrip("/").rpartition("/")[2] or source.ref,
        files=names,
        card=card,
        card_name=card_name,
        licenses=found,
        notices=tuple(read_text(source, n) for n in names if NOTICE_FILE.match(n.rpartition("/")[2]))[:MOST_FILES],
        policies=tuple(name for name in names if POLICY_FILE.search(name.rpartition("/")[2])),
        parents=_parents(source, card, told),
        told=told,
        headers=_headers(source, names),
        needs=needs,
        config=_config(source),
        problems=(*problems, *unread, *needs.problems),
    )


def _card(source: Source, name: str) -> tuple[cards.Card, tuple[tuple[str, str], ...]]:
    if not name:
        return cards.Card(), ()
    seen = read_text(source, name)
    if seen.problem:
        return cards.Card(problem=seen.problem), ((name, seen.problem),)
    card = cards.parse(seen.text)
    return card, ((name, card.problem),) if card.problem else ()


def _license_files(source: Source, names: list[str], chosen: str, linked: str) -> tuple[LicenseFile, ...]:
    wanted = [n for n in names if LICENSE_FILE.match(n.rpartition("/")[2]) and not _is_weights(n)]
    wanted += [n for n in names if n in (chosen, linked.rpartition("/")[2]) and n and n not in wanted]
    found = []
    seen: dict[str, Identity] = {}
    for name in sorted(wanted, key=lambda n: (n.count("/"), n))[:MOST_FILES]:
        text = read_text(source, name)
        if text.problem:
            identity = Identity(result="unresolved", why=text.problem)
        else:
            identity = seen.setdefault(text.text, identify(text.text))
        found.append(LicenseFile(read=text, identity=identity, covers=_covers(name)))
    return tuple(found)


def _is_weights(name: str) -> bool:
    return name.endswith((".safetensors", ".bin", ".gguf", ".json", ".py"))


def _covers(name: str) -> str:
    folder, _, base = name.rpartition("/")
    if FOR_CODE.search(base):
        return "code"
    return f"folder {folder}" if folder else "model"


def _parents(source: Source, card: cards.Card, told: tuple[metadata.Told, ...]) -> tuple[Parent, ...]:
    named = list(parents.of(source, card))
    for one in metadata.parents(told):
        ref = re.sub(r"^https?://(huggingface\.co|hf\.co)/", "", one.value).strip("/")
        if parents.names_a_model(ref):
            named.append(Parent(ref=ref, relation=Relation.UNKNOWN, declared_in=one.file))
    for one in told:
        if re.fullmatch(r"general\.(datasets|dataset\.\d+\.repo_url)", one.key):
            ref = re.sub(r"^https?://(huggingface\.co|hf\.co)/datasets/", "", one.value).strip("/")
            named.append(Parent(ref=ref, relation=Relation.DATASET, declared_in=one.file))
    return tuple(dict.fromkeys(replace(parent, ref=parent.ref[:200]) for parent in named))


def _headers(source: Source, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for name in [n for n in names if n.endswith(".py")][:MOST_SCRIPTS]:
        hit = SPDX_HEADER.search(read_text(source, name).text[:4000])
        if hit:
            found.append((name, hit[1].strip()))
    return tuple(found)


def _config(source: Source) -> dict[str, Any]:
    try:
        loaded = json.loads(read_text(source, "config.json", parents.LARGEST_CONFIG).text or "{}")
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
