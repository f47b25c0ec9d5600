"""Tokens of many vendors, each built from parts so that no scanner takes this file for a leak."""

from __future__ import annotations

import random
import string

import pytest

from tests.making.memory import said, scan_bytes

LETTERS = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(count: int, letters: str = LETTERS) -> str:
    return "".join(random.Random(count).choices(letters, k=count))


TOKENS = {
    "Groq": "gsk_" + drawn(52),
    "Replicate": "r8_" + drawn(37),
    "xAI": "xai-" + drawn(80),
    "Perplexity": "pplx-" + drawn(48),
    "OpenRouter": "sk-or-v1-" + drawn(64, HEX),
    "LangSmith": f"lsv2_pt_{drawn(32, HEX)}_{drawn(10, HEX)}",
    "Pinecone": f"pcsk_{drawn(6)}_{drawn(63)}",
    "NVIDIA": "nvapi-" + drawn(64),
    "Databricks": "dapi" + drawn(32, HEX),
    "Kaggle": f'{{"username":"someone","key":"{drawn(32, HEX)}"}}',
    "SendGrid": f"SG.{drawn(22)}.{drawn(43)}",
    "DigitalOcean": "dop_v1_" + drawn(64, HEX),
    "Docker": "dckr_pat_" + drawn(27),
    "Shopify": "shpat_" + drawn(32, HEX),
    "Vault": "hvs." + drawn(90),
    "Grafana": f"glsa_{drawn(32)}_{drawn(8, HEX)}",
    "Linear": "lin_api_" + drawn(40),
    "Supabase": "sbp_" + drawn(40, HEX),
    "Telegram": f"{drawn(10, '123456789')}:AA{drawn(33)}",
    "Discord": f"https://discord.com/api/webhooks/{drawn(18, '123456789')}/{drawn(68)}",
    "Azure": f"AccountKey={drawn(86)}==",
    "Google OAuth": "GOCSPX-" + drawn(28),
    "Alibaba Cloud": "LTAI" + drawn(20),
    "Atlassian": "ATATT3" + drawn(180),
    "New Relic": "NRAK-" + drawn(27, string.ascii_uppercase + string.digits),
    "age": "AGE-SECRET-KEY-1" + drawn(58, string.ascii_uppercase + string.digits),
    "database": f"postgresql://model:{drawn(16)}7a@db.internal.net:5432/x",
}


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS.keys())
def test_a_published_token_is_dangerous(token: str) -> None:
    found = scan_bytes(f"first line\nvalue: {token}\n".encode(), "notes.md")
    assert [one.check for one in found.answers.findings] == ["secret-in-text"], said(found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("postgresql://user:password123@db.example.com/x", id="password that says so"),
        pytest.param("redis://:abc12345@localhost:6379/0", id="database of one's own machine"),
        pytest.param("mysql://${USER}:${DB_SECRET_1}@host/db", id="variables"),
        pytest.param('{"username":"someone","key":"name"}', id="a field called key"),
        pytest.param("gsk_" + "x" * 52, id="placeholder"),
        pytest.param("dapi0123", id="too short"),
        pytest.param("https://discord.com/api/webhooks/ID/TOKEN", id="documentation"),
    ],
)
def test_what_only_looks_like_a_token_is_left_alone(text: str) -> None:
    found = scan_bytes(text.encode(), "notes.md")
    assert found.verdict == "clean", said(found)
