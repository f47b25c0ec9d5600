"""From an audited base to a tuned subject with lineage, as a user does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ossmodelkit.core.evidence import Kind
from ossmodelkit.foundation.errors import IntegrityError, RefusedError, UsageError
from ossmodelkit.project import settings
from ossmodelkit.workflow import finetune as verb
from ossmodelkit.workflow.audit import audit
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.finetune_plan import launch_file, look_at
from tests.conftest import NOW
from tests.making import models

pytest.importorskip("torch")
pytestmark = pytest.mark.train

PLAN = """\
base = "base"
data = "data.jsonl"
out = "tuned"

[method]
name = "lora"
rank = 4

[train]
steps = 6
batch = 4
lr = 1e-2

[devices]
kind = "cpu"
processes = 1
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an audited base, data and a plan; tests give `out` names of their own."""
    folder = tmp_path_factory.mktemp("finetune")
    (folder / ".kit" / "evidence").mkdir(parents=True)
    models.tiny_llama(folder / "base")
    models.write_rows(folder / "data.jsonl", models.chats(12))
    report = audit(str(folder / "base"), desk=desk_in(folder))
    assert report.verdict == "pass", report
    return folder


def desk_in(folder: Path) -> Desk:
    return Desk(project=settings.find(folder), now=NOW)


def plan_in(folder: Path, out: str, **changes: str) -> Path:
    path, text = folder / f"{out}.toml", PLAN.replace('"tuned"', f'"{out}"')
    for before, after in changes.items():
        text = text.replace(before, after)
    path.write_text(text)
    return path


def test_a_tuned_model_is_a_subject_with_lineage(place: Path) -> None:
    desk = desk_in(place)
    report = verb.finetune(plan_in(place, "whole"), desk)
    assert (report.verdict, report.outcome) == ("trained", "pass")
    records = [record for record in desk.evidence() if record.subject.sha256 == report.data["payload_sha256"]]
    assert {record.kind for record in records} == {Kind.FINETUNE, Kind.SCAN}
    facts = next(record.details for record in records if record.kind is Kind.FINETUNE)
    base = next(record.subject.sha256 for record in desk.evidence() if record.subject.name == "base")
    assert facts["base"] == {"ref": "base", "sha256": base}
    assert (facts["verdict"], facts["relation"], facts["method"]["name"]) == ("trained", "adapter", "lora")
    assert len(facts["loss_curve"]) == 6 and facts["metrics"]["steps"] == 6
    assert facts["environment"]["packages"]["torch"] and facts["hardware"]["cpu_cores"]
    assert facts["data"]["sha256"] and facts["data"]["order_sha256"]
    assert facts["base_audited"]["passes"] is True
    assert facts["metrics"]["predicted"]
    assert facts["outputs"] == desk.digests(verb.open_source(str(place / "whole")))


def test_an_unaudited_base_is_refused_unless_told(place: Path, tmp_path: Path) -> None:
    stranger = Desk(project=None, now=NOW)
    plan = plan_in(place, "alien")
    report = verb.finetune(plan, stranger)
    assert (report.verdict, report.outcome) == ("refused", "fail")
    assert not (place / "alien").exists()
    assert json.loads((place / "alien.run" / "run.json").read_text())["status"] == "refused"
    report = verb.finetune(plan, stranger, unaudited=True)
    assert report.verdict == "trained"
    assert report.data["base_audited"]["waived"] is True
    assert any("was not audited" in note for note in report.notes)


def test_wrong_data_is_a_usage_error(place: Path) -> None:
    (place / "bad.jsonl").write_text('{"question": "?"}\n')
    plan = plan_in(place, "bad", **{"data.jsonl": "bad.jsonl"})
    with pytest.raises(UsageError, match=r"bad\.jsonl:1"):
        verb.finetune(plan, desk_in(place))
    assert json.loads((place / "bad.run" / "run.json").read_text())["cause"] == "input"


def test_a_run_that_breaks_is_reported_and_recorded(place: Path) -> None:
    plan = plan_in(place, "broken", **{'"lora"': '"full"', "lr = 1e-2": "lr = 1e30\nwarmup = 0.0"})
    report = verb.finetune(plan, desk_in(place))
    assert (report.verdict, report.outcome) == ("failed", "fail")
    assert "is not a number" in report.summary and report.next_steps


def test_a_look_starts_nothing(place: Path) -> None:
    report = look_at(plan_in(place, "looked"), desk_in(place))
    assert report.verdict == "ready"
    assert report.data["estimate"]
    assert not (place / "looked.run").exists()
    refused = look_at(plan_in(place, "looked"), Desk(project=None, now=NOW))
    assert (refused.verdict, refused.outcome) == ("refused", "fail")


def looks_like_a_train_job(spec: dict[str, Any]) -> None:
    """The fields of trainer.kubeflow.org/v1alpha1 as published; unknown ones would be pruned in silence."""
    assert spec.keys() <= {"runtimeRef", "trainer", "podTemplateOverrides", "suspend", "labels", "annotations"}
    known = {"image", "command", "args", "env", "numNodes", "numProcPerNode", "resourcesPerNode"}
    assert spec["trainer"].keys() <= known
    assert (spec["trainer"]["numNodes"], spec["trainer"]["numProcPerNode"]) == (2, 8)
    (override,) = spec["podTemplateOverrides"]
    assert override["targetJobs"] == [{"name": "node"}]
    assert override["spec"]["containers"][0].keys() <= {"name", "env", "volumeMounts", "securityContext"}


def looks_like_a_job_set(spec: dict[str, Any]) -> None:
    """The fields of jobset.x-k8s.io/v1alpha2; the host names that torchrun meets at follow from them."""
    assert spec.keys() <= {"failurePolicy", "replicatedJobs", "network", "successPolicy", "suspend"}
    (job,) = spec["replicatedJobs"]
    assert (job["name"], job["replicas"]) == ("node", 1)
    one = job["template"]["spec"]
    assert (one["parallelism"], one["completions"], one["completionMode"]) == (2, 2, "Indexed")
    (container,) = one["template"]["spec"]["containers"]
    assert "--rdzv-endpoint=kit-my-out-1-node-0-0.kit-my-out-1:29500" in container["command"]
    assert container["resources"] == {"limits": {"nvidia.com/gpu": 8}}


CLUSTER_SHAPES = {"trainjob": looks_like_a_train_job, "jobset": looks_like_a_job_set}


@pytest.mark.parametrize("launcher", ["shell", "slurm", "trainjob", "jobset"])
def test_several_machines_get_a_file_that_parses(launcher: str, place: Path) -> None:
    import yaml

    plan = plan_in(place, "My Out_1", **{"processes = 1": "processes = 8"})
    text = launch_file(plan, desk_in(place), launcher, nodes=2, image="registry.example.org/train:1")
    job = json.loads((place / "My Out_1.run" / "job.json").read_text())
    assert job["base_sha256"] and job["resume"], "a job that is started again goes on"
    if launcher in ("shell", "slurm"):
        assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
        assert "'" in text, "a folder with a blank must be quoted"
    else:
        found: dict[str, Any] = yaml.safe_load(text)
        assert found["metadata"]["name"] == "kit-my-out-1"
        CLUSTER_SHAPES[launcher](found["spec"])


def test_an_unaudited_base_gets_no_launch_file(place: Path) -> None:
    plan = plan_in(place, "alone", **{"processes = 1": "processes = 8"})
    with pytest.raises(RefusedError):
        launch_file(plan, Desk(project=None, now=NOW), "shell", nodes=2, image="i")


def test_a_run_from_elsewhere_is_taken_over_if_its_bytes_are_right(place: Path) -> None:
    plan = plan_in(place, "remote")
    with pytest.raises(UsageError, match="no finished run"):
        verb.finetune(plan, desk_in(place), collect=True)
    launch_file(plan, desk_in(place), "shell", nodes=1, image="i")
    words = [str(place / "remote.run" / name) for name in ("job.json", "run.json")]
    run = [sys.executable, "-m", "ossmodelkit.trainer", *words]
    subprocess.run(run, check=True, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert verb.finetune(plan, desk_in(place), collect=True).verdict == "trained"
    settings_file = place / "remote" / "adapter_config.json"
    settings_file.write_text(settings_file.read_text() + " ")
    with pytest.raises(IntegrityError, match=r"adapter_config\.json"):
        verb.finetune(plan, desk_in(place), collect=True)
