"""What a release owes: duties that are met, or not due, are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.licensing.situations import Part, base, copied, dutiful, ids, judge

KIMI = base("modified-mit-kimi-k2")


@pytest.mark.parametrize(
    ("parts", "plan", "profile"),
    [
        *(
            pytest.param(
                (base(one),), dutiful(one), {"registered": [one], "commercial": commercial}, id=f"{one}, all done"
            )
            for one, commercial in [
                ("llama2", True),
                ("llama3", True),
                ("llama3.1", True),
                ("llama3.2", True),
                ("llama3.3", True),
                ("llama4", True),
                ("gemma", True),
                ("qwen", True),
                ("tongyi-qianwen", True),
                ("deepseek", True),
                ("creativeml-openrail-m", True),
                ("openrail++", True),
                ("bigcode-openrail-m", True),
                ("apache-2.0", True),
                ("mit", True),
                ("bsd-3-clause", True),
                ("openmdw-1.1", True),
                ("stabilityai-ai-community", True),
                ("hyperclovax-seed", True),
                ("databricks-open-model", True),
                ("falcon-llm-license", True),
                ("modified-mit-kimi-k2", True),
                ("tencent-hunyuan-community", True),
                ("nvidia-open-model-license", True),
                ("sam-license", True),
                ("exaone-1.2-nc", False),
                ("cc-by-nc-4.0", False),
                ("cc-by-sa-4.0", True),
                ("agpl-3.0", True),
                ("glm-4", True),
                ("flux-1-dev-non-commercial-license", False),
            ]
        ),
        pytest.param((base("llama3"),), dutiful("llama3", name="Llama3-Foo"), {}, id="Llama3 without a gap"),
        pytest.param(
            (base("llama3.1"),), dutiful("llama3.1", name="acme/Llama-Foo"), {}, id="the publisher is no name"
        ),
        pytest.param((copied("llama3.1"),), dutiful("llama3.1", name="Mirror"), {}, id="a plain copy needs no prefix"),
        pytest.param(
            (base("llama2"),), dutiful("llama2", name="Foo", readme_contains=[]), {}, id="Llama 2: no name, no line"
        ),
        pytest.param((base("llama3.1"),), None, {"use": ["internal"]}, id="inside, nothing is owed"),
        pytest.param(
            (base("qwen"),), dutiful("qwen", readme_contains=["Improved using Qwen"]), {}, id="the other line"
        ),
        pytest.param((copied("qwen"),), dutiful("qwen", readme_contains=[], ui_contains=[]), {}, id="Qwen copied"),
        pytest.param(
            (KIMI,), dutiful("modified-mit-kimi-k2", ui_contains=[]), {"mau": 100_000_000}, id="exactly the limit"
        ),
        pytest.param(
            (base("apache-2.0", upstream_files=["LICENSE"]),),
            dutiful("apache-2.0", files=["LICENSE"], notice_contains=[], readme_contains=["Fine-tuned by us"]),
            {},
            id="no NOTICE upstream, none here",
        ),
        pytest.param(
            (base("qwen"),),
            {**dutiful("qwen"), "license": "apache-2.0", "files": ["LICENSE", "LICENSE-QWEN", "NOTICE"]},
            {},
            id="own terms, the agreement beside",
        ),
        pytest.param(
            (base("gemma"),),
            {**dutiful("gemma"), "license": None, "agreement_contains": ["Gemma prohibited use policy"]},
            {"use": ["saas"]},
            id="terms of service bind",
        ),
        pytest.param(
            (base("gemma"),),
            {
                **dutiful("gemma"),
                "license": "apache-2.0",
                "files": ["LICENSE", "LICENSE-GEMMA", "NOTICE"],
                "agreement_contains": ["Use restrictions of section 3.2 as an enforceable provision"],
            },
            {},
            id="own terms with the restrictions",
        ),
        pytest.param((base("agpl-3.0", source_offered=True),), None, {"use": ["saas"]}, id="source offered"),
        pytest.param((copied("agpl-3.0"),), None, {"use": ["saas"]}, id="AGPL unchanged"),
        pytest.param((base("gpl-3.0"),), None, {"use": ["saas"]}, id="GPL knows no network"),
        pytest.param(
            (base("apache-2.0", upstream_files=["USAGE_POLICY"]),),
            dutiful("apache-2.0", files=["LICENSE", "USAGE_POLICY"]),
            {},
            id="the policy travels",
        ),
        pytest.param((base("unlicense"),), {"license": "mit", "name": "Foo"}, {}, id="nothing is owed"),
        pytest.param((base("mit-0"),), {"license": "mit-0", "name": "Foo"}, {}, id="MIT-0 owes nothing"),
    ],
)
def test_duties_leave_alone(parts: tuple[Part, ...], plan: dict[str, Any] | None, profile: dict[str, Any]) -> None:
    decision = judge(*parts, release=plan, **profile)
    assert ids(decision) == set()
    assert decision.verdict in ("ok", "ok-with-obligations")


def test_a_met_duty_carries_its_evidence() -> None:
    decision = judge(base("llama3.1"), release=dutiful("llama3.1"))
    states = {duty.id: (duty.state.value, duty.evidence) for duty in decision.obligations}
    assert states["license-naming-prefix"] == ("met", "Llama-Foo-8B")
    assert states["license-license-text-missing"] == ("met", "LICENSE")


def test_without_a_release_duties_wait_for_a_person() -> None:
    decision = judge(base("gemma"))
    assert {duty.state.value for duty in decision.obligations} == {"manual"}
    assert decision.verdict == "ok-with-obligations"


def test_a_usage_policy_beside_apache_is_surfaced_and_may_travel() -> None:
    assert ids(judge(copied("gpt-oss"), use=["internal"])) == {"companion-policy"}
    plan = dutiful("gpt-oss", files=["LICENSE", "USAGE_POLICY"])
    assert ids(judge(copied("gpt-oss"), release=plan)) == set()
