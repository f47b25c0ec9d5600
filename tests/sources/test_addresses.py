"""https anywhere, plain http on this machine, and nothing that would let a server in."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.foundation.errors import SourceError, UnreadableError, UsageError
from ossmodelkit.sources.addresses import follow, parse
from ossmodelkit.sources.connections import Connections
from ossmodelkit.sources.traffic import fetch_limit
from ossmodelkit.sources.web import Token


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/a/b.bin", "https://example.org/a/b.bin"),
        ("https://example.org", "https://example.org/"),
        ("https://EXAMPLE.org:443/a?sig=1", "https://example.org/a"),
        ("https://example.org:8443/a", "https://example.org:8443/a"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("http://localhost/a", "http://localhost/a"),
    ],
)
def test_a_good_address_is_taken_apart(url: str, shown: str) -> None:
    assert parse(url).shown == shown


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://example.org/a", id="not encrypted"),
        pytest.param("http://127.0.0.1.example.org/", id="only looks like this machine"),
        pytest.param("http://169.254.169.254/latest/meta-data", id="the keys of a cloud machine"),
        pytest.param("file:///etc/passwd", id="local file"),
        pytest.param("ftp://example.org/a", id="ftp"),
        pytest.param("https://user:pw@example.org/", id="password"),
        pytest.param("https:///a", id="no host"),
        pytest.param("https://example.org:99999/", id="no such port"),
        pytest.param("https://example.org/a\r\nX: y", id="a header smuggled in"),
        pytest.param("https://example.org/a b", id="space"),
        pytest.param("https://example.org/ä", id="not encoded"),
        pytest.param("https://[::1/", id="half a bracket"),
        pytest.param("https://example.org/" + "a" * 9000, id="too long"),
    ],
)
def test_a_bad_address_is_refused(url: str) -> None:
    with pytest.raises(SourceError) as refused:
        parse(url)
    assert refused.value.hint or "not a URL" in refused.value.message


@given(st.text())
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    with suppress(SourceError):
        assert parse(text).host


@pytest.mark.parametrize("location", ["https://127.0.0.1/x", "https://localhost/x", "https://[::1]/", "//127.1.1.1/"])
def test_nobody_outside_leads_into_this_machine(location: str) -> None:
    with pytest.raises(UnreadableError, match="redirects to this machine"):
        follow(parse("https://example.org/a"), "https://example.org/a", location)


def test_a_name_that_resolves_to_this_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Line:
        sock = type("S", (), {"getpeername": lambda self: ("127.0.0.1", 443)})()

    from ossmodelkit.sources import connections

    with pytest.raises(UnreadableError, match="leads back to this machine"):
        connections._refuse_a_way_in(Line(), parse("https://example.org/a"))  # type: ignore[arg-type]
    assert Connections().patience.tries == 4


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://hub.example.org/x", True),
        ("https://hub.example.org:443/x", True),
        ("https://hub.example.org:444/x", False),
        ("https://cdn.example.org/x", False),
        ("https://hub.example.org.evil.org/x", False),
        ("http://localhost/x", False),
    ],
)
def test_the_token_is_for_one_origin(url: str, sent: bool) -> None:
    token = Token(home="https://hub.example.org/prefix", secret="s")
    assert bool(token.headers_for(parse(url))) is sent
    assert "secret" not in repr(token)


@pytest.mark.parametrize(
    ("told", "limit"), [("", 4 << 30), ("1000", 1000), ("64K", 65536), ("2GiB", 2 << 30), ("1mb", 1 << 20)]
)
def test_the_limit_is_a_size(told: str, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_FETCH_LIMIT", told)
    assert fetch_limit() == limit


@pytest.mark.parametrize("told", ["-1", "lots", "G", "1.5G"])
def test_a_limit_that_is_no_size_is_refused(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_FETCH_LIMIT", told)
    with pytest.raises(UsageError, match="no size"):
        fetch_limit()
