"""Each part of the fast path gives the loss and the gradients of plain transformers and peft."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.making import models
from tests.trainer.runs import job_in, plan_of

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.train

OFF = {"packing": False, "chunked_loss": False, "fused_lora": False}


def gradients(
    folder: Path, speed: dict[str, Any], *, training: bool = False, **settings: Any
) -> tuple[float, dict[str, Any], Any]:
    """Loss and gradients of one step on the same rows, and the fast path that was chosen."""
    from ossmodelkit.trainer import preparing
    from ossmodelkit.trainer.distributed import World
    from ossmodelkit.trainer.feeding import Feed
    from ossmodelkit.trainer.tokenizer import load_tokenizer

    job = job_in(folder, plan_of(speed=speed, **settings))
    tokenizer = load_tokenizer(folder / "base")
    lessons = preparing.read_lessons(job, tokenizer)
    world = World(device=torch.device("cpu"))
    made = preparing.build(job, tokenizer, lessons, world)
    begin_somewhere(made.model)
    made.learner.train(training)  # Some architectures bring dropout of their own.
    feed = Feed(
        plan=job.plan,
        examples=lessons.examples,
        planned=5,
        packing=made.fast.packing,
        pad=tokenizer.pad_token_id,
        device=world.device,
    )
    batches, weight, _ = feed.step(0)
    loss = sum(made.learner(batch) / weight for batch in batches)
    loss.backward()
    found = {name: p.grad.clone() for name, p in made.learner.named_parameters() if p.grad is not None}
    return float(loss.detach()), found, made.fast


def begin_somewhere(model: Any) -> None:
    """B begins at zero, where half of the gradients vanish: move it."""
    chance = torch.Generator().manual_seed(5)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0.0, 0.05, generator=chance)


def apart(found: dict[str, Any], expected: dict[str, Any]) -> float:
    """The largest relative difference; a key's bias has no gradient but rounding, and is let off."""
    assert found.keys() == expected.keys()
    whole = max(float(gradient.norm()) for gradient in expected.values())
    sizes = {name: max(float(gradient.norm()), 1e-4 * whole) for name, gradient in expected.items()}
    return max(float((found[name] - expected[name]).norm()) / sizes[name] for name in expected)


@pytest.mark.parametrize("part", ["packing", "chunked_loss", "fused_lora", "all"])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_part_of_the_fast_path_changes_nothing(part: str, method: str, llama: Path) -> None:
    if (part, method) == ("fused_lora", "full"):
        pytest.skip("there is no adapter to fuse")
    speed = {name: part in (name, "all") for name in OFF}
    plain_loss, plain, _ = gradients(llama, OFF, method={"name": method})
    fast_loss, fast, chosen = gradients(llama, speed, method={"name": method})
    assert not chosen.refused
    assert (chosen.packing, chosen.chunked_loss) == (speed["packing"], speed["chunked_loss"])
    assert bool(chosen.fused_lora) == (speed["fused_lora"] and method == "lora")
    assert fast_loss == pytest.approx(plain_loss, rel=1e-5)
    assert apart(fast, plain) < 1e-5


@pytest.mark.parametrize("part", ["packing", "chunked_loss", "fused_lora"])
def test_in_bf16_it_stays_within_a_hundredth(part: str, llama: Path) -> None:
    speed = {name: name == part for name in OFF}
    plain_loss, plain, _ = gradients(llama, OFF, weights="bf16")
    fast_loss, fast, chosen = gradients(llama, speed, weights="bf16")
    assert not chosen.refused
    assert fast_loss == pytest.approx(plain_loss, rel=1e-2)
    one, two = (torch.cat([found[name].float().flatten() for name in sorted(found)]) for found in (fast, plain))
    assert float((one - two).norm() / two.norm()) < 1e-2


def test_micro_batches_change_nothing(llama: Path) -> None:
    whole_loss, whole, _ = gradients(llama, {})
    parts_loss, parts, _ = gradients(llama, {}, train={"micro_batch": 1})
    assert parts_loss == pytest.approx(whole_loss, rel=1e-5)
    assert apart(parts, whole) < 1e-5


@pytest.mark.parametrize("speed", [{}, OFF], ids=["packed", "padded"])
def test_bounding_the_tokens_at_once_changes_nothing(speed: dict[str, bool], llama: Path) -> None:
    whole_loss, whole, _ = gradients(llama, speed)
    parts_loss, parts, _ = gradients(llama, speed, train={"micro_tokens": 64})
    assert parts_loss == pytest.approx(whole_loss, rel=1e-5)
    assert apart(parts, whole) < 1e-5


@pytest.mark.parametrize("kind", ["selective", True])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_recomputing_changes_nothing(kind: str | bool, method: str, llama: Path) -> None:
    whole_loss, whole, _ = gradients(llama, {}, method={"name": method})
    again_loss, again, chosen = gradients(llama, {"recompute": kind}, method={"name": method}, training=True)
    assert chosen.recompute == ("full" if kind is True else kind)
    assert again_loss == pytest.approx(whole_loss, rel=1e-5)
    assert apart(again, whole) < 1e-5


def test_a_compiled_block_says_what_the_block_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same graphs without machine code, which would take a minute to make."""
    real = torch.compile
    monkeypatch.setattr(torch, "compile", lambda called, **how: real(called, backend="aot_eager", **how))
    models.tiny_llama(tmp_path / "base", layers=1)
    models.write_rows(tmp_path / "data.jsonl", models.chats(4))
    plain_loss, plain, _ = gradients(tmp_path, {}, method={"targets": ["q_proj"]})
    fast_loss, fast, chosen = gradients(tmp_path, {"compile": True}, method={"targets": ["q_proj"]})
    assert chosen.compile
    assert fast_loss == pytest.approx(plain_loss, rel=1e-5)
    assert apart(fast, plain) < 1e-5


def test_without_a_compiler_the_run_goes_on(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("no working C++ compiler")

    monkeypatch.setattr(torch, "compile", broken)
    _, _, chosen = gradients(llama, {"compile": True})
    assert chosen.refused == ("compile: no working C++ compiler",) and not chosen.compile


def test_liger_without_a_card_is_told_and_left_off(llama: Path) -> None:
    _, _, chosen = gradients(llama, {"liger": True})
    assert chosen.refused == ("liger: its kernels need a CUDA card",) and not chosen.liger


@pytest.mark.parametrize(
    ("room", "kind"), [(100, "off"), (99, "selective"), (60, "selective"), (50, "full"), (1, "full")]
)
def test_as_much_is_recomputed_as_the_card_demands(room: int, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from ossmodelkit.core.plan import Speed
    from ossmodelkit.trainer import recomputing

    monkeypatch.setattr(recomputing, "USABLE", 1.0)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (0, room))
    needed, card = {"keep": 100, "recompute": 20}, torch.device("cuda")
    assert recomputing.choose(Speed(), needed, card) == kind
    assert recomputing.choose(Speed(), {}, card) == "off"
    assert recomputing.choose(Speed(), needed, torch.device("cpu")) == "off"
    assert recomputing.choose(Speed(recompute=True), {}, card) == "full"


ARCHITECTURES = {
    "GPT2": {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 128},
    "Mistral": {"sliding_window": 6},
    "Qwen2": {},
    "Gemma2": {"head_dim": 8, "sliding_window": 6, "final_logit_softcapping": 2.0},
    "GPTNeoX": {},
    "OPT": {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "Bloom": {"n_layer": 2, "n_head": 2},
}
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}


@pytest.mark.parametrize("family", ARCHITECTURES)
def test_an_architecture_is_packed_exactly_or_not_at_all(family: str, tmp_path: Path) -> None:
    settings = ARCHITECTURES[family] if family == "GPT2" else SIZES | ARCHITECTURES[family]
    classes = {"GPT2": "GPT2LMHeadModel"}
    models.tiny(tmp_path / "base", f"{family}Config", classes.get(family, f"{family}ForCausalLM"), **settings)
    models.write_rows(tmp_path / "data.jsonl", models.chats(8))
    plain_loss, plain, _ = gradients(tmp_path, OFF, method={"name": "full"})
    fast_loss, fast, chosen = gradients(tmp_path, {}, method={"name": "full"})
    assert fast_loss == pytest.approx(plain_loss, rel=1e-5), chosen
    assert apart(fast, plain) < 2e-4, chosen


def test_int8_gradients_point_where_those_of_fp32_do(llama: Path) -> None:
    _, whole, _ = gradients(llama, {}, weights="fp32")
    _, small, _ = gradients(llama, {}, weights="int8")
    one = torch.cat([whole[name].flatten() for name in sorted(whole)])
    two = torch.cat([small[name].flatten() for name in sorted(small)])
    assert float(torch.nn.functional.cosine_similarity(one, two, dim=0)) > 0.999
