"""What the user typed leads to a source, and to no network unless it is allowed."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from ossmodelkit.foundation.errors import KitError, LimitExceededError, NothingToJudgeError, SourceError
from ossmodelkit.sources.bucket import BucketSource
from ossmodelkit.sources.hub import HubSource
from ossmodelkit.sources.opening import open_source
from ossmodelkit.sources.piped import PipedSource
from ossmodelkit.sources.single_url import UrlSource
from tests.making.hub_server import HubServer

REMOTE = ["hub:org/name", "hf://org/name", "https://example.org/w.bin?sig=secret", "s3://bucket/key", "gs://b/k"]


@pytest.mark.parametrize("ref", REMOTE)
def test_the_network_is_closed_by_default(ref: str, hub: HubServer) -> None:
    with pytest.raises(SourceError, match="the network is not allowed") as refused:
        open_source(ref)
    assert "--online" in refused.value.hint
    assert "secret" not in refused.value.message
    assert hub.seen == []


@pytest.mark.parametrize(
    ("value", "allowed"), [("1", True), ("true", True), ("0", False), ("false", False), ("", False)]
)
def test_the_environment_can_open_it(
    value: str, allowed: bool, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_ONLINE", value)
    if allowed:
        assert isinstance(open_source("hub:org/name"), HubSource)
    else:
        with pytest.raises(SourceError):
            open_source("hub:org/name")


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        ("hub:org/name", HubSource),
        ("https://huggingface.co/org/name/tree/main", HubSource),
        ("https://example.org/w.bin", UrlSource),
        ("memory://bucket/key", BucketSource),
    ],
)
def test_each_reference_finds_its_source(ref: str, kind: type, hub: HubServer) -> None:
    assert isinstance(open_source(ref, online=True), kind)
    assert hub.seen == []


@pytest.mark.parametrize(
    "ref", ["ftp://h/f", "file:///etc/passwd", "zip://a::s3://b/c", "s3://a::file:///etc/passwd", "python://x", "://x"]
)
def test_schemes_that_are_no_store_are_refused(ref: str) -> None:
    with pytest.raises(SourceError, match="cannot read from") as refused:
        open_source(ref, online=True)
    assert "https, s3" in refused.value.hint


def test_light_commands_load_no_network_code(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    script = (
        "import sys; from ossmodelkit.sources.opening import open_source;"
        f"open_source({str(tmp_path)!r}).inventory;"
        "heavy = {'ssl', 'http', 'http.client', 'urllib.request', 'fsspec', 'huggingface_hub', 'email'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(KitError, match="needs more than the base install") as refused:
        open_source("s3://bucket/key", online=True)
    assert "ossmodelkit[remote]" in refused.value.hint


def test_the_pipe_is_one_file_that_can_be_sought() -> None:
    source = PipedSource(io.BytesIO(b"0123456789"))
    assert [(entry.name, entry.size) for entry in source.inventory.entries] == [("stdin", 10)]
    assert source.ref == "-"
    with source.open("stdin") as stream:
        stream.seek(5)
        assert stream.read() == b"56789"


def test_the_pipe_is_spooled_to_a_bounded_file_that_goes_away() -> None:
    with pytest.raises(LimitExceededError, match="more than 5 bytes"):
        PipedSource(io.BytesIO(bytes(10)), most_bytes=5)
    source = PipedSource(io.BytesIO(b"x"))
    place = Path(source._file.path)
    copy = pickle.loads(pickle.dumps(source))
    del copy
    assert place.exists()
    del source
    assert not place.parent.exists()


def test_an_empty_pipe_is_nothing_to_judge() -> None:
    with pytest.raises(NothingToJudgeError, match="nothing came through the pipe"):
        PipedSource(io.BytesIO(b""))


def test_the_dash_means_standard_input() -> None:
    script = (
        "from ossmodelkit.sources.opening import open_source;"
        "source = open_source('-'); print(source.open('stdin').read().decode())"
    )
    done = subprocess.run([sys.executable, "-c", script], input=b"through", capture_output=True, check=True)
    assert done.stdout.strip() == b"through"


def test_a_command_in_place_of_a_file_is_read_as_a_pipe() -> None:
    script = "from ossmodelkit.sources.opening import open_source as o; import sys; s = o(sys.argv[1]);"
    script += "print(s.ref, s.open('stdin').read().decode())"
    words = ["bash", "-c", f'"{sys.executable}" -c "{script}" <(echo through)']
    done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith("/dev/fd/")
    assert done.stdout.strip().endswith("through")
