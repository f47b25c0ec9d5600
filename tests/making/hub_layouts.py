"""Folders as they lie on the hub, written by the real libraries; every one of them is harmless."""
# ruff: noqa: E501

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

from tests.making import chat_templates

CARD = """---
license: apache-2.0
base_model: org/base
tags: [text-generation]
---
# A model

```python
import os
os.system("nvidia-smi")  # a card may say anything
model = AutoModel.from_pretrained("org/x", trust_remote_code=True)
```
Set `HF_TOKEN=hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` first. {{ not.__class__ a template }}
"""
ATTRIBUTES = "*.bin filter=lfs diff=lfs merge=lfs -text\n*.safetensors filter=lfs diff=lfs merge=lfs -text\n"


def put(folder: Path, files: dict[str, object]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")


def picture() -> bytes:
    """One white pixel as PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\xff\xff\xff"))
        + chunk(b"IEND", b"")
    )


def common(folder: Path) -> None:
    """What nearly every repository has."""
    put(
        folder,
        {"README.md": CARD, ".gitattributes": ATTRIBUTES, "LICENSE": "Apache License\n", "assets/logo.png": picture()},
    )


def llama(folder: Path) -> None:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    common(folder)
    config = LlamaConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, vocab_size=300
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder, max_shard_size="20KB")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer.train_from_iterator(
        ["hello world", "os.system eval exec __class__"] * 20,
        trainers.BpeTrainer(vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")
    fast.chat_template = chat_templates.HEADERS_AND_DATES
    fast.save_pretrained(folder)
    GenerationConfig(temperature=0.6, do_sample=True).save_pretrained(folder)
    put(
        folder,
        {
            "original/params.json": {"dim": 16},
            "original/tokenizer.model": "".join(f"{'aGVsbG8='} {i}\n" for i in range(50)),
        },
    )


def bert(folder: Path) -> None:
    import h5py
    import msgpack
    import numpy as np
    import torch
    from transformers import BertConfig, BertModel

    common(folder)
    model = BertModel(
        BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=99)
    )
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    with h5py.File(folder / "tf_model.h5", "w") as file:
        file.attrs["backend"] = b"tensorflow"
        file.attrs["layer_names"] = [b"bert", b"dropout_37"]
        layer = file.create_group("bert")
        layer.attrs["weight_names"] = [b"tf_bert/kernel:0"]
        layer.create_dataset("tf_bert/kernel:0", data=np.zeros((4, 4), "float32"))
    array = msgpack.packb([[2, 2], "float32", np.ones((2, 2), "float32").tobytes()])
    put(folder, {
        "flax_model.msgpack": msgpack.packb({"params": {"kernel": msgpack.ExtType(1, array)}}),
        "vocab.txt": "\n".join(["[PAD]", "[UNK]", *"abcdef", "##ing", "ünï", "中"]),
        "tokenizer_config.json": {"do_lower_case": True, "tokenizer_class": "BertTokenizer"},
        "special_tokens_map.json": {"unk_token": "[UNK]"},
    })  # fmt: skip


def sentence_transformers(folder: Path) -> None:
    bert(folder)
    put(folder, {
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": 16, "pooling_mode_mean_tokens": True},
        "2_Dense/config.json": {"in_features": 16, "activation_function": "torch.nn.modules.activation.Tanh"},
        "sentence_bert_config.json": {"max_seq_length": 256, "do_lower_case": False},
        "config_sentence_transformers.json": {"__version__": {"pytorch": "2.0"}, "prompts": {}, "similarity_fn_name": "cosine"},
        "train_script.py": "import os\nimport subprocess\nsubprocess.run(['nvidia-smi'])\n",
        "data_config.json": [{"name": "x.jsonl.gz", "lines": 3, "weight": 1}],
    })  # fmt: skip


def diffusers(folder: Path) -> None:
    import numpy as np
    from safetensors.numpy import save

    common(folder)
    weights = save({"w": np.zeros((4, 4), "float16")}, metadata={"format": "pt"})
    put(folder, {
        "model_index.json": {
            "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30.0", "feature_extractor": ["transformers", "CLIPImageProcessor"],
            "safety_checker": [None, None], "requires_safety_checker": False, "scheduler": ["diffusers", "PNDMScheduler"],
            "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
            "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"],
        },
        "unet/config.json": {"_class_name": "UNet2DConditionModel", "act_fn": "silu"},
        "unet/diffusion_pytorch_model.safetensors": weights,
        "vae/config.json": {"_class_name": "AutoencoderKL"},
        "vae/diffusion_pytorch_model.fp16.safetensors": weights,
        "scheduler/scheduler_config.json": {"_class_name": "PNDMScheduler"},
        "tokenizer/vocab.json": {"a": 0, "b</w>": 1},
        "tokenizer/merges.txt": "#version: 0.2\na b</w>\n",
        "v1-inference.yaml": "model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params:\n    unet_config:\n      target: ldm.modules.diffusionmodules.openaimodel.UNetModel\n",
    })  # fmt: skip


def adapter(folder: Path) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    common(folder)
    config = LlamaConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, vocab_size=50
    )
    lora = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM", base_model_name_or_path="org/base")
    get_peft_model(LlamaForCausalLM(config), lora).save_pretrained(folder)


def trainer_checkpoint(folder: Path) -> None:
    import random

    import numpy as np
    import torch
    from transformers import TrainingArguments

    adapter(folder)
    parameter = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.AdamW([parameter])
    parameter.grad = torch.ones(3)
    optimizer.step()
    torch.save(optimizer.state_dict(), folder / "optimizer.pt")
    torch.save(torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: 1.0).state_dict(), folder / "scheduler.pt")
    state = {"python": random.getstate(), "numpy": np.random.get_state(), "cpu": torch.random.get_rng_state()}
    torch.save(state, folder / "rng_state.pth")
    torch.save(TrainingArguments(output_dir=str(folder / "out"), report_to=[]), folder / "training_args.bin")
    put(folder, {"trainer_state.json": {"best_metric": None, "epoch": float("nan"), "log_history": []}})


def gguf(folder: Path) -> None:
    import gguf as reference
    import numpy as np

    common(folder)
    writer = reference.GGUFWriter(folder / "model-Q4_0.gguf", "llama")
    writer.add_block_count(1)
    writer.add_context_length(128)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"<{i}>" for i in range(64)])
    writer.add_token_types([1] * 64)
    writer.add_chat_template(chat_templates.THINKING_AND_TOOLS)
    kind = reference.GGMLQuantizationType.Q4_0
    writer.add_tensor("blk.0.attn_q.weight", reference.quantize(np.ones((4, 64), "float32"), kind), raw_dtype=kind)
    writer.add_tensor("output_norm.weight", np.ones(5, "float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    put(
        folder,
        {
            "config.json": {"model_type": "llama"},
            "Modelfile": 'FROM ./model-Q4_0.gguf\nPARAMETER stop x\nTEMPLATE """{{ .Prompt }}"""\n',
        },
    )


def onnx(folder: Path) -> None:
    import numpy as np
    import onnx as reference
    from onnx import helper, numpy_helper

    common(folder)
    value = helper.make_tensor_value_info
    weights = numpy_helper.from_array(np.random.default_rng(0).random((64, 64), "float32"), "w")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("FastGelu", ["y"], ["z"], domain="com.microsoft"),
    ]
    graph = helper.make_graph(nodes, "g", [value("x", 1, [1, 64])], [value("z", 1, [1, 64])], [weights])
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    )
    (folder / "onnx").mkdir()
    reference.save_model(
        made, folder / "onnx" / "model.onnx", save_as_external_data=True, location="model.onnx_data", size_threshold=0
    )
    put(
        folder,
        {
            "config.json": {"model_type": "bert"},
            "ort_config.json": {"optimization": {}},
            "onnx/quantize_config.json": {"per_channel": False},
        },
    )


def whisper(folder: Path) -> None:
    import numpy as np
    from safetensors.numpy import save

    common(folder)
    put(folder, {
        "config.json": {"architectures": ["WhisperForConditionalGeneration"], "forced_decoder_ids": [[1, 2]]},
        "model.safetensors": save({"w": np.zeros((4, 4), "float32")}),
        "preprocessor_config.json": {"feature_extractor_type": "WhisperFeatureExtractor", "mel_filters": [[0.0] * 80] * 20},
        "normalizer.json": {"accessorise": "accessorize"},
        "vocab.json": {"!": 0, "\u0120os": 1, "eval(": 2},
        "merges.txt": "#version: 0.2\n\u0120 t\n",
        "added_tokens.json": {"<|en|>": 3},
        "runs/Jan01/events.out.tfevents.1.host": record(b"\x09\0\0\0\0\0\0\0\0\x1a\x0dbrain.Event:2") * 4,
        "audio/sample.wav": b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(28),
    })  # fmt: skip


def record(data: bytes) -> bytes:
    """One TFRecord."""
    from ossmodelkit.formats.media import _masked

    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data))


def remote_code(folder: Path) -> None:
    """Clean code behind an auto_map."""
    common(folder)
    put(folder, {
        "config.json": {"model_type": "x", "auto_map": {"AutoConfig": "configuration_x.XConfig", "AutoModel": "modeling_x.XModel"}},
        "configuration_x.py": "from transformers import PretrainedConfig\n\n\nclass XConfig(PretrainedConfig):\n    model_type = 'x'\n",
        "modeling_x.py": "import torch\nfrom transformers import PreTrainedModel\n\nfrom .configuration_x import XConfig\n\n\n"
        "class XModel(PreTrainedModel):\n    config_class = XConfig\n\n    def forward(self, x):\n        return torch.nn.functional.gelu(x)\n",
        "requirements.txt": "torch>=2.1\ntransformers\neinops==0.8.0\n",
    })  # fmt: skip


LIGHT = (diffusers, gguf, onnx, whisper, remote_code)
HEAVY = (llama, bert, sentence_transformers, adapter, trainer_checkpoint)
