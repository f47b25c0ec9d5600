"""A server that lies, stalls or loops costs seconds and gets a name; it is never believed."""

from __future__ import annotations

import time

import pytest

from ossmodelkit.foundation.errors import KitError, LimitExceededError, SourceError, UnreadableError
from ossmodelkit.sources.hub import HubSource
from ossmodelkit.sources.hub_refs import parse_hub
from ossmodelkit.sources.hub_settings import hub_settings
from ossmodelkit.sources.opening import open_source
from ossmodelkit.sources.patience import Patience
from ossmodelkit.sources.single_url import UrlSource
from tests.making.hub_server import HubServer, Manners, Sparse

HURRY = Patience(connect_seconds=2, grace_seconds=0.5, slowest_bytes_per_second=10**6, first_pause_seconds=0.01)
DATA = bytes(range(256)) * 2000
LARGE = Sparse(10**9, {0: b"head"})


def fetch(url: str) -> bytes:
    source = UrlSource(url, patience=HURRY)
    with source.open(source.name) as stream:
        return stream.read()


def hub_source(ref: str = "hub:org/name") -> HubSource:
    return HubSource(ref, parse_hub(ref), hub_settings(), patience=HURRY)


@pytest.mark.parametrize("data", [b"", b"x", DATA], ids=["empty", "tiny", "large"])
@pytest.mark.parametrize("manners", [{}, {"ignores_ranges": True}, {"ignores_ranges": True, "says_no_length": True}])
def test_a_file_is_read_whatever_the_server_knows_of_ranges(
    data: bytes, manners: dict[str, object], hub: HubServer
) -> None:
    url = hub.plain("w.bin", data)
    hub.behave(**manners)
    assert fetch(url) == data


@pytest.mark.parametrize(
    ("manners", "says"),
    [
        pytest.param({"ignores_ranges": True}, "does not honor range requests", id="a gigabyte at once"),
        pytest.param(
            {"ignores_ranges": True, "says_no_length": True}, "does not honor range requests", id="of no known length"
        ),
        pytest.param({"truncates": True}, "ends early", id="truncated"),
        pytest.param({"lies_about_length": 5}, "ends early", id="announces more than it sends"),
        pytest.param({"lies_about_length": -5}, "announced 65536 bytes", id="announces less than the range"),
        pytest.param({"wrong_range": True}, "sent bytes 1-65535", id="another range"),
        pytest.param({"drip_seconds": 0.1}, "too slowly|timed out", id="one byte at a time"),
        pytest.param({"busy": 99}, "HTTP 503", id="always busy"),
        pytest.param({"busy": 99, "status": 429, "retry_after": "3600"}, "come back in 3600 sec", id="long wait"),
        pytest.param({"compressed": "gzip"}, "compressed, unasked", id="compressed"),
        pytest.param({"content_type": "text/html"}, "is a web page", id="a page"),
    ],
)
def test_a_server_that_cannot_be_used_is_named(manners: dict[str, object], says: str, hub: HubServer) -> None:
    url = hub.plain("w.bin", LARGE)
    hub.behave(**manners)
    started = time.monotonic()
    with pytest.raises(KitError, match=says) as refused:
        fetch(url)
    assert refused.value.hint
    assert time.monotonic() - started < 10


def test_a_dripping_listing_is_given_up_as_well(hub: HubServer) -> None:
    hub.add("org/name", {"w.bin": Sparse(500)})
    hub.behave(drip_seconds=0.05)
    with pytest.raises(UnreadableError, match=r"too slowly|timed out"), hub_source().open("w.bin") as stream:
        stream.read()


@pytest.mark.parametrize("manners", [{"new_etag_each_time": True}, {"wrong_total": True}])
def test_a_file_that_changes_while_it_is_read_is_named(manners: dict[str, object], hub: HubServer) -> None:
    hub.add("org/name", {"w.bin": LARGE})
    source = hub_source()
    with source.open("w.bin") as stream:
        assert stream.read(4) == b"head"
        hub.behave(**manners)
        stream.seek(5 * 10**8)
        with pytest.raises(UnreadableError, match="changed while it was read"):
            stream.read(4)


def test_a_file_that_shrinks_is_named(hub: HubServer) -> None:
    url = hub.plain("w.bin", LARGE)
    hub.behave(no_etag=True)
    source = UrlSource(url, patience=HURRY)
    with source.open("w.bin") as stream:
        assert stream.read(4) == b"head"
        hub.plain("w.bin", Sparse(1000))
        stream.seek(5 * 10**8)
        with pytest.raises(UnreadableError, match="changed while it was read"):
            stream.read(4)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_is_busy_for_a_moment_is_asked_again(status: int, hub: HubServer) -> None:
    hub.add("org/name", {"w.bin": DATA})
    hub.api_manners = Manners(busy=2, status=status, retry_after="0")
    hub.behave(busy=2, status=status)
    with hub_source().open("w.bin") as stream:
        assert stream.read() == DATA


@pytest.mark.parametrize(
    ("target", "says"),
    [
        pytest.param("{content}/plain/w.bin", "more than 5 times", id="loop"),
        pytest.param("http://example.org/w.bin", "not encrypted", id="to plain http elsewhere"),
        pytest.param("file:///etc/passwd", "cannot fetch from file", id="to a local file"),
        pytest.param("https://user:pw@example.org/", "password", id="to a login"),
    ],
)
def test_a_redirect_to_a_bad_place_is_not_followed(target: str, says: str, hub: HubServer) -> None:
    url = hub.plain("w.bin", DATA)
    hub.behave(redirects=target.format(content=hub.content))
    with pytest.raises(UnreadableError, match=says):
        fetch(url)
    assert len(hub.seen) <= 6


def test_the_signature_in_a_url_stays_out_of_reports(hub: HubServer) -> None:
    url = hub.plain("w.bin", DATA) + "?X-Signature=secret"
    source = open_source(url, online=True)
    assert "secret" not in source.ref
    assert "secret" not in repr(source.inventory)
    hub.files.clear()
    with pytest.raises(SourceError) as refused:
        _ = open_source(url, online=True).inventory
    assert "secret" not in refused.value.message


def test_a_url_without_a_name_is_called_a_download(hub: HubServer) -> None:
    url = hub.plain("a/..", DATA)
    assert open_source(url, online=True).inventory.entries[0].name == "download"


def test_nobody_at_the_other_end_is_named() -> None:
    with pytest.raises(UnreadableError, match="ConnectionRefusedError") as refused:
        _ = UrlSource("http://127.0.0.1:9/w.bin", patience=HURRY).inventory
    assert refused.value.hint == "try again later"


def test_a_limit_stops_the_fetching(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_FETCH_LIMIT", "1M")
    hub.add("org/name", {"w.bin": LARGE})
    source = hub_source()
    with source.open("w.bin") as stream, pytest.raises(LimitExceededError, match="1,048,576 bytes") as refused:
        stream.read()
    assert "KIT_FETCH_LIMIT" in refused.value.hint
    assert source.traffic.bytes_fetched <= 1_100_000


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"sha": "main"}', b"[" * 200_000], ids=str)
def test_something_that_is_no_hub_is_named(answer: bytes, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.content)
    hub.files["x"] = Sparse(1)
    monkeypatch.setattr("tests.making.hub_server._ContentSide.answer", lambda side: side.send(200, answer))
    with pytest.raises(UnreadableError, match=r"not JSON|which commit") as refused:
        _ = hub_source().inventory
    assert "HF_ENDPOINT" in refused.value.hint
