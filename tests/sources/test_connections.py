"""Lines are encrypted, checked, reused, and shared with nobody."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.sources import connections
from ossmodelkit.sources.connections import BrokenLineError, Connections
from ossmodelkit.sources.patience import Patience
from ossmodelkit.sources.single_url import UrlSource

HURRY = Patience(connect_seconds=2, grace_seconds=2, first_pause_seconds=0.01, tries=2)


def certificate(name: str, folder: Path) -> Path:
    """A key and a certificate that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


class Server:
    """Answers every GET with its path; counts lines and can hang up after each answer."""

    def __init__(self, pem: Path | None = None) -> None:
        self.lines = 0
        self.hangs_up = False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.lines += 1
                super().setup()

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                body = self.path.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = outer.hangs_up

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if pem:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Proxy:
    """An HTTP proxy that tunnels every name to one port of this machine."""

    def __init__(self, target: int) -> None:
        self.heard = b""
        self._target = target
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        client, _ = self._door.accept()
        while b"\r\n\r\n" not in self.heard:
            self.heard += client.recv(4096)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        server = socket.create_connection(("127.0.0.1", self._target))
        threading.Thread(target=_pump, args=(client, server), daemon=True).start()
        _pump(server, client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass


@pytest.fixture(autouse=True)
def fresh_trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    connections._trust.cache_clear()
    yield
    connections._trust.cache_clear()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


def get(lines: Connections, url: str) -> bytes:
    from ossmodelkit.sources.addresses import parse

    return lines.get(parse(url), {}, lambda status, told: 1000).body


def test_a_line_is_used_again(server: Server) -> None:
    lines = Connections(HURRY)
    for number in range(5):
        assert get(lines, f"http://127.0.0.1:{server.port}/{number}") == b"/%d" % number
    assert server.lines == 1


def test_a_line_that_was_hung_up_is_replaced(server: Server) -> None:
    server.hangs_up = True
    lines = Connections(HURRY)
    for number in range(3):
        assert get(lines, f"http://127.0.0.1:{server.port}/{number}") == b"/%d" % number
    assert server.lines == 3


def test_many_threads_share_a_pool(server: Server) -> None:
    from concurrent.futures import ThreadPoolExecutor

    lines = Connections(HURRY)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda n: get(lines, f"http://127.0.0.1:{server.port}/{n}"), range(100)))
    assert told == [b"/%d" % n for n in range(100)]
    assert server.lines <= 8


def test_a_forked_child_does_not_talk_on_its_parent_s_lines(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Connections(HURRY)
    get(lines, f"http://127.0.0.1:{server.port}/a")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    get(lines, f"http://127.0.0.1:{server.port}/b")
    assert server.lines == 2


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server = Server(certificate("localhost", tmp_path))
    with pytest.raises(UnreadableError, match="certificate of localhost cannot be trusted") as refused:
        get(Connections(HURRY), f"https://localhost:{server.port}/a")
    assert "SSL_CERT_FILE" in refused.value.hint
    server.close()


def test_a_company_s_own_authority_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    server = Server(pem)
    assert get(Connections(HURRY), f"https://localhost:{server.port}/a") == b"/a"
    with pytest.raises(UnreadableError, match="cannot be trusted"):
        get(Connections(HURRY), f"https://127.0.0.1:{server.port}/a")
    server.close()


def test_a_proxy_from_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate("hub.test", tmp_path)
    server = Server(pem)
    proxy = Proxy(server.port)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv("https_proxy", f"http://me:pa%20ss@127.0.0.1:{proxy.port}")
    assert get(Connections(HURRY), "https://hub.test/through") == b"/through"
    assert proxy.heard.startswith(b"CONNECT hub.test:443 ")
    assert b"Proxy-Authorization: Basic bWU6cGEgc3M=" in proxy.heard
    server.close()


def test_a_name_that_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: object, **more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", fail)
    with pytest.raises(UnreadableError, match=r"no host is called nowhere\.test"):
        _ = UrlSource("https://nowhere.test/a", patience=HURRY).inventory


def test_an_answer_that_is_no_http_is_a_broken_line() -> None:
    door = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        client, _ = door.accept()
        client.recv(1000)
        client.sendall(b"SSH-2.0-OpenSSH\r\n")
        client.close()

    threading.Thread(target=serve, daemon=True).start()
    with pytest.raises(BrokenLineError, match="BadStatusLine"):
        get(Connections(HURRY), f"http://127.0.0.1:{door.getsockname()[1]}/a")
    door.close()
