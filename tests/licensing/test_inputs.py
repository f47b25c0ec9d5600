"""What went in: outputs of other models, and data; both sides of every trap."""

from __future__ import annotations

from typing import Any

import pytest

from tests.licensing.situations import Part, base, dutiful, ids, judge, outputs, part, release

INTERNAL: dict[str, Any] = {"use": ["internal"]}
LLM = base("apache-2.0", kind="text-llm")
PICTURES = base("apache-2.0", kind="text-to-image")


@pytest.mark.parametrize(
    ("parts", "profile", "issue", "verdict"),
    [
        pytest.param(
            (LLM, outputs("llama2", "augment")), INTERNAL, "output-training", "fail", id="Llama 2 improves nobody"
        ),
        pytest.param(
            (LLM, outputs("llama3", "augment")), INTERNAL, "output-training", "fail", id="Llama 3 kept the ban"
        ),
        pytest.param(
            (base("llama3.1", kind="text-llm"), outputs("llama3", "augment")),
            INTERNAL,
            "output-training",
            "fail",
            id="another Llama is another model",
        ),
        pytest.param((LLM, outputs("tongyi-qianwen", "sft")), INTERNAL, "output-training", "fail", id="Tongyi 2023"),
        pytest.param((LLM, outputs("databricks-open-model", "sft")), INTERNAL, "output-training", "fail", id="DBRX"),
        pytest.param(
            (PICTURES, outputs("tencent-hunyuan-community", "sft")),
            INTERNAL,
            "output-training",
            "fail",
            id="HunyuanVideo: any model",
        ),
        pytest.param(
            (LLM, outputs("tencent-hunyuan-community-large", "sft")),
            INTERNAL,
            "output-training",
            "fail",
            id="Large: LLMs",
        ),
        pytest.param((LLM, outputs("kolors", "sft")), INTERNAL, "output-training", "fail", id="Kolors: large models"),
        pytest.param(
            (PICTURES, outputs("flux-1-dev-non-commercial-license", "sft")),
            INTERNAL,
            "output-training",
            "fail",
            id="FLUX: competing image models",
        ),
        pytest.param((LLM, outputs("exaone-1.1-nc", "sft")), INTERNAL, "output-training", "fail", id="EXAONE 1.1"),
        pytest.param(
            (LLM, outputs("stabilityai-ai-community", "sft")),
            INTERNAL,
            "output-training",
            "fail",
            id="foundational models",
        ),
        pytest.param(
            (part("dataset", "llama3", name="org/synthetic"), LLM),
            INTERNAL,
            "output-training",
            "fail",
            id="a dataset under a model's license is its output",
        ),
        pytest.param(
            (base("llama2", kind="text-llm"),),
            {"use": ["train-other-model"]},
            "output-training",
            "fail",
            id="as a teacher",
        ),
        pytest.param((LLM, outputs("mrl", "sft")), INTERNAL, "nc-commercial", "fail", id="MRL limits outputs"),
        pytest.param(
            (LLM, outputs("fair-noncommercial-research-license", "sft")),
            INTERNAL,
            "nc-commercial",
            "fail",
            id="FAIR outputs",
        ),
        pytest.param(
            (LLM, outputs("cc-by-nc-4.0", "sft")), INTERNAL, "data-unsettled", "warn", id="NC, silent on outputs"
        ),
        pytest.param((LLM, outputs("gemma")), INTERNAL, "distill-derivative", "warn", id="Gemma's student, inside"),
        pytest.param(
            (LLM, outputs("gemma"), part("tool", "mit")),
            {"release": release("apache-2.0", files=["LICENSE"])},
            "distill-derivative",
            "fail",
            id="Gemma's student released as Apache",
        ),
        pytest.param(
            (LLM, outputs("health-ai-developer-foundations")),
            INTERNAL,
            "distill-derivative",
            "warn",
            id="HAI-DEF's student",
        ),
        pytest.param((LLM, outputs("deepseek")), INTERNAL, "distill-derivative", "warn", id="DeepSeek's student"),
        pytest.param(
            (LLM, outputs("creativeml-openrail-m")), INTERNAL, "distill-derivative", "warn", id="RAIL's student"
        ),
        pytest.param(
            (LLM, outputs("bigcode-openrail-m", "augment")),
            INTERNAL,
            "distill-derivative",
            "warn",
            id="BigCode asks no likeness",
        ),
        pytest.param(
            (LLM, outputs("hyperclovax-seed")), INTERNAL, "distill-derivative", "warn", id="HyperCLOVA's student"
        ),
        pytest.param(
            (LLM, part("dataset", "cc-by-nc-4.0")), INTERNAL, "data-unsettled", "warn", id="NC data, commercial"
        ),
        pytest.param(
            (LLM, part("dataset", "cc-by-sa-4.0")), {}, "data-unsettled", "warn", id="SA data, weights released"
        ),
        pytest.param((LLM, part("dataset", "cc-by-4.0")), {}, "data-unsettled", "warn", id="BY data, weights released"),
        pytest.param(
            (part("dataset", "cc-by-nc-4.0"),),
            {"use": ["redistribute-dataset"]},
            "nc-commercial",
            "fail",
            id="NC data sold",
        ),
        pytest.param(
            (LLM, part("dataset", "microsoft-research-license")), INTERNAL, "nc-commercial", "fail", id="research data"
        ),
        pytest.param(
            (LLM, part("dataset", "odc-by")),
            {"release": dutiful("apache-2.0")},
            "data-notice",
            "warn",
            id="ODC-By wants a notice",
        ),
        pytest.param(
            (LLM, part("dataset", "odbl")), {"release": dutiful("apache-2.0")}, "data-notice", "warn", id="ODbL too"
        ),
    ],
)
def test_inputs_flag(parts: tuple[Part, ...], profile: dict[str, Any], issue: str, verdict: str) -> None:
    decision = judge(*parts, **profile)
    assert issue in ids(decision)
    assert decision.verdict == verdict


ODC = "Contains information from Wiki Tables which is made available under the ODC Attribution License."


@pytest.mark.parametrize(
    ("parts", "profile"),
    [
        pytest.param((LLM, outputs("llama2", "evaluate")), INTERNAL, id="outputs for evaluation train nobody"),
        pytest.param(
            (base("llama2", kind="text-llm"), outputs("llama2", "augment")),
            INTERNAL,
            id="the same model may be improved",
        ),
        pytest.param((LLM, outputs("llama3.1", "augment")), INTERNAL, id="3.1 allows it"),
        pytest.param((LLM, outputs("qwen", "augment")), INTERNAL, id="Qwen allows it"),
        pytest.param((LLM, outputs("apache-2.0", "augment")), INTERNAL, id="Apache says nothing"),
        pytest.param(
            (base("apache-2.0", kind="text-classifier"), outputs("llama2", "labels")),
            INTERNAL,
            id="a classifier is no LLM",
        ),
        pytest.param(
            (PICTURES, outputs("tencent-hunyuan-community-large", "captions")), INTERNAL, id="Large bans LLMs only"
        ),
        pytest.param(
            (LLM, outputs("flux-1-dev-non-commercial-license", "captions")),
            INTERNAL,
            id="an LLM does not compete with FLUX",
        ),
        pytest.param(
            (LLM, outputs("playground-v2-community", "captions")), INTERNAL, id="Playground bans image models"
        ),
        pytest.param((LLM, outputs("gemma", "classify")), INTERNAL, id="Gemma's outputs are no derivative"),
        pytest.param((LLM, outputs("deepseek", "augment")), INTERNAL, id="DeepSeek asks for likeness"),
        pytest.param((LLM, outputs("nvidia-open-model-license-2025-04-28")), INTERNAL, id="an output is no derivative"),
        pytest.param((LLM, outputs("openmdw-1.1")), INTERNAL, id="OpenMDW frees outputs"),
        pytest.param((LLM, part("dataset", "cc-by-4.0")), INTERNAL, id="BY data, nothing shared"),
        pytest.param((LLM, part("dataset", "cc-by-sa-4.0")), INTERNAL, id="SA data, nothing shared"),
        pytest.param(
            (LLM, part("dataset", "cc-by-nc-4.0")), {**INTERNAL, "commercial": False}, id="NC, not commercial"
        ),
        pytest.param(
            (LLM, part("dataset", "cdla-permissive-2.0")), {"release": dutiful("apache-2.0")}, id="CDLA: results"
        ),
        pytest.param((LLM, part("dataset", "cdla-sharing-1.0")), {"release": dutiful("apache-2.0")}, id="CDLA sharing"),
        pytest.param((LLM, part("dataset", "c-uda")), {"release": dutiful("apache-2.0")}, id="C-UDA names models"),
        pytest.param((LLM, part("dataset", "o-uda-1.0")), {"release": dutiful("apache-2.0")}, id="O-UDA"),
        pytest.param((LLM, part("dataset", "cc0-1.0")), {"release": dutiful("apache-2.0")}, id="CC0"),
        pytest.param(
            (LLM, part("dataset", "cc-by-4.0")), {"release": dutiful("apache-2.0"), "policy": "lenient"}, id="lenient"
        ),
        pytest.param(
            (LLM, part("dataset", "odc-by")),
            {"release": dutiful("apache-2.0", readme_contains=[ODC])},
            id="the notice is there",
        ),
        pytest.param((LLM, part("dataset", "odc-by")), INTERNAL, id="a notice for the public only"),
    ],
)
def test_inputs_leave_alone(parts: tuple[Part, ...], profile: dict[str, Any]) -> None:
    decision = judge(*parts, **profile)
    assert ids(decision) == set()
    assert decision.verdict in ("ok", "ok-with-obligations")


def test_a_distilled_student_with_gemmas_terms_attached_owes_and_is_fine() -> None:
    plan = dutiful("gemma", files=["LICENSE", "NOTICE", "LICENSE-apache-2.0"])
    decision = judge(LLM, outputs("gemma"), release=plan)
    assert ids(decision) == set()
    assert decision.verdict == "ok-with-obligations"
