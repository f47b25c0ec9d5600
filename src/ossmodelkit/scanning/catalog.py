"""Every check a scan asks, written out: there is no discovery and no registry.

A check's module is loaded when the first view turns up that its checks read, so that a scan of one pickle
does not load what is asked of graphs. `ids` stand here to say what was asked; a test holds them to the code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from ossmodelkit.core.check import Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A module of `scanning/checks`: the modules of `formats` whose views it reads, and its checks."""

    module: str
    views: tuple[str, ...]
    ids: tuple[str, ...]


SHELVES = (
    Shelf(
        module="pickles",
        views=("pickles",),
        ids=(
            "pickle-imports-shell",
            "pickle-runs-code",
            "pickle-touches-files",
            "pickle-uses-network",
            "pickle-loads-another",
            "pickle-changes-process",
            "pickle-reaches-through",
            "pickle-calls-computed",
            "pickle-alters-object",
            "pickle-extension-code",
            "pickle-unlisted-function",
            "pickle-unknown-global",
            "pickle-unproven-arguments",
            "pickle-reads-differently",
            "pickle-foreign-object",
        ),
    ),
    Shelf(
        module="archives",
        views=(
            "torch_zip",
            "unpacking",
            "zip_archive",
        ),
        ids=(
            "archive-path-traversal",
            "archive-name-mismatch",
            "archive-duplicate-member",
            "archive-misleading-flags",
            "archive-bomb",
            "torchscript-reaches-disk",
        ),
    ),
    Shelf(
        module="safetensors",
        views=("safetensors",),
        ids=(
            "safetensors-malformed",
            "safetensors-hidden-bytes",
        ),
    ),
    Shelf(
        module="gguf",
        views=("gguf",),
        ids=(
            "gguf-malformed",
            "gguf-hidden-bytes",
        ),
    ),
    Shelf(
        module="templates",
        views=("templates",),
        ids=(
            "template-reaches-python",
            "template-loads-template",
            "template-exhausts",
            "template-unreadable",
        ),
    ),
    Shelf(
        module="keras",
        views=(
            "hdf5",
            "keras",
        ),
        ids=(
            "keras-runs-lambda",
            "keras-loads-foreign-code",
            "keras-imports-module",
            "keras-opens-path",
            "keras-calls-file-operator",
            "hdf5-leaves-file",
            "hdf5-shape-bomb",
            "hdf5-cut",
        ),
    ),
    Shelf(
        module="graphs",
        views=(
            "onnx",
            "small_protobufs",
            "tensorflow",
            "text_protobufs",
            "tflite",
        ),
        ids=(
            "tensorflow-runs-code",
            "tensorflow-touches-files",
            "tensorflow-constant-path",
            "tflite-custom-operator",
            "onnx-external-path",
            "onnx-runs-code",
            "onnx-unknown-domain",
            "coreml-custom-code",
            "paddle-runs-code",
            "prototxt-imports-python",
        ),
    ),
    Shelf(
        module="documents",
        views=(
            "json_documents",
            "markup",
            "numbers_only",
            "yaml_documents",
        ),
        ids=(
            "yaml-builds-object",
            "config-imports-target",
            "config-imports-target-json",
            "json-duplicate-key",
            "xml-entity",
            "openvino-custom-layer",
            "skops-unknown-type",
            "config-asks-for-trust",
            "xml-runs-code",
            "msgpack-extension",
        ),
    ),
    Shelf(module="r_objects", views=("rdata",), ids=("r-promise", "r-function-acts")),
    Shelf(
        module="scripts",
        views=(
            "executables",
            "scripts",
        ),
        ids=(
            "executable-in-model",
            "script-reaches-out",
            "script-disguised",
            "script-in-model",
            "requirements-foreign-index",
        ),
    ),
    Shelf(
        module="config_texts",
        views=(
            "json_documents",
            "yaml_documents",
        ),
        ids=(
            "config-carries-code",
            "config-opens-path",
            "config-opens-path-json",
            "config-loads-library",
            "config-includes-file",
        ),
    ),
    Shelf(
        module="json_formats",
        views=("json_documents",),
        ids=("exported-program-runs-code", "mxnet-custom-operator", "zarr-unknown-codec"),
    ),
    Shelf(module="settings", views=("settings_files",), ids=("settings-run-code",)),
    Shelf(
        module="secrets",
        views=(
            "gguf",
            "safetensors",
            "text",
        ),
        ids=(
            "secret-in-text",
            "secret-in-metadata",
        ),
    ),
    Shelf(
        module="python_code",
        views=(
            "python_code",
            "repository_views",
        ),
        ids=(
            "python-reaches-out",
            "python-in-archive-reaches-out",
            "python-unreached",
            "python-attacks",
        ),
    ),
    Shelf(
        module="repository",
        views=("repository_views",),
        ids=(
            "needs-remote-code",
            "code-from-elsewhere",
            "asks-for-trust",
            "adapter-redirects",
            "adapter-imports-module",
            "index-points-outside",
            "index-names-pickle",
            "link-leaves-folder",
            "name-deceives",
        ),
    ),
)
IDS = tuple(check_id for shelf in SHELVES for check_id in shelf.ids)


def checks_for(view: object) -> tuple[Check, ...]:
    """The checks of every shelf that reads views like this one."""
    return _for_homes(frozenset(base.__module__.rpartition(".")[2] for base in type(view).__mro__))


def every_check() -> tuple[Check, ...]:
    """All checks, loaded."""
    return tuple(check for shelf in SHELVES for check in _load(shelf.module))


@cache
def _for_homes(homes: frozenset[str]) -> tuple[Check, ...]:
    return tuple(check for shelf in SHELVES if homes.intersection(shelf.views) for check in _load(shelf.module))


def _load(module: str) -> Iterator[Check]:
    checks: tuple[Check, ...] = import_module(f"ossmodelkit.scanning.checks.{module}").CHECKS
    yield from checks
