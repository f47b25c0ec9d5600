"""Boards of others, thirty lines each. `metrics.jsonl` is the truth; these are views."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any


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
