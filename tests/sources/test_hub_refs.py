"""References mean what the hub's own library takes them for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from huggingface_hub.utils import _hf_uris
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.foundation.errors import SourceError, UsageError
from ossmodelkit.sources.hub_refs import HubRef, from_page, parse_hub
from ossmodelkit.sources.hub_settings import hub_settings

PUBLIC = "https://huggingface.co"


def seen_by_the_library(uri: str) -> HubRef:
    found = _hf_uris.parse_hf_uri(uri)
    path = found.path_in_repo
    return HubRef(kind=f"{found.type}s", repo=found.id, revision=found.revision or "main", path=path)


@pytest.mark.parametrize(
    "body",
    [
        "org/name",
        "org/name@v1.0",
        "org/name@refs/pr/3",
        "org/name@main/sub/file.bin",
        "org/name/sub/file.bin",
        "datasets/org/name@refs/convert/parquet/a.parquet",
        "models/org/name",
        "spaces/org/name",
        "org/name@feature%2Fx",
        "o.r-g_1/n.a-m_e",
    ],
)
def test_a_reference_means_what_the_library_says(body: str) -> None:
    assert parse_hub(f"hub:{body}") == parse_hub(f"hf://{body}") == seen_by_the_library(f"hf://{body}")


@pytest.mark.parametrize(
    "path",
    [
        "/org/name",
        "/org/name/tree/main",
        "/org/name/tree/main/sub",
        "/org/name/blob/v1/sub/file.bin",
        "/org/name/resolve/refs%2Fpr%2F1/a.bin?download=true",
        "/datasets/org/name/tree/main",
        "/org/name/blob/main/with%20space.bin",
    ],
)
def test_a_page_means_what_the_library_says(path: str) -> None:
    assert from_page(PUBLIC + path, PUBLIC) == seen_by_the_library(PUBLIC + path)


@pytest.mark.parametrize(
    ("url", "endpoint", "repo"),
    [
        ("https://hf.co/org/name", PUBLIC, "org/name"),
        ("https://hub.example.org/org/name/tree/main", "https://hub.example.org", "org/name"),
        ("https://art.example.org/api/hf/org/name/tree/main", "https://art.example.org/api/hf", "org/name"),
        ("https://huggingface.co/org/name", "https://mirror.example.org", "org/name"),
        ("https://huggingface.co/gpt2", PUBLIC, "gpt2"),
        ("https://github.com/org/name/tree/main", PUBLIC, None),
        ("https://example.org/model.bin", PUBLIC, None),
        ("https://huggingface.co/docs/hub/index", PUBLIC, None),
    ],
)
def test_only_pages_of_a_hub_are_taken_for_one(url: str, endpoint: str, repo: str | None) -> None:
    found = from_page(url, endpoint)
    assert (found.repo if found else None) == repo


@pytest.mark.parametrize(
    "ref",
    [
        "hub:",
        "hub:/name",
        "hub:org/",
        "hub:../../etc",
        "hub:org/na me",
        "hub:org/name@",
        "hub:org/name@../x",
        "hub:org/name@main/../../x",
        "hub:org/name@%2Fetc%2Fpasswd",
        "hub:org/name\n",
        "hub:a--b/c",
        "hub:org/" + "n" * 200,
        "hub:org/name@" + "r" * 5000,
    ],
)
def test_what_names_no_repository_is_refused(ref: str) -> None:
    with pytest.raises(SourceError) as refused:
        parse_hub(ref)
    assert "hub:org/name" in refused.value.hint


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_an_error(text: str) -> None:
    with suppress(SourceError):
        found = parse_hub(f"hub:{text}")
        assert "/" not in found.folder
        assert ".." not in (found.folder, *found.revision.split("/"), *found.path.split("/"))
    with suppress(SourceError):
        from_page(f"{PUBLIC}/{text}", PUBLIC)


@pytest.mark.parametrize(
    ("environment", "endpoint", "token", "cache"),
    [
        pytest.param({}, PUBLIC, "", "~/.cache/huggingface/hub", id="nothing set"),
        pytest.param({"HF_HOME": "/h"}, PUBLIC, "", "/h/hub", id="home"),
        pytest.param({"XDG_CACHE_HOME": "/x"}, PUBLIC, "", "/x/huggingface/hub", id="cache home"),
        pytest.param({"HF_HUB_CACHE": "/c", "HF_HOME": "/h"}, PUBLIC, "", "/c", id="cache itself"),
        pytest.param({"HF_ENDPOINT": "https://m.org/", "HF_TOKEN": " t\n"}, "https://m.org", "t", None, id="mirror"),
    ],
)
def test_the_environment_is_read_as_the_field_does(
    environment: dict[str, str], endpoint: str, token: str, cache: str | None
) -> None:
    found = hub_settings({"HF_TOKEN_PATH": "/none"} | environment)
    assert (found.endpoint, found.token) == (endpoint, token)
    assert cache is None or found.cache == Path(cache).expanduser()


@pytest.mark.parametrize("token", ["a b", "a\nb", "ä", "\x00"])
def test_a_token_that_could_smuggle_a_header_is_refused(token: str) -> None:
    with pytest.raises(UsageError, match="token holds characters") as refused:
        hub_settings({"HF_TOKEN": token})
    assert token not in refused.value.message
