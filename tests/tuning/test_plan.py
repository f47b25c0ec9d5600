"""A plan is read strictly: what is misspelt, misplaced or impossible is named before anything starts."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from ossmodelkit.core.plan import Plan
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.foundation.wire import from_wire, to_wire
from ossmodelkit.tuning import plan as plans
from ossmodelkit.tuning.schema import plan_schema

HEAD = 'base = "b"\ndata = "d.jsonl"\nout = "o"\n'


def refuse(folder: Path, text: str) -> UsageError:
    (folder / "plan.toml").write_text(text)
    with pytest.raises(UsageError) as caught:
        plans.read(folder / "plan.toml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        pytest.param(HEAD + "[train]\nepocs = 1\n", "unknown field 'epocs'", "did you mean 'epochs'?", id="misspelt"),
        pytest.param(HEAD + "[metod]\n", "unknown field 'metod'", "did you mean 'method'?", id="misspelt table"),
        pytest.param(HEAD + "lr = 1e-4\n", "'lr' does not belong at the top", "put it into [train]", id="misplaced"),
        pytest.param('base = "b"\nout = "o"\n', "field 'data' is missing", "add it", id="missing"),
        pytest.param(HEAD + '[method]\nname = "lorra"\n', "'lorra' is not one of", "'lora'", id="unknown method"),
        pytest.param(HEAD + "[train]\nbatch = 0\n", "batch must be 1 or more", "", id="no rows"),
        pytest.param(HEAD + "[train]\nlr = nan\n", "lr must be a positive number", "", id="not a number"),
        pytest.param(HEAD + "[train]\nlr = inf\n", "lr must be a positive number", "", id="endless"),
        pytest.param(HEAD + "[train]\nsteps = 1\nepochs = 1\n", "steps or epochs", "", id="two lengths"),
        pytest.param(HEAD + '[train]\nbatch = "8"\n', "wanted a whole number", "", id="a word for a number"),
        pytest.param(HEAD + "[train]\nbatch = true\n", "wanted a number", "", id="a yes for a number"),
        pytest.param(HEAD + "[train]\nbatch = 99999999999\n", "batch must be 1,000,000 rows at most", "", id="no end"),
        pytest.param(
            HEAD + "[train]\nsteps = 99999999999\n", "steps must be 10,000,000 at most", "", id="no last step"
        ),
        pytest.param(HEAD + "[method]\nrank = -1\n", "rank must be 1 or more", "", id="negative rank"),
        pytest.param(HEAD + "[method]\ntargets = []\n", "targets names no module", "", id="no targets"),
        pytest.param(HEAD + 'weights = "int8"\n[method]\nname = "full"\n', "full tuning needs", "", id="full int8"),
        pytest.param(HEAD + "[unfreeze]\n", 'unfreezing needs method.name = "full"', "", id="unfreezing lora"),
        pytest.param(HEAD + '[distill]\nteacher = ""\n', "teacher is empty", "", id="no teacher"),
        pytest.param(HEAD + "[domain]\n", "sequence-classification", "", id="domains of a language model"),
        pytest.param(HEAD + "[train\n", "plan.toml", "--example", id="broken TOML"),
        pytest.param('base = ""\ndata = "d"\nout = "o"\n', "base is empty", "", id="empty base"),
    ],
)
def test_a_wrong_plan_is_refused(text: str, says: str, hint: str, tmp_path: Path) -> None:
    error = refuse(tmp_path, text)
    assert says in error.message
    assert hint in error.hint
    assert error.exit_code == 2


def test_a_plan_can_be_changed_in_passing(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(HEAD + "[train]\nbatch = 2\n")
    words = ("train.lr=1e-4", "method.name=dora", "speed.packing=false", 'method.targets=["q", "v"]', "out=/a b/c")
    plan = plans.read(tmp_path / "plan.toml", words)
    assert (plan.train.batch, plan.train.lr, plan.method.name) == (2, 1e-4, "dora")
    assert (plan.speed.packing, plan.method.targets, plan.out) == (False, ("q", "v"), "/a b/c")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param("train.lr", "is no change", id="no value"),
        pytest.param("=1", "is no change", id="no field"),
        pytest.param("base.name=x", "'base' is no table", id="a field as a table"),
        pytest.param("train.lrr=1", "unknown field 'lrr'", id="misspelt"),
        pytest.param("speed.packing=nope", "plan.toml.speed.packing", id="wrong kind"),
    ],
)
def test_a_wrong_change_is_refused(words: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(HEAD)
    with pytest.raises(UsageError, match=says):
        plans.read(tmp_path / "plan.toml", [words])


def test_every_example_is_a_plan_and_fits_the_schema() -> None:
    schema = plan_schema()
    Draft202012Validator.check_schema(schema)
    assert len(plans.examples()) >= 13
    for name in plans.examples():
        data = tomllib.loads(plans.example(name))
        plan = from_wire(Plan, data, where=name)
        assert list(Draft202012Validator(schema).iter_errors(data)) == []
        assert from_wire(Plan, to_wire(plan)) == plan


def test_every_method_has_an_example() -> None:
    from ossmodelkit.core.plan import MethodName

    named = {tomllib.loads(plans.example(name))["method"]["name"] for name in plans.examples()}
    assert named == {method.value for method in MethodName}


def test_the_schema_refuses_what_the_reader_refuses() -> None:
    found = list(Draft202012Validator(plan_schema()).iter_errors({"base": "b", "data": "d", "out": "o", "lr": 1}))
    assert "'lr' was unexpected" in found[0].message


def test_an_unknown_example_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        plans.example("lorra")
    assert "'lora'" in caught.value.hint


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "b").mkdir()
    (tmp_path / "d.jsonl").write_text("{}\n")
    (tmp_path / "plan.toml").write_text(HEAD)
    return tmp_path


def check(place: Path, text: str = HEAD, *, force: bool = False, resume: bool = False) -> None:
    (place / "plan.toml").write_text(text)
    made = plans.job(plans.read(place / "plan.toml"), place, resume=resume)
    plans.check_places(made, force=force)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(HEAD.replace('"b"', '"none"'), "no base model", id="missing base"),
        pytest.param(HEAD.replace("d.jsonl", "none.jsonl"), "no file at 'none.jsonl'", id="missing data"),
        pytest.param(HEAD.replace('"b"', '"hub:a/b"'), "is remote", id="remote base"),
        pytest.param(HEAD.replace('"o"', '"b/o"'), "lie in each other", id="out inside base"),
        pytest.param(HEAD.replace('"o"', '"."'), "lie in each other", id="base inside out"),
        pytest.param(HEAD + 'evaluation_data = "e"\n', "no file at 'e'", id="missing evaluation data"),
    ],
)
def test_places_are_checked_before_the_start(text: str, says: str, place: Path) -> None:
    with pytest.raises(UsageError, match=says):
        check(place, text)


def test_a_result_is_not_overwritten_unasked(place: Path) -> None:
    (place / "o").mkdir()
    check(place)
    (place / "o" / "model.safetensors").write_bytes(b"")
    with pytest.raises(UsageError, match="is there already"):
        check(place)
    check(place, force=True)


def test_an_unfinished_run_is_not_forgotten_unasked(place: Path) -> None:
    (place / "o.run" / "checkpoints" / "step-00000001").mkdir(parents=True)
    with pytest.raises(UsageError, match="unfinished run"):
        check(place)
    check(place, resume=True)
    check(place, force=True)
