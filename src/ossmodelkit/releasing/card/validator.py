"""Would a hub read this header as it is meant? Checked here, without asking the hub."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ossmodelkit.foundation import resources
from ossmodelkit.foundation.wire import did_you_mean
from ossmodelkit.releasing.card.frontmatter import Front

REPOSITORY = re.compile(r"(?:[\w.-]{1,96}/)?[\w.-]{1,96}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*|code|multilingual")
LINK = re.compile(r"https?://\S+|LICENSE(?:\.md|\.txt)?|\./\S+|[\w.-]+\.(?:md|txt|pdf)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing a hub would misread: what, in which line, and what to do."""

    saw: str
    remedy: str
    line: int | None = None


def faults(front: Front) -> list[Fault]:
    """Everything that is wrong with a header; an absent one is wrong as a whole."""
    if front.fault:
        return [Fault(saw=front.fault, remedy="correct the header between the two lines of dashes", line=1)]
    if not front.present:
        return [
            Fault(saw="there is no header", remedy="begin the card with a header between two lines of dashes", line=1)
        ]
    return [
        Fault(saw=saw, remedy=remedy, line=front.lines.get(key, 1)) for key, saw, remedy in _faults(dict(front.values))
    ]


def evaluation_faults(entries: Any) -> list[str]:
    """What is wrong with the entries of a file below `.eval_results/`."""
    if not isinstance(entries, list) or not entries:
        return ["the file holds no list of results"]
    found = []
    for number, entry in enumerate(entries, 1):
        dataset = entry.get("dataset") if isinstance(entry, Mapping) else None
        if not isinstance(dataset, Mapping) or not isinstance(dataset.get("id"), str) or not dataset.get("task_id"):
            found.append(f"result {number}: dataset needs id and task_id")
        elif not isinstance(entry.get("value"), (int, float)) or isinstance(entry.get("value"), bool):
            found.append(f"result {number}: value is no number")
    return found


@cache
def hub() -> Mapping[str, Any]:
    """The words the hub knows."""
    return tomllib.loads(resources.config("release", "hub.toml").read_text(encoding="utf-8"))


def _faults(values: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield from _license(values)
    yield from _one_of(values, "pipeline_tag", hub()["pipelines"])
    yield from _one_of(values, "base_model_relation", hub()["relations"])
    for key in ("base_model", "datasets"):
        for one in _listed(values.get(key)):
            if not isinstance(one, str) or not REPOSITORY.fullmatch(one):
                yield key, f"{key}: {one!r} is no repository", "write owner/name"
    for one in _listed(values.get("language")):
        if not isinstance(one, str) or not LANGUAGE.fullmatch(one):
            yield "language", f"language: {one!r} is no language code", "write an ISO 639 code, quoted if it is no"
    for key in ("tags", "metrics"):
        if any(not isinstance(one, str) for one in _listed(values.get(key))):
            yield key, f"{key}: not all of them are text", "quote them"
    for key in ("library_name", "thumbnail"):
        if key in values and not isinstance(values[key], str):
            yield key, f"{key}: no text", "quote it"
    if "base_model_relation" in values and "base_model" not in values:
        yield "base_model_relation", "a relation to no base model", "name base_model"
    if "model-index" in values:
        yield from (("model-index", saw, "see the model-index section of docs/releasing.md") for saw in _index(values))


def _license(values: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    found = values.get("license")
    if found is None:
        yield "license", "no license", "name a license id of the hub"
        return
    for one in _listed(found):
        if one not in hub()["licenses"]:
            hint = did_you_mean(str(one), hub()["licenses"]) if isinstance(one, str) else "write a license id"
            known = hint if hint.startswith("did") else "for any other: license: other, license_name and license_link"
            yield "license", f"license: {one!r} is not known to the hub", known
    if found == "other":
        if not isinstance(values.get("license_name"), str):
            yield "license", "license: other without license_name", "name it"
        if not LINK.fullmatch(str(values.get("license_link", ""))):
            yield "license", "license: other without license_link", "link its text: LICENSE, or a URL"


def _one_of(values: dict[str, Any], key: str, known: list[str]) -> Iterator[tuple[str, str, str]]:
    if key in values and values[key] not in known:
        yield key, f"{key}: {values[key]!r} is not known to the hub", did_you_mean(str(values[key]), known)


def _index(values: dict[str, Any]) -> Iterator[str]:
    index = values["model-index"]
    if not isinstance(index, list) or not index:
        yield "model-index: no list of models"
        return
    for model in index:
        if not isinstance(model, Mapping) or not isinstance(model.get("name"), str):
            yield "model-index: a model without a name"
            continue
        results = model.get("results")
        if not isinstance(results, list) or not results:
            yield f"model-index: {model['name']} has no results"
            continue
        for result in results:
            yield from _result(result)


def _result(result: Any) -> Iterator[str]:
    if not isinstance(result, Mapping):
        yield "model-index: a result that is no table"
        return
    if not isinstance(result.get("task"), Mapping) or not result["task"].get("type"):
        yield "model-index: a result without task.type"
    dataset = result.get("dataset")
    if not isinstance(dataset, Mapping) or not dataset.get("type") or not dataset.get("name"):
        yield "model-index: a result without dataset.type and dataset.name"
    metrics = result.get("metrics")
    if not isinstance(metrics, list) or not metrics:
        yield "model-index: a result without metrics"
        return
    for metric in metrics:
        if not isinstance(metric, Mapping) or not metric.get("type"):
            yield "model-index: a metric without a type"
        elif isinstance(metric.get("value"), bool) or not isinstance(metric.get("value"), (int, float, str)):
            yield f"model-index: {metric['type']} has no value"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
