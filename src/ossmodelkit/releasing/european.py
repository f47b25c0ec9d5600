"""EU papers: is a fine-tuner a provider, the documentation form by audience, the summary of training content.

The arithmetic is printed with its numbers. What nobody recorded is "unknown", with the reason; a fact is never
made up. Not legal advice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from math import isfinite
from typing import Any

from ossmodelkit.core.evidence import Kind
from ossmodelkit.foundation import resources
from ossmodelkit.releasing.card import numbers
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.index import dump
from ossmodelkit.releasing.owed import parent_name
from ossmodelkit.releasing.runs import datasets, loaders
from ossmodelkit.releasing.said import use_of

UNKNOWN = "unknown: "


@cache
def rules() -> Mapping[str, Any]:
    """The figures and fields of `configs/release/eu.toml`."""
    return tomllib.loads(resources.config("release", "eu.toml").read_text(encoding="utf-8"))


def status(dossier: Dossier) -> dict[str, Any]:
    """Whether this modification makes its maker a provider: compute, threshold, ratio, and the word for it."""
    flop, base = numbers.flop(dossier), base_flop(dossier)
    of = base if base is not None else float(rules()["indicator_flop"])
    threshold = of * float(rules()["modifier_share"])
    ratio = flop / threshold if flop is not None else None
    return {
        "flop": flop,
        "formula": numbers.flop_formula(dossier),
        "base_flop": base,
        "counted_from": "the base's training compute, as stated"
        if base
        else "the indicator: the base's compute is unknown (attest.yaml may state base_flop under DOC-006)",
        "threshold_flop": threshold,
        "ratio": ratio,
        "times_below": 1 / ratio if ratio else None,
        "word": UNKNOWN + "the run recorded no compute"
        if ratio is None
        else "provider of the modified model"
        if ratio > 1
        else "not a provider by this modification",
        "systemic_risk_flop": rules()["systemic_flop"],
        "note": "The duties of who modifies are limited to the modification. This is arithmetic, not legal advice.",
    }


def base_flop(dossier: Dossier) -> float | None:
    """The base's training compute as a person stated it; None where nobody did, or not as a number above zero.

    YAML 1.1 takes 1e24 for text, and people write it.
    """
    stated = dossier.attested("DOC-006")
    told = stated.answers.get("base_flop") if stated else None
    try:
        found = float(told) if isinstance(told, (int, float, str)) and not isinstance(told, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) and found > 0 else None


def form(dossier: Dossier) -> dict[str, Any]:
    """The model documentation form: every field with its answer and who may ask for it."""
    known = facts(dossier)
    fields = [
        {"section": f["section"], "ask": f["ask"], "answer": known[f["fact"]], "audience": f["audience"]}
        for f in rules()["field"]
    ]
    audiences = sorted({audience for field in fields for audience in field["audience"]})
    return {
        "model": dossier.words.name,
        "payload_sha256": dossier.sha256,
        "date": dossier.created.date(),
        "contact": dossier.words.contact,
        "keep_until_year": dossier.created.year + int(rules()["retention_years"]),
        "fields": fields,
        "by_audience": {a: [f["ask"] for f in fields if a in f["audience"]] for a in audiences},
    }


def form_text(dossier: Dossier) -> bytes:
    """The form for people, one section after the other."""
    found = form(dossier)
    lines = [f"# Model documentation form: {found['model']}", ""]
    lines += [
        f"Payload `{dossier.sha256}`. Keep until {found['keep_until_year']}. Contact: {found['contact'] or UNKNOWN}",
        "",
    ]
    section = ""
    for field in found["fields"]:
        if field["section"] != section:
            section = field["section"]
            lines += [f"## {section}", ""]
        lines += [f"**{field['ask']}** ({', '.join(field['audience'])})", "", _plain(field["answer"]), ""]
    return "\n".join(lines).encode("utf-8", "backslashreplace")


def summary(dossier: Dossier) -> bytes:
    """The public summary of training content, for the modification only."""
    known = facts(dossier)
    bases = ", ".join(parent_name(p.ref, p.sha256) for p in dossier.parents) or "no recorded parent"
    lines = [
        f"# Summary of training content: {dossier.words.name}",
        "",
        f"This summary covers the modification only. For everything before it, see the summary of {bases}.",
        "",
        *_section("General information", (("Provider", known["owner"]), ("Modified on", known["released"]))),
        *_section("Data sources", (("Datasets", known["data"]), ("Licenses", known["data_license"]))),
        *_section("Sizes and kinds", (("Rows", known["rows"]), ("Kinds", known["kinds"]))),
        *_section("Processing", (("Screening", known["screening"]), ("Synthetic data", known["synthetic"]))),
        *_section("Rights", (("Copyright policy and opt-outs", known["copyright"]),)),
    ]
    return "\n".join(lines).encode("utf-8", "backslashreplace")


def disclosure(dossier: Dossier) -> bytes:
    """The disclosure of training data: every question with an answer, or unknown and why."""
    known = facts(dossier)
    lines = [f"# Training data of {dossier.words.name}", "", "About the modification released here.", ""]
    for question in rules()["question"]:
        lines += [f"**{question['ask']}**", "", _plain(known[question["fact"]]), ""]
    return "\n".join(lines).encode("utf-8", "backslashreplace")


def pack(dossier: Dossier) -> dict[str, bytes]:
    """The papers a dossier calls for, by name."""
    from ossmodelkit.releasing import layout

    if not dossier.was_trained:
        return {}
    found = {layout.STATUS: dump(status(dossier)), layout.DISCLOSURE: disclosure(dossier)}
    if "eu-gpai" in dossier.profiles or "public-weights" in dossier.profiles:
        found |= {
            layout.FORM: dump(form(dossier)),
            layout.FORM_TEXT: form_text(dossier),
            layout.SUMMARY: summary(dossier),
        }
    return found


def facts(dossier: Dossier) -> dict[str, str]:
    """Every fact the papers ask for, as a sentence; unknown ones say why."""
    words, run = dossier.words, dossier.details(Kind.FINETUNE)
    every = list(datasets(dossier))
    counted, told = numbers.architecture(dossier), dossier.details(Kind.FINETUNE).get("metrics") or {}
    asked = sorted({check for record in dossier.all_of(Kind.DATA) for check in record.asked})
    return {
        "name": f"{words.name} {words.version}".strip() or UNKNOWN + "not stated",
        "owner": words.owner or UNKNOWN + "not stated",
        "parents": _joined(f"{parent_name(p.ref, p.sha256)} ({p.relation})" for p in dossier.parents)
        or "none recorded",
        "released": f"{dossier.created:%Y-%m-%d}, under payload digest {dossier.sha256}; see model.sig",
        "architecture": _joined(f"{k}: {v}" for k, v in counted.items()) or UNKNOWN + "no configuration in the payload",
        "parameters": f"{counted['parameters']:,}" if "parameters" in counted else UNKNOWN + "nobody counted them",
        "license": dossier.license_id or UNKNOWN + "not stated",
        "libraries": _joined(f"{k} {v}" for k, v in loaders(dossier).items()) or UNKNOWN + "not recorded",
        "method": _joined(f"{k}: {v}" for k, v in _table(run.get("method")).items()) or UNKNOWN + "not recorded",
        "data": _joined(_dataset(n, f) for n, f in every) or UNKNOWN + "not recorded",
        "rows": _joined(f"{n}: {f.get('used_rows') or f.get('rows') or 'unknown'}" for n, f in every)
        or UNKNOWN + "not recorded",
        "kinds": _joined(f"{n}: {f.get('format') or f.get('kind') or 'unknown'}" for n, f in every)
        or UNKNOWN + "not recorded",
        "data_license": _joined(f"{n}: {f.get('license') or 'unknown'}" for n, f in every) or UNKNOWN + "not recorded",
        "screening": f"{len(asked)} checks: {', '.join(asked)}" if asked else UNKNOWN + "no record of a screening",
        "compute": _compute(dossier),
        "duration": f"{told['seconds']} seconds on {_hardware(run)}"
        if told.get("seconds")
        else UNKNOWN + "not recorded",
        "energy": _energy(dossier),
        "first_used": f"not later than {_first_day(dossier)}",
        **_stated(dossier),
        **{k: v or UNKNOWN + "not stated" for k, v in use_of(dossier).items()},
    }


def _dataset(name: str, known: Mapping[str, Any]) -> str:
    """One data set in a line: kind, size, license and digest, each unknown where nobody recorded it."""
    kind = known.get("format") or known.get("kind") or "unknown"
    rows = known.get("used_rows") or known.get("rows") or "unknown"
    rest = f"license: {known.get('license') or 'unknown'}, SHA-256: {known.get('sha256') or 'unknown'}"
    return f"{name} (kind: {kind}, rows: {rows}, {rest})"


def _stated(dossier: Dossier) -> dict[str, str]:
    found = {}
    for fact, item, answer in (
        ("copyright", "DAT-004", "policy"),
        ("acquired", "DAT-003", "basis"),
        ("synthetic", "DAT-009", "generator"),
        ("personal", "DAT-006", "personal_information"),
        ("consumer", "DAT-006", "consumer_information"),
        ("collected", "DAT-006", "collected"),
    ):
        stated = dossier.attested(item)
        said = stated.answers.get(answer) if stated else None
        found[fact] = (
            f"{said} (stated by {stated.by})" if stated and said else UNKNOWN + f"nobody stated {answer} for {item}"
        )
    return found


def _compute(dossier: Dossier) -> str:
    flop = numbers.flop(dossier)
    return f"{flop:.3g} FLOP ({numbers.flop_formula(dossier)})" if flop else UNKNOWN + "not recorded"


def _energy(dossier: Dossier) -> str:
    energy = numbers.energy(dossier)
    return energy.method if energy.kwh is None else f"{energy.kwh:.4g} kWh ({energy.method})"


def _first_day(dossier: Dossier) -> str:
    days = [record.created for record in dossier.records if record.kind in (Kind.DATA, Kind.FINETUNE)]
    return f"{min(days, default=dossier.created):%Y-%m-%d}"


def _hardware(run: Mapping[str, Any]) -> str:
    hardware = _table(run.get("hardware"))
    return str(hardware.get("card") or hardware.get("cpu") or "unrecorded hardware")


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _joined(parts: Iterable[str]) -> str:
    return "; ".join(parts)


def _section(title: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"## {title}", "", *(line for name, text in rows for line in (f"**{name}:** {_plain(text)}", ""))]


def _plain(text: str) -> str:
    return " ".join(text.replace("<", "&lt;").split())
