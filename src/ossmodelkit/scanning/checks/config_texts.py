"""What the texts of a configuration are to the program that reads it: commands, code, and paths to other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from ossmodelkit.core.check import check
from ossmodelkit.core.finding import Hit, Severity
from ossmodelkit.formats import strict_json
from ossmodelkit.formats.json_documents import JsonDocument
from ossmodelkit.formats.templates import climbs
from ossmodelkit.formats.yaml_documents import YamlDocument, YamlTag
from ossmodelkit.scanning.checks.scripts import unmistakable_commands
from ossmodelkit.scanning.paths import leaves_folder

REMEDY = "Do not load it: ask the publisher for a configuration that names only files and values of its own."
PYTHON = re.compile(
    r"\b__import__\s*\(|\b__(?:globals|subclasses|builtins)__\b|\b(?:os\.system|os\.popen|subprocess\.\w+)\s*\("
)
# Configurations that this one is built upon: detectron2, mmengine, Hyperpyyaml.
BASES = ("_BASE_", "_base_")
LIBRARIES = ("custom_ops_library", "custom_op_library", "custom_ops_libraries")
# LangChain opens the path under these, beside a `_type` (CVE-2024-28088).
CHAIN_PATH = re.compile(r"(\w+_)?path|examples")


@check("config-carries-code", reads=YamlDocument, severity=Severity.MEDIUM)
def config_carries_code(document: YamlDocument) -> Iterator[Hit]:
    """A text in this configuration is a command or an expression that only an attack holds.

    Pipelines, clusters and resolvers hand such texts to a shell, to `eval` or to a template engine.
    """
    for key, value, line in document.pairs:
        command = next(unmistakable_commands(value), None) if " " in value else None
        python = PYTHON.search(value)
        if command or python or climbs(value):
            saw = command.group() if command else value
            yield Hit(at=replace(document.at, line=line), saw=f"{key}: {saw}"[:160], remedy=REMEDY)


@check("config-opens-path", reads=YamlDocument, severity=Severity.HIGH, advisories=("CVE-2024-28088",))
def config_opens_path(document: YamlDocument) -> Iterator[Hit]:
    """A configuration sends its loader to a file outside of the model's folder.

    LangChain's prompts and chains open what stands under `…_path`, and detectron2's `_BASE_` is a
    configuration of its own; a path that ends in `.py` is imported.
    """
    chain = any(key == "_type" for key, _, _ in document.pairs)
    for key, value, line in document.pairs:
        if _leads_away(key, value, chain=chain):
            yield Hit(at=replace(document.at, line=line), saw=f"{key}: {value}"[:160], remedy=REMEDY)


@check("config-opens-path-json", reads=JsonDocument, severity=Severity.HIGH, advisories=("CVE-2024-28088",))
def json_opens_path(document: JsonDocument) -> Iterator[Hit]:
    """A JSON configuration sends its loader to a file outside of the model's folder."""
    for path, item in strict_json.objects(document.value):
        for key in (key for key in item if key in BASES or CHAIN_PATH.fullmatch(key)):
            value = item[key]
            if isinstance(value, str) and _leads_away(key, value, chain="_type" in item or key == "lc_path"):
                saw = f"{strict_json.dotted((*path, key))}: {value}"
                yield Hit(at=document.at, saw=saw[:160], remedy=REMEDY)


def _leads_away(key: str, value: str, *, chain: bool) -> bool:
    if key == "lc_path" or value.startswith("lc://"):
        return ".." in value
    opens = key in BASES or (chain and CHAIN_PATH.fullmatch(key) is not None)
    return opens and (leaves_folder(value) or value.endswith(".py"))


@check("config-loads-library", reads=JsonDocument, severity=Severity.HIGH)
def config_loads_library(document: JsonDocument) -> Iterator[Hit]:
    """A configuration names a native library that its loader would open.

    ONNX Runtime's generator opens `custom_ops_library`; a library runs code as soon as it is opened.
    """
    for path, item in strict_json.objects(document.value):
        for key in LIBRARIES:
            if isinstance(item.get(key), str) and item[key]:
                saw = f"{strict_json.dotted((*path, key))}: {item[key]}"
                yield Hit(at=document.at, saw=saw[:160], remedy=REMEDY)


@check("config-includes-file", reads=YamlTag, severity=Severity.MEDIUM)
def config_includes_file(tag: YamlTag) -> Iterator[Hit]:
    """A tag in this YAML includes a file from outside of the model's folder."""
    kind, _, path = tag.tag.partition(":")
    if kind == "!include" and leaves_folder(path):
        yield Hit(at=tag.at, saw=tag.tag[:160], remedy=REMEDY)


CHECKS = (config_carries_code, config_opens_path, json_opens_path, config_loads_library, config_includes_file)
