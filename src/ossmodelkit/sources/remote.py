"""References that lead over a network: a hub, a URL, a bucket. Loaded only when one is given."""

from __future__ import annotations

from ossmodelkit.core.source import Source
from ossmodelkit.foundation.errors import SourceError
from ossmodelkit.sources.hub_refs import HubRef, from_page, is_hub, parse_hub
from ossmodelkit.sources.hub_settings import HubSettings, hub_settings


def open_remote_source(ref: str, *, online: bool) -> Source:
    """The source behind a hub reference or a URL; offline, only what a hub's own tools have downloaded before."""
    settings = hub_settings()
    at = parse_hub(ref) if is_hub(ref) else from_page(ref, settings.endpoint)
    if at is not None:
        return _open_hub(ref, at, settings, online=online)
    if not online:
        raise _not_allowed(ref)
    if ref.startswith(("https://", "http://")):
        from ossmodelkit.sources.single_url import UrlSource

        return UrlSource(ref)
    from ossmodelkit.sources.bucket import BucketSource

    return BucketSource(ref)


def _open_hub(ref: str, at: HubRef, settings: HubSettings, *, online: bool) -> Source:
    from ossmodelkit.sources.hub import HubSource
    from ossmodelkit.sources.hub_cache import cached

    if online and not settings.offline:
        return HubSource(ref, at, settings)
    found = cached(settings.cache, at, ref)
    if found is None and online:
        raise SourceError(f"{ref!r} is not in the hub cache, and HF_HUB_OFFLINE is set", hint="unset HF_HUB_OFFLINE")
    if found is None:
        raise _not_allowed(ref)
    return found


def _not_allowed(ref: str) -> SourceError:
    shown = ref.partition("?")[0]
    return SourceError(
        f"{shown!r} is remote, and the network is not allowed",
        hint="add --online (or set KIT_ONLINE=1), or download it and give the folder",
    )
