"""Decoders that the standard library may not have: zstd, Brotli and Deflate64.

All speak like `lzma.LZMADecompressor`: `decompress(data, most)`, `eof`, `needs_input`, `unused_data`. A maker
is None where its package is missing, so that the data is said to be unread.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

LARGEST_WINDOW = 27  # of zstd, as a power of two


class Decoder(Protocol):
    """One compressed stream being expanded."""

    @property
    def eof(self) -> bool:
        """Whether the stream is over."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more data."""

    @property
    def unused_data(self) -> bytes:
        """What was given behind the end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Up to `max_length` bytes of what the data given so far expands to."""


Maker = Callable[[], Decoder]


def _first(*names: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


def zstd() -> Maker | None:
    """Python's own since 3.14, or the same module for older ones."""
    module = _first("compression.zstd", "backports.zstd")
    if module is None:
        return None
    options = {module.DecompressionParameter.window_log_max: LARGEST_WINDOW}
    return lambda: _Zstd(module.ZstdDecompressor(options=options), module.ZstdError)


def brotli() -> Maker | None:
    """Google's own package; before version 1.2 nothing bounds what one step gives."""
    module = _first("brotli")
    if module is None or not hasattr(module.Decompressor, "can_accept_more_data"):
        return None
    return lambda: _Brotli(module)


def deflate64() -> Maker | None:
    """What Windows packs large files with."""
    module = _first("inflate64")
    return None if module is None else lambda: _Deflate64(module)


class _Zstd:
    """zstd's own object, with errors that readers know."""

    def __init__(self, inner: Any, error: type[Exception]) -> None:
        self._inner = inner
        self._error = error

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return bool(self._inner.needs_input)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._inner.unused_data)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return bytes(self._inner.decompress(data, max_length))
        except self._error as error:
            raise ValueError(str(error)) from error


class _Brotli:
    """Brotli's own object; its output is bound since version 1.2. It has given all when it gives nothing."""

    unused_data = b""
    needs_input = True

    def __init__(self, module: Any) -> None:
        self._inner = module.Decompressor()
        self._error = module.error
        self.eof = False

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            found = bytes(self._inner.process(data, output_buffer_limit=max_length))
        except self._error as error:
            raise ValueError(str(error)) from error
        self.eof = self._inner.is_finished()
        self.needs_input = not found
        return found


STEP = 4096  # bytes of input, which become at most four million


class _Deflate64:
    """Deflate64 expands by a thousand to one at most, so small steps of its input bound its output."""

    unused_data = b""

    def __init__(self, module: Any) -> None:
        self._inner = module.Inflater()
        self._waiting = b""

    @property
    def eof(self) -> bool:
        return bool(self._inner.eof)

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    def decompress(self, data: bytes, max_length: int) -> bytes:
        self._waiting += data
        step, self._waiting = self._waiting[:STEP], self._waiting[STEP:]
        return bytes(self._inner.inflate(step))
