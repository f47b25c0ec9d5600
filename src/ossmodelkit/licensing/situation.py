"""A situation to decide: how a model is used, what it is made of, and how it is released.

The same shapes carry a hand-written scenario (schema 1, `kit license decide`) and what the audit
of a repository found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

Use = Literal[
    "internal", "research", "saas", "redistribute-weights", "redistribute-dataset", "embed-in-product",
    "train-other-model", "use-outputs", "end-user",
]  # fmt: skip
Role = Literal[
    "base", "adapter", "merge-input", "dataset", "synthetic-data", "output-source", "repo-code", "training-code",
    "serving-code", "dependency", "tool",
]  # fmt: skip

WEIGHTS = frozenset({"base", "adapter", "merge-input"})
OUTPUTS = frozenset({"synthetic-data", "output-source"})
CODE = frozenset({"repo-code", "training-code", "serving-code", "dependency", "tool"})
TRAINED_WITH = frozenset({"adapter", "merge-input", "dataset", "synthetic-data"})
FIGURES = ("mau", "mau_on_release_date", "annual_revenue_usd", "monthly_revenue_usd")
MULTIMODAL = re.compile(r"multi-?modal|vision-?language|\bvlm\b|\bmllm\b|image-text-to-text|any-to-any|omni", re.I)
NOT_SHIPPED = frozenset({"dataset", "synthetic-data", "output-source", "training-code", "tool"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How the organisation uses the model. A fact that is None is not known, and is asked for.

    `allow` and `deny` hold license ids or families; with an `allow` list everything else is refused.
    """

    use: tuple[Use, ...] = ("redistribute-weights",)
    commercial: bool = True
    territory: tuple[str, ...] = ("US",)
    mau: int | None = 0
    mau_on_release_date: int | None = 0
    annual_revenue_usd: int | float | None = 0
    monthly_revenue_usd: int | float | None = 0
    registered: tuple[str, ...] = ()
    field_of_use: tuple[str, ...] = ()
    regulatory_authorization: bool = False
    policy: Literal["strict", "lenient"] = "strict"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.use:
            raise ValueError("`use` names no use")
        for name in FIGURES:
            figure = getattr(self, name)
            if figure is not None and not 0 <= figure < float("inf"):
                raise ValueError(f"`{name}` is {figure}: write a figure from 0 on, or null where it is not known")

    @property
    def distributes(self) -> bool:
        """Whether weights leave the house."""
        return bool({"redistribute-weights", "embed-in-product"} & set(self.use))

    @property
    def hosts(self) -> bool:
        """Whether others use the model over a network."""
        return "saas" in self.use

    @property
    def makes_available(self) -> bool:
        """Whether anybody outside meets the model or a product with it."""
        return self.distributes or self.hosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One thing a model is made of or with. What is not said follows from the role."""

    role: Role
    name: str = ""
    license: str | tuple[str, ...] | None = None
    upstream_files: tuple[str, ...] = ()
    shipped: bool | None = None
    modified: bool | None = None
    kind: str = ""
    multimodal: bool = False
    trained_from: str | None = None
    guardrails: Literal["kept", "weakened", "removed", "replaced"] = "kept"
    linked: bool = False
    source_offered: bool = False
    produced_by: str | None = None
    purpose: str | None = None

    @property
    def is_multimodal(self) -> bool:
        """Whether it takes more than text, by what is said of it or by its kind."""
        return self.multimodal or MULTIMODAL.search(self.kind) is not None

    @property
    def is_shipped(self) -> bool:
        """Whether it goes out with the release."""
        return self.role not in NOT_SHIPPED if self.shipped is None else self.shipped


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """What is about to be published: its license, its name, its files and the words in them."""

    license: str | None = None
    license_name: str | None = None
    name: str | None = None
    files: tuple[str, ...] = ()
    notice_contains: tuple[str, ...] = ()
    readme_contains: tuple[str, ...] = ()
    ui_contains: tuple[str, ...] = ()
    agreement_contains: tuple[str, ...] = ()
    model_card: Literal["present", "missing", "removed"] = "present"
    gated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Profile, components and release plan together: what `decide` decides."""

    schema: Literal[1] = 1
    profile: Profile = field(default_factory=Profile)
    components: tuple[Component, ...]
    release: ReleasePlan | None = None
