"""A card's Markdown as sentences with their lines, however they are wrapped, marked up or hidden."""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote

FENCE = re.compile(r"\s{0,3}(```+|~~~+)")
HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*)")
MARKER = re.compile(r"^\s*(?:>\s*)*(?:[-*+]\s+|\d+[.)]\s+)?")
NUMBERING = re.compile(r"^\d+(?:\.\d+)*[.)]?\s+")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]")
# Marks inside a word or a number that a reader never sees.
MARKUP = re.compile(r"\*{1,3}|__|~~|</?(?:b|i|em|strong|u|span|sub|sup|mark|font)\b[^<>]*>|\\(?=[\W_])")
# Any other tag: its name is no word, and what it says in its attributes is read.
TAG = re.compile(r"</?[A-Za-z][\w-]*+([^<>]*)>")
BADGE = re.compile(r"https?://img\.shields\.io/badge/([^)\s\"'<>]+)")
LOOKALIKES = str.maketrans("аеорсухіјѕкмтвнАЕОРСУХІЈЅКМТВНοαεικνρτυχΑΒΕΗΙΚΜΝΟΡΤΥΧ",
                           "aeopcyxijskmtbhAEOPCYXIJSKMTBHoaeiknptuxABEHIKMNOPTYX")  # fmt: skip
WORD = re.compile(r"[^\W\d_]+")
CODE = re.compile(r"(?<!`)(`{1,3})(?!`)([^`]+)(?<!`)\1(?!`)")
LONGEST_VALUE = 60
END = re.compile(r"(?<=[.;!?。！？])(?<!\bca\.)(?<!\bapprox\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bresp\.)\s+")
VALUE = re.compile(r"[\d\s.,%±~-]+|[\w\s@-]+[:=]\s*\d[\d.,%\s]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A piece of text, the line it begins in, and the words around it that say what it is about.

    `near` belongs to it as a table's headings do; `above` is a heading or a line that announced it.
    """

    text: str
    line: int
    near: str = ""
    above: str = ""
    column: str = ""

    def line_at(self) -> Callable[[int], int]:
        """A way to ask for the line of any character: a long paragraph is asked about thousands."""
        breaks = [found.start() for found in re.finditer("\n", self.text)]
        return lambda at: self.line + bisect_left(breaks, at)


def sentences(text: str, first_line: int) -> Iterator[Sentence]:
    """Every sentence, table cell and heading of a piece of Markdown; code blocks are left out."""
    heading, announced = "", ""
    for line, block in _blocks(text, first_line):
        if found := HEADING.fullmatch(block):
            heading, announced = NUMBERING.sub("", found[1]), ""
            yield Sentence(text=heading, line=line)
        elif block.lstrip().startswith("|") or _has_rule(block):
            yield from (replace(cell, above=f"{heading} {announced}") for cell in _cells(block, line))
            announced = ""
        else:
            last = ""
            for sentence in _split(block, line):
                yield replace(sentence, above=f"{heading} {announced} {last}")
                last = "" if re.search(r"\d", sentence.text) else sentence.text
            announced = last if last or block.rstrip().endswith(":") else ""


def _blocks(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """Paragraphs, headings, list items and tables, each with its first line."""
    held: list[str] = []
    began, fence = first_line, ""
    for number, raw in enumerate(text.splitlines(), first_line):
        if (found := FENCE.match(raw)) and (not fence or found[1].startswith(fence)):
            fence = "" if fence else found[1]
            line = ""
        else:
            line = "" if fence else plain(raw)
        starts = not line.strip() or HEADING.fullmatch(line) or re.match(r"\s*(?:[-*+]|\d+[.)])\s", line)
        if starts and held:
            yield began, "\n".join(held)
            held = []
        if HEADING.fullmatch(line):
            yield number, line
        elif line.strip():
            began = number if not held else began
            held.append(MARKER.sub("", line) if starts else line)
    if held:
        yield began, "\n".join(held)


def plain(line: str) -> str:
    """A line as a reader sees it: entities read, invisible characters and marks gone, digits of every script alike."""
    line = BADGE.sub(lambda found: f" {unquote(found[1]).replace('-', ' ').replace('_', ' ')} ", line)
    seen = unicodedata.normalize("NFKC", html.unescape(line).replace("\n", " "))
    seen = INVISIBLE.sub("", TAG.sub(r" \1 ", MARKUP.sub("", seen)))
    if not seen.isascii():
        seen = WORD.sub(lambda found: _in_one_script(found[0]), seen)
    return CODE.sub(lambda found: found[2] if _is_text(found[2]) else " ", seen)


def _in_one_script(word: str) -> str:
    """A word that mixes Latin letters with others that look like them, in Latin letters."""
    folded = word.translate(LOOKALIKES)
    return folded if folded.isascii() and not word.isascii() and any(letter.isascii() for letter in word) else word


def _is_text(code: str) -> bool:
    """Whether a code span is a word or a value in other letters, and not a piece of code."""
    return not re.search(r"\d", code) or (len(code) <= LONGEST_VALUE and bool(VALUE.fullmatch(code)))


def _has_rule(block: str) -> bool:
    """Whether the second line of a block is the rule of a table."""
    rule = block.split("\n", 2)[1:2]
    return bool(rule) and set(rule[0]) <= set(" \t:|-") and {"-", "|"} <= set(rule[0])


def _split(block: str, line: int) -> Iterator[Sentence]:
    at = 0
    for end in [*(found.end() for found in END.finditer(block)), len(block)]:
        if block[at:end].strip():
            yield Sentence(text=block[at:end], line=line + block.count("\n", 0, at))
        at = end


def _cells(block: str, line: int) -> Iterator[Sentence]:
    """The cells of a table, each with its heading and the first cell of its row."""
    header: list[str] = []
    for number, row in enumerate(block.split("\n"), line):
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        if not header:
            header = cells
        for i, cell in enumerate(cells):
            column = header[i] if i < len(header) and cells is not header else ""
            yield Sentence(text=cell, line=number, near=f"{column} {cells[0] if i else ''}", column=column)
