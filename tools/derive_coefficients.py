"""Derive configs/coefficients/*.json by tracing tiny models: `python -m tools.derive_coefficients [FAMILY…]`.

`--again WORDS FAMILY…` traces only what a file lacks and the variants that have these words, such as frozen/keep.

Nothing is fitted: every allocation of a step of three blocks is recorded as a product of the model's
sizes, so the shipped numbers are exact for every other shape. Takes about two minutes a family on one core.
"""

from __future__ import annotations

import itertools
import json
import logging
import sys
import tomllib
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ossmodelkit.estimating.options import Attention, Autocast, Dtype, Loss, Method, Quantize, StepOptions
from ossmodelkit.foundation.resources import config as shipped
from tools.fold_blocks import folded

PRECISIONS = {
    "16": (Dtype.BF16, Autocast.NONE),
    "32": (Dtype.FP32, Autocast.NONE),
    "32-autocast": (Dtype.FP32, Autocast.BF16),
    "16-autocast": (Dtype.BF16, Autocast.BF16),
    "fp16-autocast": (Dtype.FP16, Autocast.BF16),
}
FP16 = {"fp16": (Dtype.FP16, Autocast.NONE)}  # experts multiply differently in bf16, where a card does it at once
MIXED = {"mixed": (Dtype.FP16, Autocast.NONE)}  # under adapters in bf16: their sums are in fp32
ATTENTIONS = {
    "sdpa": {"attention": Attention.SDPA},
    "sdpa-padded": {"attention": Attention.SDPA, "padded": True},
    "sdpa-window": {"attention": Attention.SDPA},
    "eager": {"attention": Attention.EAGER},
    "eager-padded": {"attention": Attention.EAGER, "padded": True},
    "varlen": {"attention": Attention.VARLEN},
}


IMAGE_ACROSS = 36  # patches a side of the tiny image


class Table:
    """Things by number, each kept once."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.items: list[Any] = []
        self._at: dict[str, int] = {}
        for item in items:
            self.number(item)

    def number(self, item: Any) -> int:
        """The number of `item`."""
        key = json.dumps(item)
        if key not in self._at:
            self._at[key] = len(self.items)
            self.items.append(item)
        return self._at[key]


def families() -> dict[str, Any]:
    """The table of families."""
    return tomllib.loads(shipped("coefficients", "families.toml").read_text())


def with_twins() -> dict[str, Any]:
    """The families and the twins that they name."""
    rules = {"mha": "A", "mqa": "1"}
    known = families()
    return known | {
        f"{name}_{twin}": with_key_heads(family, rules[twin])
        for name, family in known.items()
        for twin in family.get("twins", ())
    }


def tiny(family: dict[str, Any], *, gate: str | bool | None = None) -> tuple[dict[str, Any], dict[str, int]]:
    """A configuration of distinct sizes, and what each letter stands for in it."""
    from ossmodelkit.trainer.tracing_symbols import SYMBOLS

    value = {name: size for name, (size, _) in SYMBOLS.items()}
    across = IMAGE_ACROSS
    if family["task"] == "image-classification":
        value["T"] = across * across + 1
    else:
        del value["p"], value["c"]
    derived = family.get("derived", {})
    if derived.get("K") == "A":
        value.pop("K"), value.pop("F")
        heads = value.pop("G")
        value["A"] = heads
    elif derived.get("K") == "1":
        value.pop("K")
        heads = value["G"]
    else:
        heads = value["K"] * value["G"]
    if "D" in derived:
        value["H"] = heads * value["D"]
    shared = 1 if derived.get("K") == "1" else heads
    blocks = 4 if family.get("sums_over_blocks") else 3
    sizes = {**value, "A": heads, "K": value.get("K", shared), "L": blocks, "N": blocks}
    out: dict[str, Any] = {"model_type": family["types"][0]}
    for letter, key in family["fields"].items():
        out[key] = sizes[letter]
    if family["task"] == "image-classification":
        out |= {"image_size": across * value["p"]}
    if "X" not in family["fields"]:
        out["max_position_embeddings"] = 8192
    out |= {
        "pad_token_id": 0,
        "decoder_start_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "tie_word_embeddings": family["tied"],
    }
    for key in [key for key, item in family.get("trace", {}).items()]:
        out[key] = family["trace"][key] or None
    if gate is not None:
        ((key, _),) = family["gates"].items()
        out[key] = gate
    return out, value


def with_key_heads(family: dict[str, Any], rule: str) -> dict[str, Any]:
    """A twin: as many key heads as query heads (`A`: nothing is repeated), or one (`1`: repeating is a view)."""
    return family | {"derived": family.get("derived", {}) | {"K": rule}}


def letters_for(value: dict[str, int], family: dict[str, Any]) -> Any:
    """The reader of sizes for a tiny configuration."""
    from ossmodelkit.trainer import tracing_symbols as symbols

    tokens, both = value["T"], value["S"]
    batch = value["B"]
    nearly = {tokens + 1: "T", tokens - 1: "T", both + 1: "S", both - 1: "S"}
    nearly |= {batch * tokens + 1: "B T", batch * tokens - 1: "B T", batch * (tokens - 1): "B T"}
    learned = batch * (tokens - (family["task"] == "causal-lm"))
    nearly |= {learned - value["R"]: "W"}
    if family["task"] == "image-classification":
        nearly |= {IMAGE_ACROSS: "m", tokens: "T"}
    if "D" in family.get("derived", {}):  # then the hidden size is heads times their width
        value = {name: size for name, size in value.items() if name != "H"}
    reader = symbols.Letters(value, nearly)
    if "A" in value:
        reader.primes[17] = "A"
    if family["task"] == "image-classification":
        reader.primes[tokens] = "T"  # 36 x 36 patches and one more: 1297 is a prime too
    return reader


def methods_of(family: dict[str, Any]) -> list[str]:
    """What is recorded: all weights learn, none does, a prompt does; with experts, also whole LoRA.

    peft gives experts adapters of their own kind, which cannot be laid around a linear layer afterwards.
    """
    adapted = "E" in family["fields"] and not family.get("plain_experts")
    recorded: list[str] = family.get("methods", ["full", "frozen", "prompt"])
    return recorded + (["lora-fp32", "lora-bf16"] if adapted else [])


def variants(family: dict[str, Any], *, tied: bool) -> list[dict[str, Any]]:
    """Every variant of a family that is traced, as keyword arguments and a key."""
    attentions = [
        name
        for name in ATTENTIONS
        if name.split("-")[0] in family.get("attention", ["sdpa", "eager", "varlen"])
        and (name != "sdpa-window" or "window" in family)
        and not (family["task"] == "image-classification" and "padded" in name)
    ]
    out = []
    precisions = PRECISIONS | FP16 if "E" in family["fields"] else PRECISIONS
    for method, precision, attention, saving in itertools.product(
        methods_of(family), precisions, attentions, (False, True)
    ):
        if method == "prompt" and attention == "varlen":
            continue
        key = f"{method}/{precision}/{attention}/{'recompute' if saving else 'keep'}"
        out.append({"key": key, "method": method, "precision": precision, "attention": attention, "saving": saving})
    return out


def options_for(variant: dict[str, Any], value: dict[str, int], loss: Loss) -> StepOptions:
    """The options behind a variant."""
    from ossmodelkit.trainer.tracing_symbols import PROMPT_TOKENS, SYMBOLS

    dtype, autocast = (PRECISIONS | FP16)[variant["precision"]]
    name, _, adapter = variant["method"].partition("-")
    return StepOptions(
        method={"prompt": Method.PROMPT, "lora": Method.LORA}.get(name, Method.FULL),
        rank=SYMBOLS["r"][0],
        batch=value["B"],
        seq=value["T"],
        dtype=dtype,
        autocast=autocast,
        adapter_dtype=Dtype(adapter or "fp32"),
        checkpointing=variant["saving"],
        loss=loss,
        prompt_tokens=PROMPT_TOKENS,
        **ATTENTIONS[variant["attention"]],  # type: ignore[arg-type]
    )


def segments(tape: Any, reader: Any, sizes: Table) -> list[tuple[str, list[Any]]]:
    """The tape cut at its marks; allocations as numbers of sizes, linear layers as lists."""
    out: list[tuple[str, list[Any]]] = []
    entry = {number: sizes.number(list(reader.read(*size))) + 1 for number, size in tape.sizes.items()}
    freed: dict[int, tuple[int, int]] = {}
    waiting: list[tuple[list[Any], int, int]] = []
    for event in tape.events:
        if event[0] == "segment":
            out.append((event[1], []))
        elif event[0] == "+":
            out[-1][1].append(entry[event[1]])
        elif event[0] == "-":
            freed[event[1]] = (len(out), len(out[-1][1]))
            out[-1][1].append(-entry[event[1]])
        elif event[0] == "F":
            mark = ["F", event[1], entry.get(event[2], 0), entry.get(event[3], 0), -1]
            waiting.append((mark, event[2], len(out)))
            out[-1][1].append(mark)
        elif event[0] == "stop":
            out[-1][1].append(["S"])
        elif event[0] == "G":
            out[-1][1].append(["G", event[1], entry.get(event[3], 0)])
    for mark, number, segment in waiting:
        place = freed.get(number)
        if place and place[0] == segment:
            mark[4] = place[1]
    return out


def is_block(name: str) -> bool:
    """Whether a segment belongs to a block (either direction)."""
    return name.split(".")[1:2] != ["after"] and name.split(".")[1:2] != ["before"] and name[0].isdigit()


def parameters(model: Any, reader: Any, *, learning: bool = False) -> list[Any]:
    """Names and shapes in letters; `{}` stands for the number of the block, the middle block speaks for all."""
    from ossmodelkit.trainer import tracing_model as models

    stacks = [name for name, module in model.named_modules() if module in models.block_lists(model)]
    out = []
    for name, parameter in model.named_parameters():
        if learning and not parameter.requires_grad:
            continue
        stack = next((at for at, prefix in enumerate(stacks) if name.startswith(f"{prefix}.")), None)
        shown, inner = name, None
        if stack is not None:
            number, _, rest = name.removeprefix(f"{stacks[stack]}.").partition(".")
            number = _of_three(number, models.block_lists(model)[stack])
            if not number:
                continue
            inner = f"{stack}.{number}"
            shown = f"{stacks[stack]}.{{}}.{rest}"
        shape = [list(reader.read((side,), 1, side)) for side in parameter.shape]
        out.append([shown, inner, shape])
    return out


def linears(model: Any) -> dict[str, list[Any]]:
    """Linear layers inside blocks: `stack.name` to [kind, inputs, outputs] as plain numbers."""
    from transformers.pytorch_utils import Conv1D

    from ossmodelkit.trainer import tracing_model as models
    from ossmodelkit.trainer.tracing_tapes import LINEAR

    out: dict[str, list[Any]] = {}

    def note(key: str, module: Any) -> None:
        conv = isinstance(module, Conv1D)
        inside, outside = tuple(module.weight.shape) if conv else tuple(module.weight.shape)[::-1]
        out[key] = ["conv1d" if conv else "linear", inside, outside]

    for stack, blocks in enumerate(models.block_lists(model)):
        for at, block in enumerate(blocks):
            number = _of_three(str(at), blocks)
            for name, module in block.named_modules() if number else ():
                if isinstance(module, LINEAR):
                    note(f"{stack}.{number}:{name}", module)
    for name, module in models.outer_linears(model):
        note(f"outer:{name}", module)
    return out


def _of_three(number: str, blocks: Any) -> str:
    """The number of a block among three, where four were recorded; nothing for the one that is left out."""
    return {"2": "", "3": "2"}.get(number, number) if len(blocks) == 4 else number


def starting(family: dict[str, Any], variant: dict[str, Any]) -> tuple[str, ...]:
    """Where the first block may begin to learn late; masks and packing change nothing about that.

    Recomputing makes the embedding's output need a gradient anyway.
    """
    if variant["method"] != "frozen" or variant["saving"] or variant["attention"] not in ("sdpa", "eager"):
        return ()
    return tuple(family.get("starts", ()))


def derive(name: str, family: dict[str, Any], *, only: str = "", kept: dict[str, Any] | None = None) -> dict[str, Any]:
    """Everything that is shipped for one family; what `kept` holds already is not traced again."""
    from ossmodelkit.trainer import chunked_loss, tracing_tapes
    from ossmodelkit.trainer.tracing_symbols import SYMBOLS

    known = kept or {}
    sizes, parts = Table(known.get("sizes", ())), Table(known.get("segments", ()))
    bodies, starts, ends, shapes, layers = (
        dict(known.get(shelf, {})) for shelf in ("bodies", "starts", "ends", "parameters", "linears")
    )
    chunked_loss.LOGITS_AT_ONCE = SYMBOLS["R"][0] * SYMBOLS["V"][0]
    sums = family.get("sums_over_blocks", False)
    losses = [Loss(item) for item in family.get("loss", ["full", "chunked"])]
    for gate in next(iter(family.get("gates", {}).values()), [None]):
        config, value = tiny(family, gate=gate)
        reader = letters_for(value, family)
        mark = f"{gate}/" if gate is not None else ""
        for variant in variants(family, tied=family["tied"]):
            key = mark + variant["key"]
            if only and not key.startswith(only):
                continue
            learns_head = variant["method"] == "full"  # a resting head is the same, tied or not
            for loss, tied in itertools.product(losses, (True, False) if learns_head else (family["tied"],)):
                saving = "recompute" if variant["saving"] else "keep"
                tie = ("tied" if tied else "untied") if learns_head else "any"
                end_key = f"{mark}{variant['method']}/{variant['precision']}/{saving}/{loss}/{tie}"
                first = key not in bodies
                new_end = end_key not in ends and variant["attention"] in ("sdpa", "eager")
                if not first and not new_end:
                    continue
                plan = options_for(variant, value, loss)
                laid = config | {"tie_word_embeddings": tied}
                if variant["attention"].endswith("window"):
                    laid |= {family["window"]: 64, **family.get("window_trace", {})}
                try:
                    tape, model = tracing_tapes.record(laid, plan, family["task"], frozen=variant["method"] == "frozen")
                except Exception as error:
                    print(f"  left out {key}: {type(error).__name__}: {str(error)[:120]}", file=sys.stderr)
                    continue
                cut = folded(segments(tape, reader, sizes), sizes.items) if sums else segments(tape, reader, sizes)
                if first:
                    bodies[key] = [[part, parts.number(events)] for part, events in cut]
                    for start in starting(family, variant):
                        late, _ = tracing_tapes.record(laid, plan, family["task"], frozen=True, start=start)
                        again = (
                            folded(segments(late, reader, sizes), sizes.items)
                            if sums
                            else segments(late, reader, sizes)
                        )
                        wanted = [one for one in again if one[0].split(".")[1:2] == ["0"]]
                        starts[f"{key}/{start}"] = {part: parts.number(events) for part, events in wanted}
                if new_end:
                    ends[end_key] = {part: parts.number(events) for part, events in cut if not is_block(part)}
                if variant["method"] == "lora-fp32" and "adapters" not in shapes:
                    shapes["adapters"] = parameters(model, reader, learning=True)
                if variant["method"] == "full" and mark + "shapes" not in shapes:
                    shapes[mark + "shapes"] = parameters(model, reader)
                    layers[mark + "linears"] = {
                        layer: [kind, list(reader.read((i,), 1, i)), list(reader.read((o,), 1, o))]
                        for layer, (kind, i, o) in linears(model).items()
                    }
    return {
        "schema": 1,
        "family": name,
        "derived_with": versions(),
        "parameters": shapes,
        "linears": layers,
        "sizes": sizes.items,
        "segments": parts.items,
        "bodies": bodies,
        "starts": starts,
        "ends": ends,
    }


def derive_adapters(*, only: str = "") -> dict[str, Any]:
    """The profiles of one wrapped (or quantized) linear layer."""
    from ossmodelkit.trainer.tracing_adapters import profile

    out: dict[str, Any] = {}
    for key, options, conv, forward, wide in adapter_variants():
        kinds = [(key, False)]
        if options.method is Method.DORA and not conv:  # it takes the bias off the base's output, and adds it later
            kinds.append((key.replace("dora/", "dora-bias/", 1), True))
        for name, bias in kinds:
            if only and name != only:
                continue
            try:
                out[name] = profile(options, conv=conv, feedforward=forward, wide_input=wide, bias=bias)
            except Exception as error:
                print(f"  left out {name}: {type(error).__name__}: {str(error)[:90]}", file=sys.stderr)
    return {"schema": 1, "derived_with": versions(), "profiles": out}


def adapter_variants() -> Iterator[tuple[str, StepOptions, bool, bool, bool]]:
    """Every layer that is recorded: key, options, whether it is GPT-2's kind, scaled before it, and fed 32 bits."""
    for method, quantize, (precision, (dtype, autocast)), adapter, conv, forward in itertools.product(
        (Method.FULL, Method.LORA, Method.DORA, Method.IA3),
        Quantize,
        (PRECISIONS | MIXED).items(),
        (Dtype.FP32, Dtype.BF16),
        (False, True),
        (False, True),
    ):
        if (forward and method is not Method.IA3) or (conv and quantize is not Quantize.NONE):
            continue  # held in 8 or 4 bits, GPT-2's layers are plain linear ones
        if method is Method.FULL and (adapter is Dtype.BF16 or precision in MIXED):
            continue
        if precision in MIXED and adapter is Dtype.FP32:
            continue
        name = "plain" if method is Method.FULL else method.value + ("-ff" if forward else "")
        kind = "conv1d" if conv else "linear"
        for wide in (False, True) if autocast is not Autocast.NONE else (dtype is Dtype.FP32,):
            options = StepOptions(
                method=Method.LORA if method is Method.FULL else method,
                quantize=quantize,
                dtype=dtype,
                autocast=autocast,
                adapter_dtype=adapter,
                rank=43,
            )
            key = f"{name}/{kind}/{quantize}/{precision}/{4 if wide else 2}/{adapter}"
            yield key, _plain(options) if method is Method.FULL else options, conv, forward, wide


def _plain(options: StepOptions) -> StepOptions:
    made = object.__new__(StepOptions)
    for field in StepOptions.__dataclass_fields__:
        object.__setattr__(made, field, Method.FULL if field == "method" else getattr(options, field))
    return made


def versions() -> dict[str, str]:
    """The libraries that were traced."""
    from importlib.metadata import version

    return {name: version(name).split("+")[0] for name in ("torch", "transformers", "peft")}


def kept_of(path: Path, again: str) -> dict[str, Any] | None:
    """What stays of a file: all variants but those whose key holds every word of `again`, such as frozen/keep.

    Nothing stays where other versions of the libraries were traced.
    """
    if not again or not path.is_file():
        return None
    found: dict[str, Any] = json.loads(path.read_bytes())
    if found["derived_with"] != versions():
        return None
    words = set(again.split("/"))
    for shelf in ("bodies", "starts", "ends"):
        found[shelf] = {key: value for key, value in found[shelf].items() if not words <= set(key.split("/"))}
    used = [at for body in found["bodies"].values() for _, at in body]
    used += [at for shelf in ("starts", "ends") for one in found[shelf].values() for at in one.values()]
    place = {at: number for number, at in enumerate(dict.fromkeys(used))}
    found["segments"] = [found["segments"][at] for at in place]
    found["bodies"] = {key: [[name, place[at]] for name, at in body] for key, body in found["bodies"].items()}
    for shelf in ("starts", "ends"):
        found[shelf] = {key: {name: place[at] for name, at in one.items()} for key, one in found[shelf].items()}
    return found


def main(words: list[str]) -> None:
    """Write the files named, or all; after `--again frozen/keep` only what is missing or has these words."""
    again = ""
    if words[:1] == ["--again"]:
        again, words = words[1], words[2:]
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    folder = shipped("coefficients")
    known = with_twins()
    for name in words or ["adapters", *known]:
        path = Path(folder) / f"{name}.json"
        kept = kept_of(path, again)
        made = derive_adapters() if name == "adapters" else derive(name, known[name], kept=kept)
        path.write_text(json.dumps(made, separators=(",", ":")) + "\n")
        print(f"{name}: {path.stat().st_size / 1e3:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
