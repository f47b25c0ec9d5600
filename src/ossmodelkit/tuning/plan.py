"""Read a plan: strictly, with every place resolved, before anything is started."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ossmodelkit.core.plan import Plan
from ossmodelkit.core.training import Job
from ossmodelkit.foundation import resources
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import did_you_mean, from_wire, type_hints


def read(path: Path, changes: Sequence[str] = ()) -> Plan:
    """The plan in `path`, with `changes` ("train.lr=1e-4") over it.

    Raises `UsageError` with the line for broken TOML, and the field for a misspelt or misplaced one.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"no plan at {str(path)!r}", hint="kit finetune --example lora > plan.toml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}", hint="give a TOML file in UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}", hint="kit finetune --example lora prints a plan") from error
    _refuse_misplaced(data, path)
    for words in changes:
        _change(data, words)
    return from_wire(Plan, data, where=str(path))


def _change(data: dict[str, Any], words: str) -> None:
    """Put one `TABLE.FIELD=VALUE` into the plan; the value is read as TOML, and as a plain word where it is none."""
    key, equals, text = words.partition("=")
    *tables, name = key.strip().replace("-", "_").split(".")
    if not equals or not name:
        raise UsageError(f"--set {words!r} is no change", hint="--set train.lr=1e-4")
    for table in tables:
        data = data.setdefault(table, {})
        if not isinstance(data, dict):
            raise UsageError(f"--set {words!r}: {table!r} is no table", hint="--set train.lr=1e-4")
    try:
        data[name] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        data[name] = text.strip()


def _refuse_misplaced(data: dict[str, Any], path: Path) -> None:
    """`lr = 1e-4` at the top is not unknown, it stands in the wrong place: say where it belongs."""
    top = {field.name for field in dataclasses.fields(Plan)}
    for key, value in data.items():
        name = str(key).replace("-", "_")
        homes = [table for table, shape in tables().items() if name in {f.name for f in dataclasses.fields(shape)}]
        if name not in top and homes and not isinstance(value, dict):
            raise UsageError(f"{path}: {key!r} does not belong at the top", hint=f"put it into [{homes[0]}]")


def tables() -> dict[str, Any]:
    """The tables a plan may have, and the shape of each."""
    options = {name: (hint, *getattr(hint, "__args__", ())) for name, hint in type_hints(Plan).items()}
    return {name: shape for name, shapes in options.items() for shape in shapes if dataclasses.is_dataclass(shape)}


def job(plan: Plan, folder: Path, *, resume: bool = False) -> Job:
    """The plan with its places: relative ones are relative to `folder`, where the plan lies."""
    home = folder.resolve()
    out = home / plan.out
    return Job(
        plan=plan,
        base=str(home / plan.base),
        data=str(home / plan.data),
        out=str(out),
        run=str(out.parent / f"{out.name}.run"),
        evaluation_data=str(home / plan.evaluation_data) if plan.evaluation_data else "",
        teacher=str(home / plan.distill.teacher) if plan.distill else "",
        resume=resume,
    )


def check_places(made: Job, *, force: bool) -> None:
    """Refuse, before a process is started, what could only fail in it.

    Raises `UsageError` for missing inputs, an output that is there already, or one inside the base.
    """
    plan = made.plan
    if plan.base.startswith("hub:") or "://" in plan.base:
        raise UsageError(f"the base {plan.base!r} is remote", hint="download it and give the folder")
    if not Path(made.base).is_dir():
        raise UsageError(f"no base model at {plan.base!r}", hint="`base` is relative to the plan's folder")
    for name, place in (("data", made.data), ("evaluation_data", made.evaluation_data)):
        if place and not Path(place).is_file():
            raise UsageError(f"no file at {getattr(plan, name)!r}", hint=f"`{name}` is relative to the plan's folder")
    if made.teacher and not Path(made.teacher).is_dir():
        raise UsageError("no teacher at distill.teacher", hint="give the folder of a model")
    out, base = Path(made.out).resolve(), Path(made.base).resolve()
    if out == base or base in out.parents or out in base.parents:
        raise UsageError("`out` and `base` lie in each other", hint="give `out` a folder of its own")
    occupied = out.exists() and (not out.is_dir() or any(out.iterdir()))
    if occupied and not force:
        raise UsageError(f"{plan.out!r} is there already", hint="--force replaces it, or name another `out`")
    unfinished = Path(made.run) / "checkpoints"
    if unfinished.is_dir() and any(unfinished.glob("step-*")) and not (force or made.resume):
        raise UsageError(f"{plan.out!r} has an unfinished run", hint="--resume goes on with it, --force begins anew")


def example(name: str) -> str:
    """The example plan called `name`, ready to be edited.

    Raises `UsageError` with the nearest known name.
    """
    known = examples()
    if name not in known:
        raise UsageError(f"no example is called {name!r}", hint=did_you_mean(name, known))
    return resources.config("plans", f"{name}.toml").read_text(encoding="utf-8")


def examples() -> tuple[str, ...]:
    """The names of all example plans."""
    return tuple(sorted(path.stem for path in resources.config("plans").glob("*.toml")))
