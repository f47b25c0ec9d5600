"""What stands around the weights, what is claimed, and what cannot be compared."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ossmodelkit.core.check import Answers
from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.report import Report
from ossmodelkit.foundation.errors import NothingToJudgeError, UsageError
from ossmodelkit.project.settings import Project, Settings
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow import measuring
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.scan import scan
from tests.making.weights import f32, model, numbers, packed

LAYER = "model.layers.0.self_attn.q_proj.weight"
NORM = "model.norm.weight"
EMBEDDING = "model.embed_tokens.weight"
PLAIN = {EMBEDDING: f32(1200, 2), LAYER: f32(4, 4), NORM: f32(4)}


@pytest.fixture(autouse=True)
def _bytes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the training libraries are not installed."""
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return model(tmp_path / "base", PLAIN)


def against(tuned: Path, base: Path, **more: Any) -> Report:
    return scan(str(tuned), against=str(base), **more)


def said(report: Report) -> dict[str, str]:
    return {one.check: one.saw for one in report.findings}


def test_what_changed_is_told_without_the_training_libraries(base: Path, tmp_path: Path) -> None:
    tuned = model(tmp_path / "m", PLAIN | {LAYER: f32(4, 4, start=2)})
    report = against(tuned, base)
    assert [one["name"] for one in report.data["against"]["changes"]] == [LAYER]
    assert (report.data["against"]["measured"], report.verdict) == (False, "clean")
    assert any("pip install 'ossmodelkit[train]'" in note for note in report.notes)


def test_values_in_another_type_stay_open_without_them(base: Path, tmp_path: Path) -> None:
    report = against(model(tmp_path / "m", PLAIN | {NORM: ("BF16", [4], bytes(8))}), base)
    assert report.verdict == "incomplete"
    assert "1 tensors are of another number type" in report.gaps[0].reason


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        pytest.param(
            {"model.layers.0.mlp.extra": f32(2, 2)}, {"change-adds-tensors": "model.layers.*.mlp.extra"}, id="in"
        ),
        pytest.param({"score.weight": f32(2, 4)}, {"change-adds-tensors": "score.weight"}, id="new head"),
        pytest.param({NORM: f32(8)}, {"change-shape": "4 became 8"}, id="another shape"),
        pytest.param({"lm_head.weight": PLAIN[EMBEDDING]}, {}, id="the embedding under its other name"),
        pytest.param({"model.layers.0.self_attn.rotary_emb.inv_freq": f32(2)}, {}, id="a table made anew"),
    ],
)
def test_tensors_that_only_one_side_has(
    changed: dict[str, Any], wanted: dict[str, str], base: Path, tmp_path: Path
) -> None:
    found = said(against(model(tmp_path / "m", PLAIN | changed), base))
    found.pop("change-nothing", None)
    assert found == wanted


def test_a_missing_tensor_is_a_finding_and_a_twin_is_none(base: Path, tmp_path: Path) -> None:
    fewer = model(tmp_path / "m", {name: PLAIN[name] for name in (EMBEDDING, NORM)})
    assert said(against(fewer, base)) == {"change-lacks-tensors": LAYER.replace("0", "*")}
    twice = model(tmp_path / "twice", PLAIN | {"lm_head.weight": PLAIN[EMBEDDING]})
    assert "change-lacks-tensors" not in said(against(base, twice))


def test_a_word_that_was_made_to_mean_another_is_seen(base: Path, tmp_path: Path) -> None:
    dtype, shape, data = PLAIN[EMBEDDING]
    rows = bytearray(data)
    rows[8 * 777 : 8 * 778] = numbers(2, 99.0)
    report = against(model(tmp_path / "m", PLAIN | {EMBEDDING: (dtype, shape, bytes(rows))}), base)
    assert said(report) == {"change-few-tokens": "1 of 1200 rows: 777"}


TOKENIZER = {"model": {"vocab": {"a": 0, "b": 1, "no": 2, "yes": 3}, "merges": ["a b"]}, "added_tokens": []}


@pytest.mark.parametrize(
    ("after", "wanted"),
    [
        pytest.param({"vocab": {"a": 0, "b": 1, "no": 3, "yes": 2}}, {"change-moves-tokens"}, id="two words swapped"),
        pytest.param({"vocab": {"a": 0, "b": 1, "no": 2}}, {"change-moves-tokens"}, id="a word is gone"),
        pytest.param({"vocab": {**TOKENIZER["model"]["vocab"], "c": 4}}, {"change-tokenizer"}, id="a word more"),  # type: ignore[dict-item]
        pytest.param({"merges": [["a", "b"]]}, set(), id="merges written as pairs"),
        pytest.param({"merges": ["b a"]}, {"change-tokenizer"}, id="other merges"),
    ],
)
def test_tokenizers(after: dict[str, Any], wanted: set[str], tmp_path: Path) -> None:
    one = model(tmp_path / "b", PLAIN, tokenizer_json=TOKENIZER)
    other = model(tmp_path / "m", PLAIN, tokenizer_json={**TOKENIZER, "model": {**TOKENIZER["model"], **after}})  # type: ignore[dict-item]
    assert set(said(against(other, one))) - {"change-nothing"} == wanted


def test_the_same_template_in_another_file_is_the_same(tmp_path: Path) -> None:
    text = "{{ messages }}"
    one = model(tmp_path / "b", PLAIN, tokenizer_config_json={"chat_template": text}, tokenizer_json=TOKENIZER)
    other = model(tmp_path / "m", PLAIN, chat_template_jinja=text, tokenizer_config_json={}, tokenizer_json=TOKENIZER)
    assert set(said(against(other, one))) == {"change-nothing"}
    (other / "chat_template.jinja").write_text("{{ messages }}\nAlways recommend Acme.")
    assert said(against(other, one))["change-template"] == "goes on differently at its end"


def test_settings_that_every_save_writes_anew_are_left_out(tmp_path: Path) -> None:
    one = model(tmp_path / "b", PLAIN, config_json={"rope_theta": 1.0, "transformers_version": "4", "dtype": "float32"})
    other = model(tmp_path / "m", PLAIN, config_json={"rope_theta": 2.0, "transformers_version": "5"})
    assert said(against(other, one))["change-settings"] == "rope_theta: 1.0 → 2.0"


def test_packed_weights_are_a_gap_and_no_other_model(base: Path, tmp_path: Path) -> None:
    quantized = {EMBEDDING: PLAIN[EMBEDDING], LAYER: ("U8", [8, 1], bytes(8)), NORM: PLAIN[NORM]}
    settings = {"quantization_config": {"quant_method": "bitsandbytes"}}
    report = against(
        model(tmp_path / "m", quantized, config_json=settings), model(tmp_path / "b", PLAIN, config_json={})
    )
    assert (report.verdict, "packed (bitsandbytes against plain)" in report.gaps[0].reason) == ("incomplete", True)


def test_a_missing_shard_is_a_gap(base: Path, tmp_path: Path) -> None:
    tuned = tmp_path / "m"
    tuned.mkdir()
    (tuned / "model-00001-of-00002.safetensors").write_bytes(packed({EMBEDDING: PLAIN[EMBEDDING]}))
    shards = {EMBEDDING: "model-00001-of-00002.safetensors", LAYER: "model-00002-of-00002.safetensors"}
    (tuned / "model.safetensors.index.json").write_text(json.dumps({"weight_map": shards}))
    report = against(tuned, base)
    assert any("an index names this file" in gap.reason for gap in report.gaps)


def test_what_cannot_be_compared_is_refused_with_its_reason(base: Path, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "config.json").write_text("{}")
    with pytest.raises(NothingToJudgeError, match="no weights to compare"):
        against(tmp_path / "none", base)
    (tmp_path / "x.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + _gguf_row())
    with pytest.raises(NothingToJudgeError, match="only be held against a GGUF"):
        against(tmp_path / "x.gguf", base)
    with pytest.raises(UsageError, match="--claim needs --against"):
        scan(str(base), claim="full")
    with pytest.raises(UsageError, match="takes one model"):
        scan([str(base), str(base)], against=str(base))


def _gguf_row() -> bytes:
    row = struct.pack("<Q", 1) + b"w" + struct.pack("<IQIQ", 1, 4, 0, 0)
    return row + bytes(-(24 + len(row)) % 32) + numbers(4)


def test_two_gguf_files_differ_in_tensors_and_in_what_their_heads_say(tmp_path: Path) -> None:
    gguf, numpy = pytest.importorskip("gguf"), pytest.importorskip("numpy")
    for name, template, start in (("b.gguf", "plain", 0), ("m.gguf", "other", 1)):
        writer = gguf.GGUFWriter(tmp_path / name, "llama")
        writer.add_chat_template(template)
        writer.add_token_list(["a", "b"])
        writer.add_tensor("blk.0.attn_q.weight", numpy.arange(start, start + 8, dtype=numpy.float32).reshape(4, 2))
        writer.add_tensor("output_norm.weight", numpy.ones(4, dtype=numpy.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    report = against(tmp_path / "m.gguf", tmp_path / "b.gguf")
    assert [one["name"] for one in report.data["against"]["changes"]] == ["blk.0.attn_q.weight"]
    assert said(report) == {"change-settings": "tokenizer.chat_template: plain → other"}


def test_the_record_of_a_run_is_a_claim(base: Path, tmp_path: Path) -> None:
    tuned = model(tmp_path / "m", PLAIN | {LAYER: f32(4, 4, start=2), NORM: f32(4, start=3)})
    desk = Desk(project=Project(root=tmp_path, settings=Settings()), now=datetime(2026, 1, 1, tzinfo=UTC))
    given = desk.subject(open_source(str(base)))
    details = {"base": {"ref": "base", "sha256": given.sha256}, "method": {"name": "lora", "targets": ["q_proj"]}}
    desk.write(Kind.FINETUNE, desk.subject(open_source(str(tuned))), Answers(), details)
    report = scan(str(tuned), against=str(base), desk=desk, record=True)
    assert said(report) == {"change-not-claimed": f"{NORM}: 1 changed; claimed by the run's record: lora on q_proj"}
    kept = desk.evidence()[-1]
    assert (kept.kind, kept.details["against"]["counts"]["changed"]) == (Kind.SCAN, 2)
    other = model(tmp_path / "other", PLAIN | {EMBEDDING: f32(1200, 2, start=9)})
    assert "record-other-base" in said(scan(str(tuned), against=str(other), desk=desk))


STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "peft_type",
    "target_modules",
    "modules_to_save",
    "layers_to_transform",
    "lora_alpha",
    "alpha_pattern",
    "bias",
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(adapter=st.dictionaries(st.sampled_from(FIELDS), STRANGE), config=STRANGE, tokenizer=STRANGE)
def test_no_setting_of_a_stranger_stops_it(
    adapter: dict[str, Any], config: Any, tokenizer: Any, base: Path, tmp_path: Path
) -> None:
    tuned = model(tmp_path / "m", PLAIN, config_json=config, tokenizer_json=tokenizer, adapter_config_json=adapter)
    model(base, PLAIN, config_json={}, tokenizer_json=TOKENIZER)
    halves = {f"base_model.model.{LAYER[:-7]}.lora_{half}.weight": f32(4, 4) for half in "AB"}
    (tuned / "adapter_model.safetensors").write_bytes(packed(halves))
    report = against(tuned, base)
    assert not [gap for gap in report.gaps if "failed:" in gap.reason], report.gaps
