"""What a call that uses the network sends, and to whom."""

from __future__ import annotations

import ast

from ossmodelkit.scanning.tables import words


def names_strange_host(node: ast.Call) -> bool:
    """An address written into the code, that is none of the hosts which models are downloaded from."""
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    hosts = [text.split("://", 1)[1].split("/")[0].lower() for text in texts if "://" in text]
    return any(not host.endswith(tuple(words("python", "lists", "download_hosts"))) for host in hosts)


def sends(node: ast.Call, dotted: str) -> bool:
    """Whether a call of the network gives something away."""
    last = dotted.rpartition(".")[2]
    return last in ("post", "put", "patch", "socket", "create_connection", "sendmail", "SMTP", "connect") or any(
        keyword.arg in ("data", "files") for keyword in node.keywords
    )
