"""A stranger's text made harmless for a terminal, a Markdown page and an HTML page.

Control characters, bidirectional overrides and other invisible characters are shown by their code
point: a file name must not be able to repaint the terminal or reverse what people read.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 400
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~])")


def one_line(text: str, limit: int = LONGEST) -> str:
    """`text` on one line, with everything invisible made visible, cut at `limit` characters."""
    if text.isascii() and text.isprintable():
        shown = text
    else:
        shown = "".join(char if _is_plain(char) else _by_code(char) for char in text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def markdown(text: str) -> str:
    """`text` as literal text inside Markdown, tables included."""
    import html

    return MARKDOWN.sub(r"\\\1", html.escape(one_line(text), quote=False))


def page(text: str) -> str:
    """`text` as literal text inside HTML."""
    import html

    return html.escape(one_line(text))


def _is_plain(char: str) -> bool:
    return char == " " or unicodedata.category(char)[0] not in "CZ"


def _by_code(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
