"""The project's `kit.toml`: found by walking up, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ossmodelkit.core.policy import Policy
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire

FILE = "kit.toml"
LEDGER = ".kit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How the organisation will use the model; the license audit judges against it.

    `use` holds any of internal, research, saas, redistribute-weights, redistribute-dataset,
    embed-in-product, train-other-model, use-outputs, end-user. `allow` and `deny` hold license ids or
    families that the organisation accepts or refuses whatever their terms.
    """

    use: tuple[str, ...] = ("internal",)
    commercial: bool = True
    territory: tuple[str, ...] = ()
    mau: int | None = None
    mau_on_release_date: int | None = None
    annual_revenue_usd: int | None = None
    monthly_revenue_usd: int | None = None
    registered: tuple[str, ...] = ()
    field_of_use: tuple[str, ...] = ()
    regulatory_authorization: bool = False
    policy: str = "strict"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What `kit release` should know: name, license, profiles, owner and the words of the card.

    `fail_on` and `severity` may only tighten the catalog; `policy` names a file or a shipped policy.
    """

    name: str = ""
    version: str = ""
    license: str = ""
    profiles: tuple[str, ...] = ("internal",)
    owner: str = ""
    contact: str = ""
    intended_use: str = ""
    out_of_scope: str = ""
    limitations: str = ""
    languages: tuple[str, ...] = ()
    users: str = ""
    pipeline: str = ""
    tags: tuple[str, ...] = ()
    policy: str = ""
    fail_on: str = "block"
    severity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedLicense:
    """A license that a person looked up, of a parent or a data set whose own text is not at hand.

    `of` names it as the model does and may hold shell wildcards; `source` says where it was read, and when.
    """

    of: str
    license: str
    owner: str
    source: str

    def __post_init__(self) -> None:
        for name in ("of", "license", "owner", "source"):
            if not getattr(self, name).strip():
                raise ValueError(f"a stated license needs `{name}`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What `kit scan` should do besides: `checks` names entry points of other packages (docs/scanning.md)."""

    checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything in `kit.toml`. Every table may be left out."""

    use: Use = field(default_factory=Use)
    licenses: tuple[StatedLicense, ...] = ()
    release: Release = field(default_factory=Release)
    scan: Scan = field(default_factory=Scan)
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with a `kit.toml` or a `.kit` ledger, and its settings."""

    root: Path
    settings: Settings

    @property
    def evidence_folder(self) -> Path:
        """Where records are kept."""
        return self.root / LEDGER / "evidence"


def find(start: Path) -> Project | None:
    """The project that `start` lies in, or None."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file() or (folder / LEDGER).is_dir():
            return Project(root=folder, settings=read(folder / FILE))
    return None


def read(path: Path) -> Settings:
    """Read `kit.toml`; an absent file gives the defaults.

    Raises `UsageError` with the line for broken TOML and the field for a misspelt or misplaced one.
    """
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}", hint="see docs/commands.md for an example") from error
    return from_wire(Settings, data, where=str(path))
