"""Fields in a model's configuration that make a loader import code or open other places.

Sources: transformers (dynamic_module_utils, pipelines), diffusers (pipeline_loading_utils),
sentence-transformers (Transformer, Router, Dense), PEFT (config, mixed loading), MLflow (pyfunc).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.formats import strict_json

LOADED = re.compile(r"([\w.-]*config[\w.-]*|[\w.-]*model_index|modules|preprocessor|processor|training_args)\.json")
DIFFUSERS_LIBRARIES = frozenset(
    {"diffusers", "transformers", "onnxruntime", "optimum", "flax", "peft", "sentencepiece"}
)
MODULE_FIELDS = (
    "activation_function",
    "activation_fn",
    "sbert_ce_default_activation_function",
    "loss_fn",
    "pooling_fn",
)
# At the root they are found before the real ones by every program that is started in the folder.
SHADOWED = (
    "torch|numpy|transformers|tokenizers|safetensors|huggingface_hub|accelerate|peft|diffusers|tensorflow|keras|onnx|gguf|yaml|requests|tqdm"
    "|packaging|regex|filelock|"
    "abc|argparse|ast|asyncio|base64|bisect|codecs|collections|contextlib|copy|csv|dataclasses|datetime|enum|functools|glob|gzip|hashlib"
    "|heapq|importlib|inspect|io|itertools|json|logging|math|multiprocessing|numbers|operator|os|pathlib|pickle|platform|queue|random|re"
    "|shutil|signal|socket|ssl|statistics|string|struct|subprocess|sys|tempfile|textwrap|threading|time|timeit|traceback|types|typing|urllib"
    "|uuid|warnings|weakref|zipfile|zlib"
)
# Names under which a program imports a file without being told to: pip, torch.hub, inference servers, Python itself.
IMPLICIT = re.compile(
    r"(.*/)?(setup|install|hubconf|handler|inference|pipeline|conftest|sitecustomize|usercustomize|custom_interface)\.py"
    r"|(__init__|__main__|(ipython|jupyter)\w*_config)\.py|(.*/)?\.ipython/\w+/startup/[\w-]+\.py"
    rf"|(?:{SHADOWED})(?:\.py|/__init__\.py)"
    r"|(.*/)?(build/torch[\w-]+|torch-ext)/(.*/)?__init__\.py"
    r"|(.*/)?custom_generate/generate\.py|(.*/)?\d+/model\.py"
)
# `datasets` and `evaluate` import the script of a repository by its name, and look for such a class in it.
BUILDS_DATA = re.compile(
    r"^class \w+\([^)]*\b(GeneratorBasedBuilder|ArrowBasedBuilder|BeamBasedBuilder|evaluate\.\w+|datasets\.Metric)\b",
    re.MULTILINE,
)
TRUSTED_KERNELS = ("kernels-community/",)


@dataclass(frozen=True, slots=True)
class Reference:
    """A field's path, its text, the repository it names, and the module in file or dotted form."""

    field: str
    value: str
    module: str
    repository: str = ""
    installed: bool = False


def references(name: str, value: Any) -> Iterator[Reference]:
    """Every code reference in the configuration file called `name`."""
    for path, item in strict_json.objects(value):
        field = strict_json.dotted(path)
        yield from _auto_map(item, field)
        yield from _pipelines(item, field)
        yield from _named_modules(item, field)
    if name == "model_index.json" and isinstance(value, dict):
        yield from _diffusers(value)
    if name in ("modules.json", "router_config.json"):
        yield from _sentence_transformers(value)


def _join(field: str, key: object) -> str:
    return f"{field}.{key}" if field else str(key)


def _split(field: str, text: str) -> Reference:
    """`other/repo--file.Class` or `file.Class`."""
    repository, _, rest = text.rpartition("--")
    return Reference(field, text, rest.rpartition(".")[0] or rest, repository)


def _auto_map(item: dict[str, Any], field: str) -> Iterator[Reference]:
    for key in ("auto_map", "custom_object_map"):
        mapping = item.get(key)
        if not isinstance(mapping, dict):
            continue
        for auto, value in mapping.items():
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and text:
                    yield _split(_join(field, f"{key}.{auto}"), text)


def _pipelines(item: dict[str, Any], field: str) -> Iterator[Reference]:
    pipelines = item.get("custom_pipelines")
    if isinstance(pipelines, dict):
        for task, entry in pipelines.items():
            if isinstance(entry, dict) and isinstance(entry.get("impl"), str):
                yield _split(_join(field, f"custom_pipelines.{task}.impl"), entry["impl"])
    for key in ("custom_pipeline", "custom_generate"):
        if isinstance(item.get(key), str) and item[key]:
            text = item[key]
            repository = text if "/" in text and not text.endswith(".py") else ""
            yield Reference(_join(field, key), text, text.removesuffix(".py"), repository)


def _named_modules(item: dict[str, Any], field: str) -> Iterator[Reference]:
    attention = item.get("_attn_implementation", item.get("attn_implementation"))
    if isinstance(attention, str) and "/" in attention and not attention.startswith(TRUSTED_KERNELS):
        yield Reference(_join(field, "_attn_implementation"), attention, attention, attention.partition(":")[0])
    if isinstance(item.get("model_file"), str) and item["model_file"].endswith(".py"):  # mlx-lm imports it
        yield Reference(_join(field, "model_file"), item["model_file"], item["model_file"].removesuffix(".py"))
    for key in MODULE_FIELDS:
        if isinstance(item.get(key), str) and "." in item[key]:
            yield Reference(_join(field, key), item[key], item[key], installed=True)


def _diffusers(value: dict[str, Any]) -> Iterator[Reference]:
    for key, entry in value.items():
        if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
            continue
        library = entry[0]
        if key == "_class_name":
            yield Reference(key, f"{library}.{entry[1]}", library)
        elif library.partition(".")[0] not in DIFFUSERS_LIBRARIES and not key.startswith("_"):
            yield Reference(key, f"{library}.{entry[1]}", f"{key}/{library}" if "." not in library else library)


def _sentence_transformers(value: Any) -> Iterator[Reference]:
    for path, item in strict_json.objects(value):
        kinds = item.get("types")
        texts = [item.get("type"), *(kinds.values() if isinstance(kinds, dict) else ())]
        for text in texts:
            if isinstance(text, str) and not text.startswith("sentence_transformers."):
                yield _split(_join(strict_json.dotted(path), "type"), text)


def trust_flags(value: Any) -> Iterator[str]:
    """Paths of `trust_remote_code` fields that are on."""
    for path, item in strict_json.objects(value):
        if item.get("trust_remote_code") not in (None, False, "false", "False", 0):
            yield strict_json.dotted((*path, "trust_remote_code"))
