"""What lies between a model and its base, as facts: one change for each tensor, and what is around the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ossmodelkit.formats.tensors import Tensor
from ossmodelkit.scanning.against.adapters import Adapter
from ossmodelkit.scanning.against.claims import Claim


class Kind(StrEnum):
    """What became of one tensor of the base."""

    SAME = "same"
    CHANGED = "changed"
    RESIZED = "resized"
    RETYPED = "retyped"
    RESHAPED = "reshaped"
    ADDED = "added"
    MISSING = "missing"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """How far a tensor moved: Frobenius norms of the base and of the difference, the largest difference of one
    number, how many numbers differ, and how many of the model's are no finite numbers while the base's are.
    """

    base_norm: float
    norm: float
    largest: float
    differing: int
    broken: int = 0

    @property
    def relative(self) -> float:
        """The norm of the difference as a share of the base's norm."""
        return self.norm / self.base_norm if self.base_norm else (1.0 if self.norm else 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One tensor on both sides. `rows` were compared one by one, `rows_changed` of them differ, `first_rows` are some.

    Resized tensors have other numbers of rows: the rows that both have are compared. In another number type
    nothing is known of the values before they were measured. `twin` names a tensor of the same side that holds the
    same bytes: one weight under two names, of which either may be left out.
    """

    name: str
    kind: Kind
    base: Tensor | None = None
    tuned: Tensor | None = None
    rows: int = 0
    rows_changed: int = 0
    first_rows: tuple[int, ...] = ()
    delta: Delta | None = None
    twin: str = ""

    @property
    def retyped(self) -> bool:
        """Whether the numbers that both sides have are of another type on each."""
        both = self.base is not None and self.tuned is not None
        return both and self.kind in (Kind.RETYPED, Kind.RESIZED) and self.base.dtype != self.tuned.dtype  # type: ignore[union-attr]

    @property
    def moved(self) -> bool:
        """Whether numbers that both sides have are known to differ."""
        if self.retyped:
            return self.delta is not None and self.delta.differing > 0
        return self.kind is Kind.CHANGED or (self.kind is Kind.RESIZED and self.rows_changed > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing around the weights that is not as in the base: a setting, a piece of the tokenizer, a template."""

    file: str
    what: str
    base: str
    tuned: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The tokenizers compared: tokens added, and tokens that are gone or stand under another number."""

    added: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """Everything found between BASE and MODEL. `ties` tells that embeddings and head are one tensor there,

    `packed` how the weights of one side are quantized where those of the other are not: then they cannot be compared.
    """

    base: str
    tuned: str
    tensors: tuple[Change, ...] = ()
    adapter: Adapter | None = None
    claim: Claim | None = None
    settings: tuple[Difference, ...] = ()
    templates: tuple[Difference, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    record: Mapping[str, str] = field(default_factory=dict)
    ties: bool = False
    packed: str = ""
    measured: bool = False
    renamed: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many tensors there are of each kind."""
        found = dict.fromkeys((kind.value for kind in Kind), 0)
        for one in self.tensors:
            found[one.kind.value] += 1
        return found
