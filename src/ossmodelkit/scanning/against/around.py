"""What stands around the weights: settings, chat templates and the tokenizer, BASE against MODEL."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ossmodelkit.core.finding import Gap, Place
from ossmodelkit.core.source import Source, read_small
from ossmodelkit.formats import gguf, gguf_tensors, strict_json
from ossmodelkit.formats.reading import Blob
from ossmodelkit.foundation.errors import KitError
from ossmodelkit.scanning.against.changes import Difference, Vocabulary
from ossmodelkit.scanning.entry import Limits

LARGEST = 64 * 1024 * 1024
LONGEST_SHOWN = 200
SETTINGS = ("config.json", "generation_config.json", "tokenizer_config.json", "special_tokens_map.json")
TOKENIZERS = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model", "vocab.json", "vocab.txt")
TEMPLATES = ("chat_template.jinja", "chat_template.json")
# What every save writes anew and no loader computes with.
BY_THE_WAY = frozenset({"_name_or_path", "transformers_version", "use_cache", "tokenizer_class", "name_or_path"})
BY_THE_WAY |= {"dtype", "torch_dtype"}  # the tensors themselves tell
BY_THE_WAY_TOO = frozenset({"is_local", "local_files_only", "backend", "extra_special_tokens"})
PIECES = ("normalizer", "pre_tokenizer", "post_processor", "decoder", "truncation", "padding")
ABSENT = "—"


class Around:
    """Reads small files of both sides; what cannot be read is a gap. Mutable by nature."""

    def __init__(self, base: Source, tuned: Source) -> None:
        self.base = base
        self.tuned = tuned
        self.gaps: list[Gap] = []

    @property
    def have_tokenizers(self) -> bool:
        """Whether both sides come with a tokenizer; weights alone say nothing about one."""
        return all(self._has_one(source) for source in (self.base, self.tuned))

    def _has_one(self, source: Source) -> bool:
        return any(entry.name in TOKENIZERS for entry in source.inventory.payload)

    def both(self, name: str) -> tuple[Any, Any]:
        """A JSON file of base and model; None where it is absent or broken."""
        return self.json(self.base, name), self.json(self.tuned, name)

    def json(self, source: Source, name: str) -> Any:
        """A JSON file of one side."""
        try:
            data = read_small(source, name, LARGEST)
            entry = source.inventory.find(name)
            if data is None and entry is not None:
                self.gaps.append(Gap(at=Place(path=name), reason=f"in {source.ref}: too large to compare"))
            return None if data is None else strict_json.parse(data).value
        except KitError as error:
            self.gaps.append(Gap(at=Place(path=name), reason=f"in {source.ref}: {error.message}", remedy=error.hint))
            return None

    def head(self, source: Source, name: str) -> dict[str, tuple[str, object]] | None:
        """Digest and value of everything the head of a GGUF file says; None for a file that is none."""
        entry = source.inventory.find(name)
        if entry is None:
            return None
        with source.open(name) as stream:
            blob = Blob(at=Place(path=name), stream=stream, size=entry.size)
            return gguf_tensors.values(blob, Limits().budget()) if gguf.accepts(blob) else None

    def text(self, source: Source, name: str) -> str:
        """A small text file, empty where it is absent."""
        try:
            data = read_small(source, name, LARGEST)
        except KitError:
            return ""
        return "" if data is None else data.decode("utf-8", "replace")


def settings(around: Around) -> tuple[Difference, ...]:
    """Every setting that differs, except those that any save writes anew and the chat template."""
    found: list[Difference] = []
    for name in SETTINGS:
        base, tuned = around.both(name)
        if isinstance(base, dict) and isinstance(tuned, dict):
            found += _between(name, base, tuned)
    return tuple(found)


def head_settings(around: Around, base: str, tuned: str) -> tuple[Difference, ...]:
    """What the heads of two GGUF files say differently; nothing where one of the files is no GGUF."""
    before, after = around.head(around.base, base), around.head(around.tuned, tuned)
    if before is None or after is None:
        return ()
    nothing = ("", None)
    keys = [key for key in {**before, **after} if before.get(key, nothing)[0] != after.get(key, nothing)[0]]
    return tuple(
        Difference(file=tuned, what=key, base=_of_head(before.get(key)), tuned=_of_head(after.get(key))) for key in keys
    )


def _of_head(value: tuple[str, object] | None) -> str:
    if value is None:
        return ABSENT
    return _shown(value[1]) if value[1] is not None else f"a list, digest {value[0][:16]}…"


def _between(file: str, base: Mapping[str, Any], tuned: Mapping[str, Any], path: str = "") -> Iterator[Difference]:
    keys = [*base, *(key for key in tuned if key not in base)]
    for key in keys:
        if key in BY_THE_WAY or (file.startswith("token") and key in BY_THE_WAY_TOO) or key == "chat_template":
            continue
        one, other = base.get(key), tuned.get(key)
        if one == other:
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _between(file, one, other, f"{path}{key}.")
        else:
            yield Difference(file=file, what=f"{path}{key}", base=_shown(one), tuned=_shown(other))


def templates(around: Around) -> tuple[Difference, ...]:
    """Where a chat template differs, wherever it is kept: one difference, for the one that is used."""
    if not around.have_tokenizers:
        return ()
    base, tuned = (_template(around, source) for source in (around.base, around.tuned))
    if base == tuned:
        return ()
    return (Difference(file="chat template", what=_first_line(base, tuned), base=_shown(base), tuned=_shown(tuned)),)


def _template(around: Around, source: Source) -> str:
    """The template transformers takes: the file of its own before the tokenizer's settings."""
    if text := around.text(source, TEMPLATES[0]):
        return text.rstrip("\n")
    for name in (TEMPLATES[1], "tokenizer_config.json"):
        value = around.json(source, name)
        held = value.get("chat_template") if isinstance(value, dict) else None
        if held:
            return held.rstrip("\n") if isinstance(held, str) else json.dumps(held, sort_keys=True)
    return ""


def _first_line(base: str, tuned: str) -> str:
    if not base or not tuned:
        return "added" if tuned else "removed"
    pairs = zip(base.splitlines(), tuned.splitlines(), strict=False)
    number = next((at for at, (one, other) in enumerate(pairs, 1) if one != other), 0)
    return f"differs from line {number} on" if number else "goes on differently at its end"


def vocabulary(around: Around) -> Vocabulary:
    """The tokenizers' numbers for every token, and the pieces that cut text into tokens."""
    base, tuned = around.both("tokenizer.json")
    if not isinstance(base, dict) or not isinstance(tuned, dict):
        return Vocabulary()
    before, after = _numbers(base), _numbers(tuned)
    moved = tuple(token for token, number in before.items() if after.get(token) != number)
    return Vocabulary(
        added=tuple(token for token in after if token not in before),
        moved=moved,
        differences=tuple(_pieces(base, tuned)),
    )


def _numbers(tokenizer: Mapping[str, Any]) -> dict[str, int]:
    model = tokenizer.get("model")
    held = model.get("vocab") if isinstance(model, dict) else None
    found: dict[str, int] = {}
    if isinstance(held, dict):
        found = {token: number for token, number in held.items() if isinstance(number, int)}
    elif isinstance(held, list):  # unigram: (token, score) in the order of their numbers
        found = {str(pair[0]): at for at, pair in enumerate(held) if isinstance(pair, list) and pair}
    for one in tokenizer.get("added_tokens") or ():
        if isinstance(one, dict) and isinstance(one.get("id"), int):
            found[str(one.get("content"))] = one["id"]
    return found


def _pieces(base: Mapping[str, Any], tuned: Mapping[str, Any]) -> Iterator[Difference]:
    for piece in PIECES:
        if base.get(piece) != tuned.get(piece):
            shown = (_shown(base.get(piece)), _shown(tuned.get(piece)))
            yield Difference(file="tokenizer.json", what=piece, base=shown[0], tuned=shown[1])
    one, other = _merges(base), _merges(tuned)
    if one != other:
        at = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))
        what = f"merges from number {at} on"
        yield Difference(file="tokenizer.json", what=what, base=f"{len(one)} merges", tuned=f"{len(other)} merges")


def _merges(tokenizer: Mapping[str, Any]) -> list[str]:
    """Merges in the older writing, one text for a pair: both are around."""
    model = tokenizer.get("model")
    held = model.get("merges") if isinstance(model, dict) else None
    if not isinstance(held, list):
        return []
    return [" ".join(map(str, one)) if isinstance(one, list) else str(one) for one in held]


def _shown(value: Any) -> str:
    if value is None or value == "":
        return ABSENT
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
