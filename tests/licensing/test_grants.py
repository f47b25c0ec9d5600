"""May we use it at all: commerce, thresholds, registration, regulators, hosting, territory, fields; both sides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.licensing.situations import Part, base, copied, ids, judge, outputs, part

INTERNAL: dict[str, Any] = {"use": ["internal"]}
RESEARCH: dict[str, Any] = {"use": ["research"], "commercial": False}
SERVICE: dict[str, Any] = {"use": ["saas"]}


@pytest.mark.parametrize(
    ("component", "profile", "issue", "verdict"),
    [
        pytest.param(base("mrl"), INTERNAL, "nc-commercial", "fail", id="a company's daily work is not research"),
        pytest.param(base("cc-by-nc-4.0"), INTERNAL, "nc-commercial", "fail", id="NC, commercial"),
        pytest.param(
            base("flux-1-dev-non-commercial-license"), INTERNAL, "nc-commercial", "fail", id="FLUX, the model"
        ),
        pytest.param(base("fair-noncommercial-research-license"), SERVICE, "nc-commercial", "fail", id="FAIR"),
        pytest.param(base("qwen-research"), INTERNAL, "nc-commercial", "fail", id="the small Qwen of a large family"),
        pytest.param(base("exaone-1.2-nc"), INTERNAL, "nc-commercial", "fail", id="EXAONE"),
        pytest.param(
            base("mrl"), {"use": ["saas"], "commercial": False}, "nc-commercial", "warn", id="research, served"
        ),
        pytest.param(
            base("llama3.1"), {**INTERNAL, "mau_on_release_date": 700_000_001}, "threshold", "fail", id="Llama, above"
        ),
        pytest.param(base("qwen"), {**INTERNAL, "mau": 100_000_001}, "threshold", "fail", id="Qwen counts on"),
        pytest.param(base("kolors"), {**INTERNAL, "mau": 300_000_001}, "threshold", "fail", id="Kolors counts on"),
        pytest.param(
            base("lfm1.0"), {**INTERNAL, "annual_revenue_usd": 10_000_000}, "threshold", "fail", id="10 M or more: 10 M"
        ),
        pytest.param(
            base("stabilityai-ai-community"),
            {**INTERNAL, "annual_revenue_usd": 1_000_001, "registered": ["stabilityai-ai-community"]},
            "threshold",
            "fail",
            id="above 1 M",
        ),
        pytest.param(
            base("stabilityai-ai-community"),
            {**RESEARCH, "annual_revenue_usd": 2_000_000},
            "threshold",
            "fail",
            id="all licenses end, research too",
        ),
        pytest.param(base("llama3"), {**INTERNAL, "mau_on_release_date": None}, "threshold", "warn", id="not known"),
        pytest.param(
            base("indextts2-bilibili"),
            {**INTERNAL, "annual_revenue_usd": 300_000_000},
            "threshold",
            "fail",
            id="yuan, far above",
        ),
        pytest.param(
            base("indextts2-bilibili"),
            {**INTERNAL, "annual_revenue_usd": 150_000_000},
            "threshold",
            "warn",
            id="yuan, near the limit: the rate decides",
        ),
        pytest.param(base("stabilityai-ai-community"), INTERNAL, "registration", "fail", id="Stability, unregistered"),
        pytest.param(base("glm-4"), SERVICE, "registration", "fail", id="GLM-4, unregistered"),
        pytest.param(base("baichuan2-community"), INTERNAL, "registration", "fail", id="Baichuan2, no application"),
        pytest.param(
            base("health-ai-developer-foundations"),
            {**SERVICE, "field_of_use": ["clinical diagnosis"]},
            "regulatory",
            "fail",
            id="clinical, no authorization",
        ),
        pytest.param(base("health-ai-developer-foundations"), SERVICE, "regulatory", "warn", id="a product, for whom?"),
        pytest.param(base("falcon-180b"), SERVICE, "hosting", "fail", id="Falcon 180B, hosted"),
        pytest.param(
            base("stabilityai-nc-research-community"),
            {**SERVICE, "commercial": False},
            "hosting",
            "fail",
            id="NC, hosted",
        ),
        pytest.param(
            base("llama3.2", multimodal=True),
            {**INTERNAL, "territory": ["EU"]},
            "territory",
            "fail",
            id="Llama 3.2 vision",
        ),
        pytest.param(
            base("llama4", multimodal=True),
            {**INTERNAL, "territory": ["DE"]},
            "territory",
            "fail",
            id="Germany is in the EU",
        ),
        pytest.param(
            base("tencent-hunyuan-community"),
            {**INTERNAL, "territory": ["KR"]},
            "territory",
            "fail",
            id="Hunyuan, Korea",
        ),
        pytest.param(
            base("tencent-hunyuan-community-large"),
            {**INTERNAL, "territory": ["FR"]},
            "territory",
            "fail",
            id="Large, EU",
        ),
        pytest.param(
            base("tencent-hunyuan-community"),
            {**INTERNAL, "territory": ["worldwide"]},
            "territory",
            "fail",
            id="anywhere",
        ),
        pytest.param(base("minimax-h3-community"), INTERNAL, "territory", "fail", id="the USA left out"),
        pytest.param(
            outputs("tencent-hunyuan-community", "augment"),
            {**INTERNAL, "territory": ["GB"]},
            "territory",
            "fail",
            id="the limit reaches outputs",
        ),
        pytest.param(
            base("tencent-hunyuan-community"),
            {**INTERNAL, "territory": []},
            "territory",
            "warn",
            id="where is not known",
        ),
        pytest.param(
            base("sam-license"), {**INTERNAL, "field_of_use": ["military"]}, "field-of-use", "fail", id="SAM, military"
        ),
        pytest.param(
            base("llama3.1"), {**INTERNAL, "field_of_use": ["defense"]}, "field-of-use", "fail", id="Llama's use policy"
        ),
        pytest.param(
            base("gemma"),
            {**INTERNAL, "field_of_use": ["military"]},
            "field-of-use",
            "warn",
            id="a policy not read here",
        ),
        pytest.param(base("busl-1.1"), INTERNAL, "field-of-use", "fail", id="production under BUSL"),
        pytest.param(
            base("baichuan2-community"),
            {**INTERNAL, "field_of_use": ["cloud services"], "registered": ["baichuan2-community"]},
            "field-of-use",
            "fail",
            id="a sector left out",
        ),
        pytest.param(
            base("open-aleph-1.0"),
            {**RESEARCH, "field_of_use": ["government"]},
            "field-of-use",
            "fail",
            id="government",
        ),
        pytest.param(
            base("nvidia-open-model-license-2025-04-28", guardrails="weakened"),
            INTERNAL,
            "guardrail-termination",
            "fail",
            id="guardrails weakened",
        ),
        pytest.param(
            base("nvidia-open-model-license-2025-04-28", guardrails="replaced"),
            INTERNAL,
            "guardrail-termination",
            "fail",
            id="the older text knows no replacement",
        ),
        pytest.param(
            base("flux-1-dev-non-commercial-license", guardrails="removed"),
            RESEARCH,
            "guardrail-termination",
            "warn",
            id="FLUX wants filters",
        ),
        pytest.param(
            part("output-source", "mrl"), {"use": ["use-outputs"]}, "nc-commercial", "fail", id="MRL's outputs sold"
        ),
        pytest.param(copied("cc-by-nc-4.0"), {"use": ["use-outputs"]}, "nc-commercial", "fail", id="NC, run for money"),
        pytest.param(
            part("output-source", "llama3"),
            {"use": ["train-other-model"]},
            "output-training",
            "fail",
            id="Llama 3 teaches",
        ),
        pytest.param(base("cc"), INTERNAL, "unresolved-license", "unresolved", id="cc without a variant"),
        pytest.param(base("openrail"), INTERNAL, "unresolved-license", "unresolved", id="openrail without a variant"),
        pytest.param(base("gpl"), INTERNAL, "unresolved-license", "unresolved", id="a family tag"),
        pytest.param(base("modified-mit"), INTERNAL, "unresolved-license", "unresolved", id="whose modification?"),
        pytest.param(base("other"), INTERNAL, "unresolved-license", "unresolved", id="other"),
        pytest.param(base("unknown"), INTERNAL, "unresolved-license", "unresolved", id="unknown"),
        pytest.param(base(None), INTERNAL, "unresolved-license", "unresolved", id="nothing declared"),
        pytest.param(base("llama-3.1"), INTERNAL, "unresolved-license", "unresolved", id="a near miss is no match"),
        pytest.param(part("dataset", None), INTERNAL, "unresolved-license", "unresolved", id="data without a license"),
    ],
)
def test_grants_flag(component: Part, profile: dict[str, Any], issue: str, verdict: str) -> None:
    decision = judge(component, **profile)
    assert issue in ids(decision)
    assert decision.verdict == verdict
    found = next(one for one in decision.issues if one.id == f"license-{issue}")
    assert found.why and found.fix and found.components


@pytest.mark.parametrize(
    ("component", "profile"),
    [
        pytest.param(base("mrl"), RESEARCH, id="research under a research license"),
        pytest.param(base("cc-by-nc-4.0"), {**INTERNAL, "commercial": False}, id="NC, not commercial"),
        pytest.param(base("llama3.1"), {**INTERNAL, "mau": 900_000_000}, id="a snapshot: today's users do not count"),
        pytest.param(base("llama3.1"), {**INTERNAL, "mau_on_release_date": 700_000_000}, id="exactly the limit"),
        pytest.param(base("qwen"), {**INTERNAL, "mau": 100_000_000}, id="Qwen, exactly the limit"),
        pytest.param(base("qwen"), {**INTERNAL, "mau": 200_000_000, "commercial": False}, id="Qwen, not commercial"),
        pytest.param(base("lfm1.0"), {**INTERNAL, "annual_revenue_usd": 9_999_999}, id="just below"),
        pytest.param(base("lfm1.0"), {**RESEARCH, "annual_revenue_usd": 50_000_000}, id="not commercial"),
        pytest.param(
            base("stabilityai-ai-community"),
            {**INTERNAL, "annual_revenue_usd": 1_000_000, "registered": ["Stability AI"]},
            id="exactly 1 M, registered",
        ),
        pytest.param(base("stabilityai-ai-community"), RESEARCH, id="no registration for research"),
        pytest.param(
            base("indextts2-bilibili"), {**INTERNAL, "annual_revenue_usd": 10_000_000}, id="far below in yuan"
        ),
        pytest.param(
            base("health-ai-developer-foundations"),
            {**SERVICE, "field_of_use": ["clinical"], "regulatory_authorization": True},
            id="clinical and authorized",
        ),
        pytest.param(base("health-ai-developer-foundations"), RESEARCH, id="research on health models"),
        pytest.param(base("falcon-180b"), INTERNAL, id="Falcon 180B, not hosted"),
        pytest.param(base("llama3.2"), {**INTERNAL, "territory": ["EU"]}, id="a text model in the EU"),
        pytest.param(
            base("llama3.2", multimodal=True), {"use": ["end-user"], "territory": ["EU"]}, id="end users are exempt"
        ),
        pytest.param(base("llama3.1", multimodal=True), {**INTERNAL, "territory": ["EU"]}, id="3.1 excludes nobody"),
        pytest.param(base("tencent-hunyuan-community"), INTERNAL, id="Hunyuan in the USA"),
        pytest.param(
            base("tencent-hunyuan-community-large"), {**INTERNAL, "territory": ["UK", "KR"]}, id="Large: EU only"
        ),
        pytest.param(base("llama3.1"), {**INTERNAL, "field_of_use": ["customer support"]}, id="a harmless field"),
        pytest.param(base("apache-2.0"), {**INTERNAL, "field_of_use": ["military"]}, id="Apache has no field of use"),
        pytest.param(base("busl-1.1"), RESEARCH, id="BUSL, research"),
        pytest.param(base("nvidia-open-model-license-2025-04-28"), INTERNAL, id="guardrails kept"),
        pytest.param(base("nvidia-open-model-license", guardrails="replaced"), INTERNAL, id="the newer text allows it"),
        pytest.param(base("apache-2.0", guardrails="removed"), INTERNAL, id="Apache knows no guardrails"),
        pytest.param(base("MIT"), INTERNAL, id="an SPDX id"),
        pytest.param(
            part("output-source", "flux-1-dev-non-commercial-license"), {"use": ["use-outputs"]}, id="FLUX outputs sold"
        ),
        pytest.param(
            copied("flux-1-dev-non-commercial-license"), {"use": ["use-outputs"]}, id="FLUX, nothing but its outputs"
        ),
        pytest.param(part("output-source", "llama2"), {"use": ["use-outputs"]}, id="Llama's outputs"),
        pytest.param(
            base("llama3.1"),
            {"use": ["end-user"], "mau_on_release_date": 900_000_000},
            id="end users have no threshold",
        ),
        pytest.param(base("Apache-2.0 OR GPL-3.0-only"), INTERNAL, id="a choice"),
        pytest.param(copied("bsl-1.0"), INTERNAL, id="bsl-1.0 is Boost"),
        pytest.param(base("deepseek"), SERVICE, id="served, terms not yet known"),
    ],
)
def test_grants_leave_alone(component: Part, profile: dict[str, Any]) -> None:
    decision = judge(component, **profile)
    assert ids(decision) == set()
    assert decision.verdict in ("ok", "ok-with-obligations")


@pytest.mark.parametrize(
    ("lists", "denied"),
    [
        pytest.param({"deny": ["network-copyleft"]}, True, id="a family is denied"),
        pytest.param({"deny": ["agpl-3.0"]}, True, id="a license is denied"),
        pytest.param({"allow": ["permissive"]}, True, id="not on the allow list"),
        pytest.param({"allow": ["permissive", "agpl-3.0"]}, False, id="allowed by id"),
        pytest.param({}, False, id="no lists"),
    ],
)
def test_the_organisation_has_the_last_word(lists: dict[str, Any], denied: bool) -> None:
    assert ("denied" in ids(judge(copied("agpl-3.0"), use=["internal"], **lists))) is denied


def test_unread_facts_say_so() -> None:
    decision = judge(base("jamba-open-model-license"), use=["internal"], annual_revenue_usd=60_000_000)
    assert [issue.verified for issue in decision.issues] == [False]


def test_a_missing_figure_is_asked_for() -> None:
    decision = judge(base("llama3.3"), use=["internal"], mau_on_release_date=None)
    assert "700,000,000" in decision.questions[0]
