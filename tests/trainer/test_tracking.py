"""Boards of others get every step, offline, where their packages are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.trainer.runs import job_in, losses, plan_of, run_here

pytest.importorskip("torch")
pytestmark = pytest.mark.train


def track(folder: Path, **board: Any) -> list[float]:
    record = run_here(job_in(folder, plan_of(track=board)))
    assert record.status == "trained", (record.reason, record.hint)
    return losses(record)


class Broken:
    """A board whose server goes away after two steps."""

    def log(self, facts: Any, step: int) -> None:
        if step > 2:
            raise ConnectionError("nobody there")

    def close(self) -> None:
        raise AssertionError("a board that broke is left alone")


def test_a_board_that_breaks_does_not_break_the_run(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ossmodelkit.trainer import tracking

    monkeypatch.setattr(tracking, "TensorBoard", lambda folder: Broken())
    record = run_here(job_in(llama, plan_of(track={"tensorboard": True})))
    assert (record.status, record.steps) == ("trained", 5)
    assert record.warnings == ("tensorboard broke and gets no more numbers: nobody there",)


def test_a_board_that_does_not_start_is_named_before_the_first_step(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ossmodelkit.trainer import tracking

    def refuse(*words: Any) -> Any:
        raise ValueError("no such project")

    monkeypatch.setattr(tracking, "WandB", refuse)
    record = run_here(job_in(llama, plan_of(track={"wandb": "x"})))
    assert (record.status, record.steps) == ("failed", 0)
    assert record.reason == "wandb does not start: no such project" and "[track]" in record.hint


def test_tensorboard_gets_every_step(llama: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    expected = track(llama, tensorboard=True)
    seen = EventAccumulator(str(llama / "tuned.run" / "tensorboard"))
    seen.Reload()
    assert [scalar.step for scalar in seen.Scalars("loss")] == [1, 2, 3, 4, 5]
    assert [scalar.value for scalar in seen.Scalars("loss")] == pytest.approx(expected)
    assert {"learning_rate", "gradient_norm", "tokens_per_second"} <= set(seen.Tags()["scalars"])


def test_mlflow_gets_every_step_in_the_runs_folder(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    expected = track(llama, mlflow="tiny")
    client = mlflow.MlflowClient(mlflow.get_tracking_uri())
    assert str(llama / "tuned.run") in mlflow.get_tracking_uri()
    (run,) = client.search_runs([client.get_experiment_by_name("tiny").experiment_id])
    history = sorted(client.get_metric_history(run.info.run_id, "loss"), key=lambda metric: metric.step)
    assert [metric.value for metric in history] == pytest.approx(expected)
    assert run.info.status == "FINISHED" and "method" in run.data.params


def test_wandb_writes_a_run_that_can_be_synced_later(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    track(llama, wandb="tiny")
    (offline,) = (llama / "tuned.run" / "wandb").glob("offline-run-*")
    assert list(offline.glob("*.wandb"))
