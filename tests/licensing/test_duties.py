"""What a release owes: names, displays, notices, texts, changes, pass-on, source, cards; the side that is flagged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.licensing.situations import Part, base, copied, dutiful, ids, judge, outputs, part

LLAMA_31 = (
    "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc. All Rights Reserved."
)
NOTICE_GEMMA = "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms"
KIMI = base("modified-mit-kimi-k2")
ADAPTER = part("adapter", "apache-2.0", name="org/adapter")


@pytest.mark.parametrize(
    ("parts", "plan", "issue", "profile"),
    [
        pytest.param((base("llama3.1"),), dutiful("llama3.1", name="Foo"), "naming-prefix", {}, id="no Llama in front"),
        pytest.param(
            (base("llama3.1"),), dutiful("llama3.1", name="My-Llama-8B"), "naming-prefix", {}, id="Llama in the middle"
        ),
        pytest.param(
            (base("llama3"),), dutiful("llama3", name="Llama-Foo"), "naming-prefix", {}, id="Llama 3 wants the 3"
        ),
        pytest.param((base("exaone-1.2-nc"),), dutiful("exaone-1.2-nc", name="Foo"), "naming-prefix", {}, id="EXAONE"),
        pytest.param(
            (base("glm-4"),), dutiful("glm-4", name="chat-glm"), "naming-prefix", {"registered": ["glm-4"]}, id="glm-4"
        ),
        pytest.param(
            (base("apache-2.0"), outputs("llama3.1", "augment")),
            dutiful("apache-2.0"),
            "naming-prefix",
            {},
            id="outputs of 3.1",
        ),
        pytest.param(
            (base("llama3.1"), part("merge-input", "exaone-1.2-nc")),
            dutiful("llama3.1", name="Llama-EXAONE"),
            "naming-prefix",
            {"commercial": False},
            id="two prefixes at once",
        ),
        pytest.param(
            (base("llama3.1", shipped=False), ADAPTER),
            dutiful("apache-2.0"),
            "naming-prefix",
            {},
            id="an adapter as well",
        ),
        pytest.param(
            (base("llama3.1"),), dutiful("llama3.1", name="x"), "naming-prefix", {"use": ["saas"]}, id="served"
        ),
        pytest.param(
            (base("llama3.1"),),
            dutiful("llama3.1", readme_contains=[], ui_contains=[]),
            "display-missing",
            {},
            id="no line",
        ),
        pytest.param(
            (base("llama3"),),
            dutiful("llama3", readme_contains=["Built with Llama"], ui_contains=[]),
            "display-missing",
            {},
            id="the line of another version",
        ),
        pytest.param(
            (base("qwen"),),
            dutiful("qwen", readme_contains=["Powered by Qwen"], ui_contains=[]),
            "display-missing",
            {},
            id="Qwen",
        ),
        pytest.param(
            (base("apache-2.0"), outputs("qwen", "augment")),
            dutiful("apache-2.0"),
            "display-missing",
            {},
            id="Qwen's outputs as well",
        ),
        pytest.param(
            (KIMI,),
            dutiful("modified-mit-kimi-k2", ui_contains=[]),
            "display-missing",
            {"mau": 100_000_001, "use": ["saas"]},
            id="Kimi, many users",
        ),
        pytest.param(
            (KIMI,),
            dutiful("modified-mit-kimi-k2", ui_contains=[]),
            "display-missing",
            {"monthly_revenue_usd": 20_000_001, "use": ["embed-in-product"]},
            id="Kimi, much revenue",
        ),
        pytest.param(
            (base("modified-mit-minimax-m2"),),
            dutiful("modified-mit-minimax-m2", ui_contains=["Kimi K2"]),
            "display-missing",
            {"annual_revenue_usd": 30_000_001, "use": ["saas"]},
            id="MiniMax's own mark",
        ),
        pytest.param(
            (base("llama3.1"),), dutiful("llama3.1", notice_contains=[]), "notice-missing", {}, id="no notice"
        ),
        pytest.param(
            (base("llama3.2"),),
            dutiful("llama3.2", notice_contains=[LLAMA_31]),
            "notice-missing",
            {},
            id="the notice of another version",
        ),
        pytest.param(
            (copied("gemma"),), dutiful("gemma", notice_contains=[]), "notice-missing", {}, id="a plain copy too"
        ),
        pytest.param(
            (base("apache-2.0", upstream_files=["LICENSE", "NOTICE"]),),
            dutiful("apache-2.0", files=["LICENSE"], notice_contains=[], readme_contains=["Modified by us"]),
            "notice-missing",
            {},
            id="an upstream NOTICE dropped",
        ),
        pytest.param(
            (base("apache-2.0"),), dutiful("apache-2.0", files=["README.md"]), "license-text-missing", {}, id="no text"
        ),
        pytest.param((copied("mit"),), dutiful("mit", files=[]), "license-text-missing", {}, id="MIT without its text"),
        pytest.param(
            (base("qwen"),),
            {**dutiful("qwen"), "license": "apache-2.0"},
            "license-text-missing",
            {},
            id="LICENSE is the new one",
        ),
        pytest.param(
            (base("apache-2.0"),),
            dutiful("apache-2.0", notice_contains=[]),
            "modified-notice",
            {},
            id="changes not told",
        ),
        pytest.param(
            (base("gemma"),),
            dutiful("gemma", notice_contains=[NOTICE_GEMMA]),
            "modified-notice",
            {},
            id="Gemma, not told",
        ),
        pytest.param(
            (base("gemma"),),
            {**dutiful("gemma"), "license": "mit"},
            "use-restriction-pass-on",
            {},
            id="Gemma under MIT",
        ),
        pytest.param(
            (base("openrail++"),),
            {**dutiful("openrail++"), "license": "apache-2.0"},
            "use-restriction-pass-on",
            {},
            id="RAIL under Apache",
        ),
        pytest.param(
            (base("gemma"),),
            {**dutiful("gemma"), "license": None},
            "use-restriction-pass-on",
            {"use": ["saas"]},
            id="hosted access is distribution",
        ),
        pytest.param(
            (base("bigcode-openrail-m"),),
            dutiful("bigcode-openrail-m", model_card="removed"),
            "model-card-retention",
            {},
            id="card removed",
        ),
        pytest.param(
            (base("apache-2.0", upstream_files=["LICENSE", "USAGE_POLICY"]),),
            dutiful("apache-2.0"),
            "companion-policy",
            {},
            id="a policy beside Apache",
        ),
        pytest.param((base("agpl-3.0"),), None, "network-source", {"use": ["saas"]}, id="AGPL changed and served"),
        pytest.param(
            (base("mit"), part("serving-code", "agpl-3.0", modified=True)),
            None,
            "network-source",
            {"use": ["saas"]},
            id="AGPL server changed",
        ),
        pytest.param((copied("faipl-1.0"),), None, "network-source", {"use": ["saas"]}, id="Fair AI, even unchanged"),
    ],
)
def test_duties_flag(parts: tuple[Part, ...], plan: dict[str, Any] | None, issue: str, profile: dict[str, Any]) -> None:
    decision = judge(*parts, release=plan, **profile)
    assert issue in ids(decision)
    assert decision.verdict == ("warn" if issue == "companion-policy" else "fail")
