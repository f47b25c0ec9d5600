"""`kit data` as people use it: exit codes, files that are refused, evidence that is kept."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ossmodelkit.cli.data import app
from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.policy import Outcome
from ossmodelkit.curating import catalog
from ossmodelkit.curating.checking import Questions
from ossmodelkit.foundation.errors import KitError, NothingToJudgeError, SourceError, UnreadableError, UsageError
from ossmodelkit.workflow import data, data_making
from ossmodelkit.workflow.data_feeds import with_weights
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.explain import pages
from tests.making.feeds import chat, jsonl

GOOD = [chat(f"question {n} about things", f"answer {n * n}") for n in range(5)]


def kit(*words: str, folder: Path, stdin: bytes | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word).replace("{}", str(folder)) for word in words], input=stdin)
    if done.exception and not isinstance(done.exception, (SystemExit, KitError)):
        raise done.exception
    code = done.exception.exit_code if isinstance(done.exception, KitError) else done.exit_code
    return code, done.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.jsonl").write_bytes(jsonl(GOOD))
    (tmp_path / "bad.jsonl").write_bytes(jsonl([*GOOD, chat("mail a@example.com", "b")]))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "code", "verdict"),
    [
        pytest.param(("check", "{}/good.jsonl"), 0, "fit", id="fit"),
        pytest.param(("check", "{}/bad.jsonl"), 1, "unfit", id="unfit"),
        pytest.param(("check", "{}/bad.jsonl", "--skip", "personal"), 0, "fit", id="not asked"),
        pytest.param(
            ("check", "{}/good.jsonl", "--against", "{}/good.jsonl", "--max-chars", "3"), 1, "unfit", id="too long"
        ),
        pytest.param(("format", "{}/bad.jsonl", "--to", "{}/o"), 0, "converted", id="format"),
        pytest.param(("clean", "{}/bad.jsonl", "--to", "{}/o"), 0, "cleaned", id="clean"),
        pytest.param(("mix", "{}/good.jsonl=1", "{}/bad.jsonl=1", "--to", "{}/o"), 0, "mixed", id="mix"),
        pytest.param(("augment", "{}/good.jsonl", "--to", "{}/o"), 0, "augmented", id="augment"),
    ],
)
def test_verbs_answer_with_their_word_and_code(words: tuple[str, ...], code: int, verdict: str, folder: Path) -> None:
    got, output = kit(*words, "--format", "json", folder=folder)
    report = json.loads(output)
    assert (got, report["verdict"]) == (code, verdict)
    for made in [report["output"]] if "output" in report else []:
        assert hashlib.sha256(Path(made["path"]).read_bytes()).hexdigest() == made["sha256"]


@pytest.mark.parametrize("form", ["text", "md", "html", "sarif", "junit"])
def test_every_report_format_works(form: str, folder: Path) -> None:
    code, output = kit("check", "{}/bad.jsonl", "--format", form, folder=folder)
    assert code == 1
    assert "a@example.com" not in output


def test_standard_input_is_read(folder: Path) -> None:
    code, output = kit("check", "-", "--format", "json", folder=folder, stdin=jsonl([chat("mail a@example.com", "b")]))
    report = json.loads(output)
    assert (code, report["findings"][0]["at"]) == (1, {"path": "stdin", "members": ["messages[0].content"], "line": 1})


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        pytest.param(("check", "{}/none.jsonl"), SourceError, id="no such file"),
        pytest.param(("check", "{}"), SourceError, id="a folder"),
        pytest.param(("check", "{}/empty"), NothingToJudgeError, id="an empty file"),
        pytest.param(("check", "{}/blank.jsonl"), NothingToJudgeError, id="only blank lines"),
        pytest.param(("check", "{}/zip"), UnreadableError, id="an archive"),
        pytest.param(("check", "{}/binary"), UnreadableError, id="not text"),
        pytest.param(("check", "{}/good.jsonl", "--shape", "alpca"), UsageError, id="an unknown shape"),
        pytest.param(("check", "{}/good.jsonl", "--skip", "pesonal"), UsageError, id="an unknown group"),
        pytest.param(("clean", "{}/good.jsonl", "--to", "{}/good.jsonl"), UsageError, id="in place"),
        pytest.param(
            ("clean", "{}/good.jsonl", "--to", "{}/good.jsonl", "--force"), UsageError, id="in place by force"
        ),
        pytest.param(("clean", "{}/good.jsonl", "--to", "{}/bad.jsonl"), UsageError, id="over another file"),
        pytest.param(("clean", "{}/good.jsonl", "--to", "{}/none/o"), UsageError, id="into no folder"),
        pytest.param(
            ("clean", "{}/good.jsonl", "--to", "{}/o", "--drop", "everything"), UsageError, id="an unknown drop"
        ),
        pytest.param(("clean", "{}/good.jsonl", "--to", "{}/o", "--map", "{}/m"), UsageError, id="a map without salt"),
        pytest.param(("mix", "{}/good.jsonl=1", "{}/bad.jsonl", "--to", "{}/o"), UsageError, id="half the weights"),
        pytest.param(("mix", "{}/good.jsonl=-1", "--to", "{}/o"), UsageError, id="a negative weight"),
        pytest.param(("mix", "{}/good.jsonl=x", "--to", "{}/o"), UsageError, id="a weight that is no number"),
        pytest.param(("mix", "{}/good.jsonl=nan", "--to", "{}/o"), UsageError, id="not a number"),
    ],
)
def test_bad_input_is_refused_with_a_remedy(words: tuple[str, ...], kind: type[KitError], folder: Path) -> None:
    (folder / "empty").write_bytes(b"")
    (folder / "blank.jsonl").write_bytes(b"\n\n  \n")
    (folder / "zip").write_bytes(b"PK\x03\x04" + bytes(100))
    (folder / "binary").write_bytes(bytes(range(256)) * 40)
    before = sorted(folder.iterdir())
    done = CliRunner().invoke(app, [word.replace("{}", str(folder)) for word in words])
    assert isinstance(done.exception, kind), done.output
    assert done.exception.hint
    assert sorted(folder.iterdir()) == before


def test_the_record_speaks_of_the_bytes(desk: Desk, folder: Path) -> None:
    report = data.check([str(folder / "good.jsonl")], desk=desk)
    (record,) = desk.evidence()
    digest = hashlib.sha256((folder / "good.jsonl").read_bytes()).hexdigest()
    line = f"{digest}  good.jsonl\n".encode()
    assert record.kind is Kind.DATA
    assert record.subject.sha256 == hashlib.sha256(line).hexdigest() == report.data["payload_sha256"]
    assert (
        record.details["files"][0] | {"sha256": digest, "rows": 5, "format": "messages"} == record.details["files"][0]
    )


def test_moving_the_files_does_not_change_the_subject() -> None:
    names = {"x/a.jsonl": "1" * 64, "x/y/b.jsonl": "2" * 64}
    moved = {f"/elsewhere/{name}": digest for name, digest in names.items()}
    assert data.data_subject(names).sha256 == data.data_subject(moved).sha256


def test_data_that_could_not_be_read_to_the_end_is_incomplete_or_unfit(desk: Desk, folder: Path) -> None:
    (folder / "cut.json").write_bytes(json.dumps(GOOD).encode()[:-30])
    report = data.check([str(folder / "cut.json")], desk=desk)
    assert report.outcome is Outcome.FAIL
    assert any("behind this line" in gap.reason for gap in report.gaps)


def test_licenses_of_rows_are_told(desk: Desk, folder: Path) -> None:
    (folder / "l.jsonl").write_bytes(jsonl([{**row, "license": "cc-by-4.0"} for row in GOOD]))
    assert data.check([str(folder / "l.jsonl")], desk=desk).data["licenses"] == {"cc-by-4.0": 5}


@pytest.mark.parametrize(
    ("card", "names"),
    [
        pytest.param("---\nlicense: apache-2.0\n---\n# Data", ["apache-2.0"], id="one"),
        pytest.param(
            "---\r\ntags: [a]\r\nlicense:\r\n- mit\r\n- cc-by-4.0\r\nx: y\r\n---\r\n", ["mit", "cc-by-4.0"], id="a list"
        ),
        pytest.param("---\nlicense: [mit, 'odbl']\n---\n", ["mit", "odbl"], id="in brackets"),
        pytest.param("# license: mit", [], id="not in the front matter"),
        pytest.param("---\ntags: a\n---\nlicense: mit\n", [], id="below it"),
    ],
)
def test_the_license_of_the_data_card_is_told(card: str, names: list[str], desk: Desk, folder: Path) -> None:
    (folder / "README.md").write_bytes(card.encode())
    report = data.check([str(folder / "good.jsonl")], desk=desk)
    assert report.data["card_licenses"] == ({str(folder / "README.md"): names} if names else {})


def test_a_file_with_an_equals_sign_in_its_name_is_a_file(folder: Path) -> None:
    (folder / "a=b").write_bytes(jsonl(GOOD))
    assert with_weights([str(folder / "a=b")]) == ((str(folder / "a=b"),), ())


def test_a_note_that_exists_is_not_overwritten(desk: Desk, folder: Path) -> None:
    from ossmodelkit.curating.mixing import Mixing

    (folder / "o.provenance.jsonl").write_text("kept")
    with pytest.raises(UsageError):
        data_making.mix([str(folder / "good.jsonl")], folder / "o", desk=desk, wanted=Mixing())


def test_parquet_is_read_or_its_extra_is_named(desk: Desk, folder: Path) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        (folder / "a.parquet").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
        with pytest.raises(UsageError, match="pyarrow"):
            data.check([str(folder / "a.parquet")], desk=desk)
        return
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(
        pyarrow.Table.from_pylist([*GOOD, chat("mail a@example.com", "b")]), folder / "a.parquet"
    )
    report = data.check([str(folder / "a.parquet")], desk=desk)
    assert [(one.check, one.at.line) for one in report.findings] == [("data-email", 6)]
    (folder / "cut.parquet").write_bytes((folder / "a.parquet").read_bytes()[:200])
    with pytest.raises(UnreadableError):
        data.check([str(folder / "cut.parquet")], desk=desk)


def test_memory_stays_bounded(desk: Desk, folder: Path) -> None:
    """Forty megabytes of rows, with less than twenty of them in memory at any time."""
    import tracemalloc

    with (folder / "large.jsonl").open("wb") as out:
        for number in range(4_000):
            out.write(jsonl([chat(f"question {number} " + "word " * 1_000, f"answer {number} " + "term " * 1_000)]))
    skip = ("personal", "secrets", "hostile", "poisoning", "balance", "duplicates")
    tracemalloc.start()
    data.check([str(folder / "large.jsonl")], desk=desk, questions=Questions(skip=skip))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_every_rule_has_its_page() -> None:
    assert sorted({rule.id for rule in catalog.everything()} - set(pages())) == []


def test_rules_have_names_of_their_own() -> None:
    ids = [rule.id for rule in catalog.everything()]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("data-") for name in ids)


def test_a_csv_with_one_row_of_chat_in_a_cell_is_a_chat(desk: Desk, folder: Path) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([("id", "messages"), ("1", json.dumps(GOOD[0]["messages"]))])
    (folder / "a.csv").write_text(out.getvalue())
    assert data.check([str(folder / "a.csv")], desk=desk).data["files"][0]["format"] == "messages"


def test_no_heavy_library_is_loaded_for_help() -> None:
    heavy = ("numpy", "pyarrow", "jinja2", "yaml")
    script = f"import sys; from ossmodelkit.cli import data; print([m for m in {heavy} if m in sys.modules])"
    done: Any = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_next_step_fits_the_format(folder: Path) -> None:
    (folder / "alpaca.json").write_text(json.dumps([{"instruction": "do", "input": "", "output": "done"}]))
    assert "kit data format" in kit("check", "{}/alpaca.json", folder=folder)[1]
    (folder / "my pairs.jsonl").write_bytes(jsonl([{"question": "What is it?", "answer": "A stone."}]))
    assert f"kit data format '{folder}/my pairs.jsonl'" in kit("check", "{}/my pairs.jsonl", folder=folder)[1]
    assert "kit finetune" in kit("check", "{}/good.jsonl", folder=folder)[1]
