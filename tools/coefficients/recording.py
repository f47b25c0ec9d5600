"""The record of a family while it grows, variant by variant."""

from __future__ import annotations

import itertools
import sys
from typing import Any

from ossmodelkit.estimating.coefficients import start_key
from ossmodelkit.estimating.options import Loss
from tools.coefficients.folding import folded
from tools.coefficients.reading import Table, is_block, linears, parameters, segments
from tools.coefficients.tiny import letters_for, tiny
from tools.coefficients.variants import options_for, starting

Cut = list[tuple[str, list[Any]]]


class Recording:
    """What is known of a family; what `kept` holds already is not traced again. Mutable: one for each run."""

    def __init__(self, family: dict[str, Any], kept: dict[str, Any]) -> None:
        from ossmodelkit.trainer import chunked_loss
        from ossmodelkit.trainer.tracing_symbols import SYMBOLS

        chunked_loss.LOGITS_AT_ONCE = SYMBOLS["R"][0] * SYMBOLS["V"][0]
        self.family = family
        self.sizes, self.segments = Table(kept.get("sizes", ())), Table(kept.get("segments", ()))
        self.bodies, self.starts, self.ends, self.parameters, self.linears = (
            dict(kept.get(shelf, {})) for shelf in ("bodies", "starts", "ends", "parameters", "linears")
        )

    def begin(self, gate: str | bool | None) -> None:
        """Turn to the configuration with this gate, None where the family has none; before anything is taken."""
        self.config, self.value = tiny(self.family, gate=gate)
        self.reader = letters_for(self.value, self.family)
        self.mark = "" if gate is None else f"{gate}/"

    def take(self, variant: dict[str, Any]) -> None:
        """Trace a variant with every loss and kind of head that is not known yet."""
        key = self.mark + variant["key"]
        learns_head = variant["method"] == "full"  # a resting head is the same, tied or not
        losses = [Loss(item) for item in self.family.get("loss", ["full", "chunked"])]
        for loss, tied in itertools.product(losses, (True, False) if learns_head else (self.family["tied"],)):
            saving = "recompute" if variant["saving"] else "keep"
            tie = ("tied" if tied else "untied") if learns_head else "any"
            end = f"{self.mark}{variant['method']}/{variant['precision']}/{saving}/{loss}/{tie}"
            wants_end = end not in self.ends and variant["attention"] in ("sdpa", "eager")
            if key in self.bodies and not wants_end:
                continue
            try:
                cut, model = self._trace(variant, loss, tied)
            except Exception as error:
                print(f"  left out {key}: {type(error).__name__}: {str(error)[:120]}", file=sys.stderr)
                continue
            if key not in self.bodies:
                self.bodies[key] = [[part, self.segments.number(events)] for part, events in cut]
                for starts in starting(self.family, variant):
                    late, _ = self._trace(variant, loss, tied, starts)
                    first = {part: events for part, events in late if part.split(".")[1:2] == ["0"]}
                    numbered = {part: self.segments.number(events) for part, events in first.items()}
                    self.starts[start_key(key, starts)] = numbered
            if wants_end:
                self.ends[end] = {part: self.segments.number(events) for part, events in cut if not is_block(part)}
            self._note_shapes(variant["method"], model)

    def shelves(self) -> dict[str, Any]:
        """Everything, as it is shipped."""
        return {
            "parameters": self.parameters,
            "linears": self.linears,
            "sizes": self.sizes.items,
            "segments": self.segments.items,
            "bodies": self.bodies,
            "starts": self.starts,
            "ends": self.ends,
        }

    def _trace(self, variant: dict[str, Any], loss: Loss, tied: bool, starts: tuple[str, ...] = ()) -> tuple[Cut, Any]:
        from ossmodelkit.trainer import tracing_tapes

        laid = self.config | {"tie_word_embeddings": tied}
        if variant["attention"].endswith("window"):
            laid |= {self.family["window"]: 64, **self.family.get("window_trace", {})}
        plan = options_for(variant, self.value, loss)
        frozen = variant["method"] == "frozen"
        where = {"starts": starts, "beside": self.family.get("beside", "")}
        tape, model = tracing_tapes.record(laid, plan, self.family["task"], frozen=frozen, **where)
        cut = segments(tape, self.reader, self.sizes)
        return (folded(cut, self.sizes.items) if self.family.get("sums_over_blocks") else cut), model

    def _note_shapes(self, method: str, model: Any) -> None:
        if method == "lora-fp32" and "adapters" not in self.parameters:
            self.parameters["adapters"] = parameters(model, self.reader, learning=True)
        if method == "full" and self.mark + "shapes" not in self.parameters:
            self.parameters[self.mark + "shapes"] = parameters(model, self.reader)
            self.linears[self.mark + "linears"] = {
                layer: [kind, list(self.reader.read((i,), 1, i)), list(self.reader.read((o,), 1, o))]
                for layer, (kind, i, o) in linears(model).items()
            }
