"""Boards of others, thirty lines each. `metrics.jsonl` is the truth; these are views."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from ossmodelkit.core.plan import Track
from ossmodelkit.trainer.troubles import Trouble, first_line


class Tracker(Protocol):
    """Somebody else's board."""

    def log(self, facts: Mapping[str, float], step: int) -> None:
        """Show numbers for a step."""

    def close(self) -> None:
        """The run is over."""


def trackers(track: Track, folder: Path, plan: Mapping[str, Any], warn: Callable[[str], None]) -> list[Tracker]:
    """The boards that the plan asks for. One that breaks later is told through `warn` and left; the run goes on.

    Raises `Trouble` when one is not installed or does not start.
    """
    wanted: dict[str, Callable[[], Tracker]] = {}
    if track.tensorboard:
        wanted["tensorboard"] = lambda: TensorBoard(folder)
    if track.mlflow:
        wanted["mlflow"] = lambda: MLflow(track.mlflow, folder, plan)
    if track.wandb:
        wanted["wandb"] = lambda: WandB(track.wandb, folder, plan)
    return [_Forgiving(name, _start(name, board), warn) for name, board in wanted.items()]


def _start(name: str, board: Callable[[], Tracker]) -> Tracker:
    try:
        return board()
    except ImportError as error:
        raise Trouble(f"tracking needs {error.name}", hint=f"pip install {name}, or take it out of [track]") from error
    except Exception as error:
        raise Trouble(
            f"{name} does not start: {first_line(error)}", hint="mend it, or take it out of [track]"
        ) from error


class _Forgiving:
    """A board whose failure is no failure of the run."""

    def __init__(self, name: str, board: Tracker, warn: Callable[[str], None]) -> None:
        self._name, self._board, self._warn = name, board, warn
        self._works = True

    def log(self, facts: Mapping[str, float], step: int) -> None:
        self._try(lambda: self._board.log(facts, step))

    def close(self) -> None:
        self._try(self._board.close)

    def _try(self, do: Callable[[], None]) -> None:
        if not self._works:
            return
        try:
            do()
        except Exception as error:
            self._works = False
            self._warn(f"{self._name} broke and gets no more numbers: {first_line(error)}")


class TensorBoard:
    """Event files in the run's folder."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def log(self, facts: Mapping[str, float], step: int) -> None:
        """Show numbers for a step."""
        for name, value in facts.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


class MLflow:
    """A run in an experiment; where, is for MLFLOW_TRACKING_URI to say (default: the run's folder)."""

    def __init__(self, experiment: str, folder: Path, plan: Mapping[str, Any]) -> None:
        mlflow = import_module("mlflow")

        if not os.environ.get("MLFLOW_TRACKING_URI"):
            import_module("sqlalchemy")  # The slim package is without, and refuses folders: say what is missing.
            mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        mlflow.set_experiment(experiment)
        mlflow.start_run(run_name=folder.name)
        mlflow.log_params({key: str(value)[:250] for key, value in plan.items()})
        self._mlflow = mlflow

    def log(self, facts: Mapping[str, float], step: int) -> None:
        """Show numbers for a step."""
        self._mlflow.log_metrics(dict(facts), step=step)

    def close(self) -> None:
        """End the run."""
        self._mlflow.end_run()


class WandB:
    """A run in a project; offline unless WANDB_MODE says otherwise."""

    def __init__(self, project: str, folder: Path, plan: Mapping[str, Any]) -> None:
        wandb = import_module("wandb")
        mode = os.environ.get("WANDB_MODE", "offline")
        self._run = wandb.init(project=project, dir=str(folder), config=dict(plan), mode=mode)

    def log(self, facts: Mapping[str, float], step: int) -> None:
        """Show numbers for a step."""
        self._run.log(dict(facts), step=step)

    def close(self) -> None:
        """End the run."""
        self._run.finish()
