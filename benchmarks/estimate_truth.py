"""Peak memory of a textbook training step, by an own tracer that shares no code with the product.

transformers' model, peft's adapters, torch's optimizers, on fake CPU tensors: flash attention saves the same
tensors there. Options are words as in `kit estimate`, so that not even their types are shared. Everything that is
alive counts: weights, adapters, inputs, gradients, states, activations and temporaries.
"""

from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
TASK_TYPES = {"ForCausalLM": "CAUSAL_LM", "ForSeq2SeqLM": "SEQ_2_SEQ_LM"}
HEADS = ("lm_head", "embed_out", "score", "classifier", "decoder")
AUTO = {"bert": "ForMaskedLM", "t5": "ForSeq2SeqLM", "vit": "ForImageClassification"}
CHUNK = 32 * 1024 * 1024  # logits at once


class Alive(TorchDispatchMode):
    """Bytes of the storages that live, now and at most."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.sizes: dict[int, int] = {}

    def see(self, tensor: torch.Tensor) -> None:
        """Count the tensor's storage until it dies."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if tensor.device.type == "meta" or key in self.sizes:
            return
        self.sizes[key] = storage.nbytes()
        self.now += self.sizes[key]
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._died, key)

    def _died(self, key: int) -> None:
        self.now -= self.sizes.pop(key)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run it, then count what came out."""
        if func is torch.ops.aten._local_scalar_dense.default:
            return 1.0  # Adafactor reads numbers back
        if func is torch.ops.aten._fused_adamw_.default:
            return None  # in place
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, torch.Tensor):
                self.see(leaf)
        return out


class Unpack(torch.autograd.Function):
    """A product with a weight that is unpacked for it, forward and backward."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, layer: Any) -> torch.Tensor:
        ctx.layer = layer
        return nn.functional.linear(x, layer.unpack(x.dtype), layer.bias)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        return grads[0].matmul(ctx.layer.unpack(grads[0].dtype)), None


class Packed(nn.Linear):
    """int8 by row, or nf4 with double quantization: 0.5 + 1/64 + 4/(64 x 256) bytes a number."""

    def __init__(self, plain: nn.Linear, kind: str) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = plain.in_features, plain.out_features
        rows, columns = plain.weight.shape
        numbers = rows * columns
        empty = lambda *shape, dtype: nn.Parameter(torch.empty(*shape, dtype=dtype, device="meta"), requires_grad=False)  # noqa: E731
        if kind == "int8":
            self.weight = empty(rows, columns, dtype=torch.int8)
            self.scale = empty(rows, dtype=torch.float32)
        else:
            self.weight = empty(-(-numbers // 2), 1, dtype=torch.uint8)
            self.scale = empty(-(-numbers // 64), dtype=torch.uint8)
            self.outer = empty(-(-numbers // (64 * 256)), dtype=torch.float32)
        self.bias = plain.bias
        self.kind, self.before = kind, plain.weight.dtype

    @property
    def W_q(self) -> torch.Tensor:  # noqa: N802 - peft then asks for the weight itself
        """As it is held."""
        return self.weight

    def dequantize(self) -> torch.Tensor:
        """The weight in the type it came in."""
        return self.unpack(self.before)

    def unpack(self, dtype: torch.dtype) -> torch.Tensor:
        """The whole weight in `dtype`."""
        if self.kind == "int8":
            return self.weight.to(dtype).mul_(self.scale.to(dtype)[:, None])
        return torch.empty(self.out_features, self.in_features, dtype=dtype, device=self.weight.device)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The product."""
        return Unpack.apply(x, self)


class ChunkedLoss(torch.autograd.Function):
    """Head and cross entropy over a few rows at a time; gradients are made going forward."""

    @staticmethod
    def forward(ctx: Any, hidden: Any, weight: Any, bias: Any, labels: Any) -> torch.Tensor:
        rows = max(1, CHUNK // weight.shape[0])
        needs = ctx.needs_input_grad
        slopes = [torch.empty_like(hidden) if needs[0] else None]
        slopes.append(torch.zeros_like(weight, dtype=torch.float32) if needs[1] else None)
        slopes.append(torch.zeros_like(bias, dtype=torch.float32) if bias is not None and needs[2] else None)
        total = torch.zeros((), dtype=torch.float32)
        for at in range(0, hidden.shape[0], rows):
            part, wanted = hidden[at : at + rows], labels[at : at + rows]
            logits = nn.functional.linear(part, weight, bias).float()
            total += (logits.logsumexp(-1) - logits.gather(-1, wanted[:, None])[:, 0]).sum()
            logits.sub_(logits.logsumexp(-1, keepdim=True)).exp_()
            logits.scatter_add_(-1, wanted[:, None], logits.new_full((len(wanted), 1), -1.0))
            slope = logits.to(hidden.dtype)
            if slopes[0] is not None:
                torch.mm(slope, weight.to(hidden.dtype), out=slopes[0][at : at + rows])
            if slopes[1] is not None:
                slopes[1].addmm_(slope.T.float(), part.float())
            if slopes[2] is not None:
                slopes[2] += logits.sum(0)
        ctx.save_for_backward(*slopes)
        ctx.kinds = hidden.dtype, weight.dtype, bias.dtype if bias is not None else None
        return total

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        kept = zip(ctx.saved_tensors, ctx.kinds, strict=True)
        return (*(None if one is None else (one * grads[0]).to(kind) for one, kind in kept), None)


def peak(config: Mapping[str, Any], words: Mapping[str, Any]) -> int:
    """Bytes at the highest point of two textbook steps."""
    model = _model(config, words)
    if words.get("quantize", "none") != "none":
        _pack(model, words["quantize"])
    if words["method"] != "full":
        model.requires_grad_(False)
    if words.get("checkpointing"):
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if words["method"] != "full":
        model = _adapt(model, words, config["model_type"])
    tracker = Alive()
    with FakeTensorMode(allow_non_fake_inputs=True), _roads(words):
        _give_memory(model)
        with tracker:
            inputs = _inputs(model, words)
            for one in (*model.parameters(), *model.buffers(), *inputs.values()):
                if isinstance(one, torch.Tensor):
                    tracker.see(one)
            optimizer = _optimizer([p for p in model.parameters() if p.requires_grad], words)
            for _ in range(2):
                _loss(model, inputs, words).backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
    return tracker.most


def _model(config: Mapping[str, Any], words: Mapping[str, Any]) -> Any:
    import transformers

    plain = {key: value for key, value in config.items() if key not in ("dtype", "torch_dtype")}
    settings = transformers.AutoConfig.for_model(**plain)
    name = "kit_truth_varlen" if words.get("attention") == "varlen" else words.get("attention", "sdpa")
    if name == "kit_truth_varlen":
        transformers.AttentionInterface.register(name, _varlen)
    settings._attn_implementation = name
    kind = getattr(transformers, "AutoModel" + AUTO.get(str(config["model_type"]), "ForCausalLM"))
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = kind.from_config(settings, dtype=DTYPES[words.get("dtype", "bf16")])
    model.train()
    for module in model.modules():  # dropout would leave flash attention on a CPU
        for attribute in [name for name, value in vars(module).items() if "drop" in name and isinstance(value, float)]:
            setattr(module, attribute, 0.0)
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return model


def _varlen(module: Any, query: Any, key: Any, value: Any, mask: Any, **given: Any) -> Any:
    from torch.nn.attention.varlen import varlen_attn

    q, k, v = (one[0].transpose(0, 1).contiguous() for one in (query, key, value))
    ends, longest = given["cu_seq_lens_q"], given["max_length_q"]
    window = given.get("sliding_window")
    more = {"enable_gqa": True} if q.shape[1] != k.shape[1] else {}
    size = (window - 1 if window else -1, 0)
    return varlen_attn(q, k, v, ends, ends, longest, longest, scale=given.get("scaling"), window_size=size, **more)[
        None
    ], None


def _pack(model: nn.Module, kind: str) -> None:
    kept = tuple(getattr(model, "_keep_in_fp32_modules", None) or ()) if kind == "nf4" else ()  # T5's wo
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child).__name__ == "Conv1D":  # GPT-2 keeps its weights turned round
                turned = nn.Linear(*child.weight.shape, device="meta", dtype=child.weight.dtype)
                turned.bias = child.bias
                setattr(parent, name, Packed(turned, kind))
            elif type(child) is nn.Linear and name not in (*HEADS, *kept):
                setattr(parent, name, Packed(child, kind))


def _adapt(model: Any, words: Mapping[str, Any], family: str) -> Any:
    import peft

    targets: Any = words.get("targets", "all-linear")
    targets = targets if targets == "all-linear" else targets.split(",")
    kind = TASK_TYPES.get(AUTO.get(family, "ForCausalLM"))
    if words["method"] == "prompt":
        settings: Any = peft.PromptTuningConfig(task_type=kind, num_virtual_tokens=words.get("prompt_tokens", 20))
    elif words["method"] == "ia3":
        settings = peft.IA3Config(task_type=kind)
        if "targets" in words:
            settings = peft.IA3Config(task_type=kind, target_modules=targets, feedforward_modules=[])
    else:
        settings = peft.LoraConfig(
            task_type=kind,
            r=words.get("rank", 16),
            lora_dropout=0.0,
            target_modules=targets,
            use_dora=words["method"] == "dora",
        )
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = peft.get_peft_model(model, settings)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(DTYPES[words.get("adapter_dtype", "fp32")])
    return adapted


def _give_memory(model: nn.Module) -> None:
    known: dict[int, Any] = {}
    for module in model.modules():
        for shelf in (module._parameters, module._buffers):
            for name, old in shelf.items():
                if old is None:
                    continue
                if id(old) not in known:
                    fresh = torch.empty(old.shape, dtype=old.dtype)
                    learns = isinstance(old, nn.Parameter)
                    known[id(old)] = nn.Parameter(fresh, requires_grad=old.requires_grad) if learns else fresh
                shelf[name] = known[id(old)]


def _inputs(model: Any, words: Mapping[str, Any]) -> dict[str, Any]:
    rows, seq = words.get("batch", 1), words.get("seq", 2048)
    if model.config.model_type == "vit":
        side, deep = model.config.image_size, model.config.num_channels
        kind = next(p.dtype for p in model.parameters() if p.is_floating_point())
        return {"pixel_values": torch.empty(rows, deep, side, side, dtype=kind), "labels": torch.ones(rows).long()}
    if words.get("attention") == "varlen":
        ids = torch.ones(1, rows * seq, dtype=torch.long)
        ends = torch.zeros(rows + 1, dtype=torch.int32)
        found = {"input_ids": ids, "labels": ids.clone(), "position_ids": ids.clone()}
        return found | {"cu_seq_lens_q": ends, "cu_seq_lens_k": ends, "max_length_q": seq, "max_length_k": seq}
    ids = torch.ones(rows, seq, dtype=torch.long)
    mask = {"attention_mask": torch.ones(rows, seq, dtype=torch.long)} if words.get("padded") else {}
    return {"input_ids": ids, "labels": ids.clone(), **mask}


@contextlib.contextmanager
def _roads(words: Mapping[str, Any]) -> Iterator[None]:
    """A fake batch without padding must not be taken for one that is being compiled."""
    from transformers import masking_utils
    from transformers.integrations import moe

    usual, grouped = masking_utils.find_packed_sequence_indices, moe._can_use_grouped_mm
    if not words.get("padded"):
        masking_utils.find_packed_sequence_indices = lambda *given, **named: None
    if words.get("dtype", "bf16") != "bf16" or words.get("autocast", "none") != "none":
        moe._can_use_grouped_mm = lambda *given, **named: False  # fake products of experts know bf16 only
    try:
        yield
    finally:
        masking_utils.find_packed_sequence_indices, moe._can_use_grouped_mm = usual, grouped


def _loss(model: Any, inputs: dict[str, Any], words: Mapping[str, Any]) -> Any:
    with torch.autocast("cpu", torch.bfloat16, enabled=words.get("autocast", "none") != "none"):
        quiet = {} if model.config.model_type in ("vit", "bert") else {"use_cache": False}
        if words.get("loss", "full") == "full":
            return model(**inputs, **quiet).loss
        return _chunked(model, dict(inputs), quiet)


def _chunked(model: Any, inputs: dict[str, Any], quiet: Mapping[str, Any]) -> torch.Tensor:
    labels = inputs.pop("labels")
    head = model.get_output_embeddings()
    seen: list[torch.Tensor] = []
    usual, head.forward = head.forward, lambda hidden: (seen.append(hidden), hidden[..., :1])[1]
    try:
        model(**inputs, **quiet)
    finally:
        head.forward = usual
    hidden = seen.pop()[:, -labels.shape[1] :][:, :-1].flatten(0, 1)
    return ChunkedLoss.apply(hidden, head.weight, head.bias, labels[:, 1:].flatten())


def _optimizer(learns: list[nn.Parameter], words: Mapping[str, Any]) -> Any:
    name = words.get("optimizer", "adamw")
    if name.endswith("adamw8bit"):
        return _EightBit(learns, paged=name.startswith("paged"))
    made = {
        "adamw": lambda: torch.optim.AdamW(learns, fused=True),
        "adamw_foreach": lambda: torch.optim.AdamW(learns, foreach=True),
        "sgd": lambda: torch.optim.SGD(learns, foreach=False),
        "adafactor": lambda: torch.optim.Adafactor(learns),
    }
    return made[name]()


class _EightBit:
    """Block-wise states by arithmetic, as bitsandbytes holds them: two bytes a number, two fp32 scales for 256.

    Tensors under 4,096 numbers have fp32 states; paged ones of 100,000 and more lie on the host.
    """

    def __init__(self, learns: list[nn.Parameter], *, paged: bool) -> None:
        sizes = []
        for count in (one.numel() for one in learns):
            packed = 2 * count + 8 * -(-count // 256) if count >= 4096 else 8 * count
            sizes.append(0 if paged and count >= 100_000 else packed)
        self.learns = learns
        self.states = [torch.empty(size, dtype=torch.uint8) for size in sizes]

    def step(self) -> None:
        """The kernel needs nothing else."""

    def zero_grad(self, set_to_none: bool) -> None:
        """Drop the gradients."""
        for one in self.learns:
            one.grad = None
