"""The generated blocks of a card and its header, filled from the dossier and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ossmodelkit.core.evidence import Evidence, Kind
from ossmodelkit.core.lineage import Relation
from ossmodelkit.foundation import templates
from ossmodelkit.releasing.card import fences, frontmatter, numbers, scores, validator
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.owed import parent_name, use_limits
from ossmodelkit.releasing.runs import datasets, loaders
from ossmodelkit.releasing.said import known_limits, use_of

Escape = Callable[[str], str]
BLOCKS = ("title", "use", "limits", "training", "data", "evaluation", "technical", "provenance", "notices")
RELATIONS = (Relation.ADAPTER, Relation.FINETUNE, Relation.MERGE, Relation.QUANTIZED)
STOCK_FILLERS = 3
OUR_TRAINER = "Tuned with ossmodelkit:"


def card(dossier: Dossier, existing: str, escape: Escape) -> str:
    """The whole card: header, a person's text as it was, and every block brought up to date.

    Raises `UsageError` when somebody edited a generated block.
    """
    stock = existing.lower().count("more information needed") >= STOCK_FILLERS
    if stock or (OUR_TRAINER in existing and not fences.BEGIN.search(existing)):
        existing = ""  # what a library or our trainer left is nobody's text
    front = frontmatter.read(existing)
    body = existing if front.fault else front.body
    own_title = any(not part.name and part.text.lstrip().startswith("# ") for part in fences.parts(body)[:1])
    values = facts(dossier)
    wanted = {
        name: templates.render(
            f"release/{name}.md.j2", values, filters={"escape_text": escape, "exact": exact, "code": code}
        )
        for name in BLOCKS
        if not (name == "title" and own_title)
    }
    return frontmatter.write(header(dossier, front.values)) + fences.merge(
        body, {k: v for k, v in wanted.items() if v.strip()}
    )


def header(dossier: Dossier, given: Mapping[str, Any]) -> dict[str, Any]:
    """The header: what we know, then whatever else a person wrote there."""
    words, parents = dossier.words, dossier.parents
    known = dossier.license_id in validator.hub()["licenses"]
    hub_parents = [parent for parent in parents if parent_is_public(parent.ref)]
    relation = next((parent.relation for parent in parents if parent.relation in RELATIONS), None)
    config_task = "text-generation" if "CausalLM" in str(numbers.config(dossier).get("architectures")) else ""
    values: dict[str, Any] = {
        "license": dossier.license_id if known else "other" if dossier.license_id else None,
        "license_name": dossier.license_id if not known else None,
        "license_link": "LICENSE" if not known and dossier.license_id else None,
        "language": list(words.languages) or given.get("language"),
        "library_name": given.get("library_name") or _library(dossier),
        "pipeline_tag": words.pipeline or given.get("pipeline_tag") or config_task,
        "base_model": [parent.ref.removeprefix("hub:").partition("@")[0] for parent in hub_parents],
        "base_model_relation": relation.value if relation and hub_parents else None,
        "tags": list(dict.fromkeys((*_texts(given.get("tags")), *words.tags))),
        "model-index": model_index(dossier),
    }
    ours = {key: value for key, value in values.items() if value}
    rest = {key: value for key, value in given.items() if key not in values and _is_plain(value)}
    return ours | rest


def model_index(dossier: Dossier) -> list[dict[str, Any]]:
    """The scores in the hub's form; only those with a dataset can be told there."""
    results = [
        {
            "task": {"type": score.task or dossier.words.pipeline or "text-generation"},
            "dataset": {"type": score.dataset, "name": score.dataset},
            "metrics": [{"type": score.metric, "value": score.value, "name": score.metric}],
        }
        for score in scores.scores(dossier)
        if score.dataset
    ]
    return [{"name": dossier.words.name or "model", "results": results}] if results else []


def facts(dossier: Dossier) -> dict[str, Any]:
    """Everything the templates may ask for."""
    run = dossier.details(Kind.FINETUNE)
    return {
        "words": dossier.words,
        "license": dossier.license_id,
        "profiles": dossier.profiles,
        "created": dossier.created.strftime("%Y-%m-%d"),
        "payload": {"sha256": dossier.sha256, "files": len(dossier.files), "bytes": _total(dossier)},
        "use": use_of(dossier),
        "limits": known_limits(dossier),
        "use_limits": use_limits(dossier.license_facts),
        "parents": [
            {
                "name": parent_name(p.ref, p.sha256),
                "relation": p.relation.value,
                "license": p.license,
                "sha256": p.sha256,
                "revision": p.revision,
            }
            for p in dossier.parents
        ],
        "trained": dossier.was_trained,
        "method": _method(run),
        "seed": run.get("seed"),
        "run": numbers.run_numbers(dossier),
        "energy": numbers.energy(dossier),
        "environment": loaders(dossier),
        "hardware": _hardware(run),
        "datasets": list(datasets(dossier)),
        "data_records": dossier.all_of(Kind.DATA),
        "scores": scores.scores(dossier),
        "architecture": numbers.architecture(dossier),
        "records": [_record(record, dossier) for record in dossier.records],
        "waivers": dossier.waivers,
        "signer": dossier.signature.signer,
        "signed": dossier.signature.state != "none",
        "display": [str(line) for line in dossier.license_facts.get("display_strings", ())],
        "notices": [str(line) for line in dossier.license_facts.get("notice_strings", ())],
    }  # fmt: skip


def exact(value: object) -> str:
    """A number as a card prints it: counts with separators, measurements with four significant digits."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.3e}" if abs(value) >= 1e15 else f"{value:,.0f}"


def code(text: object) -> str:
    """A stranger's text as a code span, which nothing in it can leave."""
    return "`" + " ".join(str(text).replace("`", "'").split()) + "`"


def parent_is_public(ref: str) -> bool:
    """Whether a reference names a repository on the hub, as far as its form tells."""
    plain = ref.removeprefix("hub:").partition("@")[0]
    return parent_name(ref, "") == plain and plain.count("/") == 1 and bool(validator.REPOSITORY.fullmatch(plain))


def _library(dossier: Dossier) -> str:
    if "adapter_config.json" in dossier.files:
        return "peft"
    return "transformers" if "config.json" in dossier.files else ""


def _total(dossier: Dossier) -> int:
    return sum(fact.bytes for fact in dossier.files.values())


def _method(run: Mapping[str, Any]) -> str:
    method = run.get("method")
    return str(method.get("name", "")) if isinstance(method, Mapping) else str(method or "")


def _hardware(run: Mapping[str, Any]) -> str:
    hardware = run.get("hardware")
    if not isinstance(hardware, Mapping):
        return ""
    return str(hardware.get("card") or hardware.get("gpu") or hardware.get("cpu") or "")


def _record(record: Evidence, dossier: Dossier) -> dict[str, Any]:
    return {
        "kind": record.kind.value,
        "about": "this model" if record.subject.sha256 == dossier.sha256 else record.subject.sha256[:12],
        "date": record.created.strftime("%Y-%m-%d"),
        "asked": len(record.asked),
        "findings": len(record.findings),
        "gaps": len(record.gaps),
        "tool": record.tool,
    }


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _is_plain(value: Any) -> bool:
    import json

    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return value not in (None, "", [], {})
