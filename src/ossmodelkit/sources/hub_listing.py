"""What a hub says a repository holds: one commit, every file with its size, and digests as claimed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urljoin

from ossmodelkit.core.artifact import Entry, EntryKind, Inventory
from ossmodelkit.foundation.errors import LimitExceededError, UnreadableError
from ossmodelkit.foundation.limits import MIB
from ossmodelkit.sources.addresses import parse
from ossmodelkit.sources.hub_refs import HubRef
from ossmodelkit.sources.names import LONGEST, is_plain
from ossmodelkit.sources.web import Web, refused

COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
NEXT = re.compile(r'<([^<>]{1,4096})>\s*;\s*rel="?next"?')
MOST_PAGE_BYTES = 32 * MIB
MOST_PAGES = 2_000


def list_repository(web: Web, endpoint: str, ref: HubRef, called: str) -> Inventory:
    """All files of the repository, pinned to the commit that its revision stands for at this moment.

    Raises `SourceError` when there is no such repository or revision, `UnreadableError` when the hub refuses.
    """
    revision = quote(ref.revision, safe="")
    about, _ = _ask(web, f"{endpoint}/api/{ref.api}/revision/{revision}", called)
    commit = about.get("sha") if isinstance(about, dict) else None
    if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
        raise UnreadableError(f"the hub does not say which commit {called} is", hint="is HF_ENDPOINT a hub?")
    rows = _rows(web, f"{endpoint}/api/{ref.api}/tree/{commit}?recursive=true&expand=false", called)
    entries = tuple(sorted((_entry(row) for row in rows), key=lambda entry: entry.name))
    return Inventory(ref=called, entries=entries, revision=commit)


def _rows(web: Web, url: str, called: str) -> Iterator[dict[str, Any]]:
    home = parse(url).origin
    for _ in range(MOST_PAGES):
        rows, link = _ask(web, url, called)
        if not isinstance(rows, list):
            raise UnreadableError(f"the hub sends no list for {called}", hint="is HF_ENDPOINT a hub?")
        yield from (row for row in rows if isinstance(row, dict) and row.get("type") != "directory")
        found = NEXT.search(link)
        if not found:
            return
        url = urljoin(url, found[1])
        if parse(url).origin != home:
            raise UnreadableError(f"the list of {called} goes on at another host", hint="do not trust that hub")
    raise LimitExceededError(f"the list of {called} has more than {MOST_PAGES} pages")


def _ask(web: Web, url: str, called: str) -> tuple[Any, str]:
    reply = web.get(url, most=lambda status, told: MOST_PAGE_BYTES, headers={"Accept": "application/json"})
    if reply.answer.status != 200:
        raise refused(reply, called)
    if reply.answer.more:
        raise LimitExceededError(f"the hub's list of {called} is larger than {MOST_PAGE_BYTES:,} bytes")
    try:
        return json.loads(reply.answer.body), reply.answer.headers.get("link", "")
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"the hub's answer about {called} is not JSON", hint="is HF_ENDPOINT a hub?") from error


def _entry(row: dict[str, Any]) -> Entry:
    name, size = row.get("path"), row.get("size")
    lfs = row.get("lfs")
    lfs = lfs if isinstance(lfs, dict) else {}
    size, digest = lfs.get("size", size), lfs.get("oid", "")
    if not isinstance(name, str) or not is_plain(name):
        why = "the hub lists a name that leads elsewhere"
        return Entry(name=str(name)[:LONGEST] or "?", size=0, kind=EntryKind.UNREADABLE, why=why)
    if not isinstance(size, int) or not 0 <= size < 2**63:
        return Entry(name=name, size=0, kind=EntryKind.UNREADABLE, why="the hub lists no size")
    claimed = digest if isinstance(digest, str) and SHA256.fullmatch(digest) else ""
    return Entry(name=name, size=size, claimed_sha256=claimed)


def below(path: str, listed: Inventory) -> dict[str, Entry]:
    """The entries of one folder by their names from there, or one file by its own name; no path means all."""
    folder = path.rstrip("/")
    file = listed.find(folder)
    if file is not None:
        return {folder.rpartition("/")[2]: file}
    start = f"{folder}/" if folder else ""
    return {entry.name.removeprefix(start): entry for entry in listed.entries if entry.name.startswith(start)}
