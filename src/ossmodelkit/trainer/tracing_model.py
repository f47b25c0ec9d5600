"""A model without memory: built on the meta device, given adapters there, then made of fake tensors.

`Module.to` fails on fake parameters (they are held by weak references), hence the order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from ossmodelkit.estimating.architecture import families
from ossmodelkit.estimating.options import ADAPTERS, Attention, Dtype, Method, Quantize, StepOptions
from ossmodelkit.trainer import int8
from ossmodelkit.trainer.loading import HEADS
from ossmodelkit.trainer.troubles import Trouble

TORCH = {Dtype.BF16: torch.bfloat16, Dtype.FP16: torch.float16, Dtype.FP32: torch.float32}
TASK_TYPES = {"causal-lm": "CAUSAL_LM", "seq2seq": "SEQ_2_SEQ_LM", "sequence-classification": "SEQ_CLS"}
NF4_BLOCK, NF4_OUTER = 64, 256  # numbers under one scale; scales under one scale (double quantization)


class Nf4Linear(nn.Linear):
    """A frozen linear layer that holds what nf4 with double quantization holds, and unpacks for each product."""

    def __init__(self, source: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.made_of = source.weight.dtype
        self.in_features, self.out_features = source.in_features, source.out_features
        count = source.weight.numel()
        device = source.weight.device
        self.weight = nn.Parameter(
            torch.empty(-(-count // 2), 1, dtype=torch.uint8, device=device), requires_grad=False
        )
        blocks = -(-count // NF4_BLOCK)
        self.register_buffer("scales", torch.empty(blocks, dtype=torch.uint8, device=device))
        self.register_buffer("outer", torch.empty(-(-blocks // NF4_OUTER), dtype=torch.float32, device=device))
        bias = source.bias
        self.bias = None if bias is None else nn.Parameter(bias.detach().clone(), requires_grad=False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """The product with the unpacked weight."""
        out: torch.Tensor = int8._Product.apply(input, self)
        return out

    def unpacked(self, dtype: torch.dtype) -> torch.Tensor:
        """The weight as `dtype`, as one new tensor."""
        return torch.empty(self.out_features, self.in_features, dtype=dtype, device=self.weight.device)

    @property
    def W_q(self) -> torch.Tensor:  # noqa: N802 - peft asks layers that have this to dequantize themselves
        """The weight as it is held."""
        return self.weight

    def dequantize(self) -> torch.Tensor:
        """The weight as it was, for adapters that need its norm."""
        return self.unpacked(self.made_of)


def build(config: Mapping[str, Any], options: StepOptions, task: str) -> nn.Module:
    """The model of a configuration on the meta device, frozen and adapted as `options` say.

    Raises `Trouble` when transformers does not know the model or peft cannot adapt it.
    """
    model = _bare(config, options, task)
    _train_mode(model)
    if options.quantize is not Quantize.NONE:
        pack(model, options.quantize)
    if options.method is not Method.FULL:
        model.requires_grad_(False)
    if options.checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    if options.method in ADAPTERS or options.method is Method.PROMPT:
        model = _adapted(model, options, task)
    return model


def _bare(config: Mapping[str, Any], options: StepOptions, task: str) -> Any:
    import transformers

    classes = {
        "causal-lm": transformers.AutoModelForCausalLM,
        "seq2seq": transformers.AutoModelForSeq2SeqLM,
        "masked-lm": transformers.AutoModelForMaskedLM,
        "sequence-classification": transformers.AutoModelForSequenceClassification,
        "image-classification": transformers.AutoModelForImageClassification,
    }
    plain = {
        key: value
        for key, value in config.items()
        if key not in ("auto_map", "quantization_config", "dtype", "torch_dtype")
    }
    try:
        settings = transformers.AutoConfig.for_model(**plain)
        settings._attn_implementation = _attention(options)
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return classes[task].from_config(settings, dtype=TORCH[options.dtype], trust_remote_code=False)
    except Exception as error:
        raise Trouble(
            f"transformers cannot build this model: {_first_line(error)}", hint="check config.json"
        ) from error


def _attention(options: StepOptions) -> str:
    if options.attention is Attention.VARLEN:
        from ossmodelkit.trainer import tracing_attention

        return tracing_attention.register()
    return options.attention.value


def _train_mode(model: nn.Module) -> None:
    """Training mode without dropout: with dropout, attention on a CPU falls back to the plain path."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in ("attention_dropout", "dropout_prob", "attn_dropout", "dropout"):
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def pack(model: nn.Module, quantize: Quantize) -> None:
    """Hold every linear layer in 8 or 4 bits, but for heads, and for what transformers keeps from 4 bits (T5's wo)."""
    kind = int8.Int8Linear if quantize is Quantize.INT8 else Nf4Linear
    kept = () if quantize is Quantize.INT8 else tuple(getattr(model, "_keep_in_fp32_modules", None) or ())
    head = getattr(model, "get_output_embeddings", lambda: None)()
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            plain = int8.as_linear(child)
            if plain is not None and name not in (*HEADS, *kept) and child is not head:
                setattr(parent, name, kind(plain))


def _adapted(model: Any, options: StepOptions, task: str) -> nn.Module:
    import peft

    shared: dict[str, Any] = {"task_type": TASK_TYPES.get(task)}
    targets: Any = "all-linear" if options.targets in (("all-linear",), ("default",)) else list(options.targets)
    forward: list[str] = []
    if options.method is Method.IA3 and options.targets == ("default",):
        usual = _usual_ia3(model)
        targets, forward = usual.get("targets"), usual.get("feedforward", [])
    settings: Any
    if options.method is Method.PROMPT:
        settings = peft.PromptTuningConfig(num_virtual_tokens=options.prompt_tokens, **shared)
    elif options.method is Method.IA3:
        settings = peft.IA3Config(
            target_modules=targets, feedforward_modules=None if targets is None else forward, **shared
        )
    else:
        settings = peft.LoraConfig(
            r=options.rank,
            lora_alpha=2 * options.rank,
            lora_dropout=0.0,
            target_modules=targets,
            use_dora=options.method is Method.DORA,
            **shared,
        )
    try:
        with torch.device("meta"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adapted: nn.Module = peft.get_peft_model(model, settings, autocast_adapter_dtype=True)
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(
            f"peft cannot adapt this model: {_first_line(error)}", hint="name modules with --targets"
        ) from error
    wanted = TORCH[options.adapter_dtype]
    for parameter in adapted.parameters():
        if parameter.requires_grad and parameter.is_floating_point():
            parameter.data = parameter.data.to(wanted)
    return adapted


def _usual_ia3(model: Any) -> dict[str, list[str]]:
    """Keys, values and the second matrix of the feed-forward part; empty where peft has to know."""
    known = (spec for spec in families().values() if model.config.model_type in spec["types"])
    found: dict[str, list[str]] = next((spec.get("ia3", {}) for spec in known), {})
    return found


def materialize(model: nn.Module) -> None:
    """Replace every meta tensor by a fake one on the CPU, keeping ties. Call inside fake mode."""
    made: dict[int, Any] = {}
    for module in model.modules():
        for store in (module._parameters, module._buffers):
            for name, tensor in list(store.items()):
                if tensor is not None:
                    store[name] = made.setdefault(id(tensor), _like(tensor))


def _like(tensor: torch.Tensor) -> torch.Tensor:
    fresh = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(fresh, requires_grad=tensor.requires_grad)
    return fresh


def static_tensors(model: nn.Module) -> Iterator[torch.Tensor]:
    """Parameters and buffers, each storage once."""
    seen: set[int] = set()
    for tensor in (*model.parameters(), *model.buffers()):
        own = getattr(tensor, "to_local", None)
        key = (tensor if own is None else own()).untyped_storage()._cdata
        if key not in seen:
            seen.add(key)
            yield tensor


def block_lists(model: nn.Module) -> list[nn.ModuleList]:
    """The stacks of equal blocks, outermost, in the order they run."""
    found: list[tuple[str, nn.ModuleList]] = []
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer, _ in found)
        if isinstance(module, nn.ModuleList) and not inside and _are_blocks(module):
            found.append((name, module))
    return [module for _, module in found]


def outer_linears(model: Any) -> list[tuple[str, nn.Module]]:
    """Linear layers outside the blocks, but for the head over the vocabulary."""
    inside = {id(module) for blocks in block_lists(model) for module in blocks.modules()}
    head = model.get_output_embeddings()
    return [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, (nn.Linear, Conv1D)) and id(module) not in inside and module is not head
    ]


def _are_blocks(modules: nn.ModuleList) -> bool:
    kinds = {type(module).__name__.removeprefix("FSDP") for module in modules}
    return len(modules) > 0 and len(kinds) == 1 and sum(1 for _ in modules[0].modules()) > 3


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
