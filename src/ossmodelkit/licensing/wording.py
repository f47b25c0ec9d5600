"""A license text as words: without layout, markup, list marks and real copyright lines.

Only a line that *is* a copyright line is dropped: it begins with the word or the sign and holds a year,
a sign or a placeholder. A wrapped sentence that happens to begin with "copyright notice" is the
condition that tells ISC from 0BSD, and stays.
"""

from __future__ import annotations

import html
import re
import unicodedata
import zlib
from collections import Counter

from ossmodelkit.licensing import material

# Blanks without line ends: a lead that may run over lines would walk a file of empty lines once for each of them.
LEAD = r"^[ \t#*/;>|.\-\"'`]{0,40}"
YEAR = r"(?:19|20)\d\d"
PLACEHOLDER = (
    r"[<\[{(]\s*(?:yyyy|year|name|date|dates|owner|insert)|\byear\b.{0,40}\b(?:by|name|owner|author|copyright)\b"
)
COPYRIGHT_LINE = re.compile(
    rf"{LEAD}(?:(?:portions\s+|parts\s+|all\s+)?copyright\b(?=.{{0,200}}(?:\b{YEAR}\b|\(c\)|©|{PLACEHOLDER}))"
    rf"|(?:©|\(c\)\s+(?:copyright|{YEAR})|{YEAR}[\s,0-9\-–]{{0,80}}©))[^\n]*?(?:all rights reserved\.?|$)",
    re.I | re.M,
)
# A line that says more than who holds the rights is no copyright line, whatever it begins with.
SAYS_MORE = (
    material.ADDS_TERMS
    | set("hereby granted use warranty is are be can need needs pay fee that which your we our users".split())  # noqa: SIM905
) - material.IN_NAMES
SENTENCE = re.compile(r"(?<=[.;!])\s+(?=[^\W\d_])")
LONGEST_IN_NAMES = 3  # small words, such as "and its contributors"
DATED = re.compile(r"\bdated\b.*", re.I | re.S)
# The same inside a sentence, such as a notice that is quoted: where its lines break must not matter.
# It is one sentence: what follows "Inc." in it is a name, a comma or the rights, and no sentence of its own.
RIGHTS_CLAUSE = re.compile(
    r"copyright\s*(?:\(c\)|©)\s(?:[^\"“”\[\].]|\.(?=\S|\s*all\s+rights)|(?<=\b[a-z])\."
    r"|(?:(?<=\binc)|(?<=\bltd)|(?<=\bco)|(?<=\bcorp))\.(?=\s*(?:[,;&]|ltd\b|and\b))){1,320}?all\s+rights\s+reserved\.?",
    re.I,
)
RIGHTS_LINE = re.compile(r"^[ \t#*/;>|]{0,40}all rights reserved\.?[ \t*]*$", re.I | re.M)
# Marks of lists are dropped where they can stand: at a line's start, behind a sentence, a heading, or "and". Whoever
# wraps a text anew moves them into the line. Behind any other word a number says something: "Version 1.0."
# A line that begins with the number of what the line before it names, "paragraph 5.", begins with no mark either.
NAMED_BY_NUMBER = ("paragraph", "paragraphs", "section", "sections", "clause", "clauses", "article", "version")
NOT_NAMED = "".join(rf"(?<!\b(?i:{word})\n)" for word in NAMED_BY_NUMBER)
MARK = r"[0-9]{1,2}(?:\.[0-9]{1,2})*"
ENUMERATOR = re.compile(
    rf"(?:(?<=\n){NOT_NAMED}|^|(?<=\()|(?<=[.;:!?,)\"”*_>|-]\s)|(?<=\b(?:and|AND)\s)|(?<=\b(?:or|OR)\s)){MARK}[.):]+(?=\s)"
    rf"|(?<=[A-Z]{{4}}\s)(?<!(?:VERS|SECT)ION\s)(?<!THAN\s)(?<!OVER\s){MARK}\.(?=\s[A-Z\"“*])"
)
BLANKS = re.compile(r"[^\S\n]+")
LINE_ENDS = re.compile(r" ?\n[ \n]*")
# A word that a line's end cut in two. "non-" and the like stand before a hyphen of their own.
CUT_WORD = re.compile(r"\b([A-Za-z][a-z]+)-\n\s*([a-z]{2,})")
ROMAN = frozenset({"ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii"})
# A reply may quote a comment: several layers of marks.
COMMENT = re.compile(r"^[ \t]*(?:(?://+|/\*+|\*+/|\*(?=\s|$)|#+|;+|>+|rem\b|dnl\b)[ \t]?){1,8}", re.I | re.M)
TAG = re.compile(r"<!--[^<]{0,500}-->|</?[a-z][^<>]{0,300}>", re.I | re.S)
LINK = re.compile(r"\[([^\[\]]{1,200})\]\((?:https?:|/|#|\.)[^()]{0,300}\)")
EMAIL = re.compile(r"\S{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,4}")
# The years of a notice in the middle of a sentence: "Copyright (c) 2001, 2002-2004 Foundation; All Rights Reserved".
YEARS = re.compile(rf"(?:(?:\(c\)\s*)(?:{YEAR}[\s,;\-–]{{0,5}})+|{YEAR}(?:[\s,;\-–]{{1,5}}{YEAR})+)", re.I)
# Where the Free Software Foundation lived when a copy of its licenses was made.
POSTAL = re.compile(
    r"(?:51\s+franklin\s+st|59\s+temple\s+pl|675\s+mass)[\w\s,.-]{0,60}?\bma\b[\s,]{1,5}[0-9]{5}(?:-[0-9]{4})?(?:[\s,]{1,5}usa)?",
    re.I,
)
# A letter with an accent is part of its word; one of another script is a word of its own, written without gaps.
WORD = re.compile(r"[a-z0-9\u00df-\u00f6\u00f8-\u024f]+|[^\W\d_\u0000-\u024f]")
SPELLINGS = {
    "licence": "license", "licences": "licenses", "licenced": "licensed", "sublicence": "sublicense",
    "copyrightholder": "copyright holder", "http": "", "https": "", "www": "",
}  # fmt: skip
NEGATED = re.compile(r"\bnon(?=[a-z]{5})(?!etheless|existen)")
LONGEST = 400_000


def words(text: str) -> list[str]:
    """The words of a text, lower case, in order."""
    text = unicodedata.normalize("NFKC", text[:LONGEST].replace("©", "(c)")).replace("\r\n", "\n").replace("\r", "\n")
    text = html.unescape(LINK.sub(r"\1", TAG.sub(" ", text)))
    text = re.sub(r"\\([.\-_*#()\[\]])", r"\1", text)
    text = COMMENT.sub("", text)
    for notice in (RIGHTS_CLAUSE, COPYRIGHT_LINE, RIGHTS_LINE):
        text = notice.sub(_unless_it_says_more, text)
    text = LINE_ENDS.sub("\n", BLANKS.sub(" ", YEARS.sub(" ", EMAIL.sub(" ", POSTAL.sub(" ", text)))))
    text = re.sub(r"[’'`´]", "", ENUMERATOR.sub(" ", _mended(text)).lower())
    found = [word for word in WORD.findall(NEGATED.sub("non ", text)) if _counts(word)]
    if SPELLINGS.keys() & set(found):
        found = [part for word in found for part in SPELLINGS.get(word, word).split()]
    return found


def _counts(word: str) -> bool:
    return word not in ROMAN and (len(word) > 1 or word.isdigit() or not word.isascii())


def _mended(text: str) -> str:
    """Words cut at a line's end as one again, where the text shows that they are one."""
    if not CUT_WORD.search(text):
        return text
    alone = set(re.findall(r"(?<![\w-])[a-z]{2,}(?![\w-])", text.lower()))

    def joined(cut: re.Match[str]) -> str:
        whole = cut[1] + cut[2]
        one = whole.lower() in alone or (cut[1].lower() not in alone and cut[1].lower() != "non")
        return f"{whole}\n" if one else cut[0]

    return CUT_WORD.sub(joined, text)


def _unless_it_says_more(line: re.Match[str]) -> str:
    """A copyright line is dropped, but for terms and for the date of a license that is named in the same line."""
    sentences = SENTENCE.split(line[0])[1:]
    if SAYS_MORE.intersection(WORD.findall(line[0].lower())) or any(map(_is_no_name, sentences)):
        return line[0]
    dated = DATED.search(line[0])
    return dated[0] if dated else ""


def _is_no_name(sentence: str) -> bool:
    """Whether more small words stand in it than in a list of names."""
    words = re.findall(r"[^\W\d_]{2,}", sentence)
    return len(words) > LONGEST_IN_NAMES and (sentence.isupper() or sum(map(str.islower, words)) > LONGEST_IN_NAMES)


def pair_hash(one: str, other: str) -> int:
    """24 bits that stand for two words in a row."""
    return zlib.crc32(f"{one} {other}".encode()) & 0xFFFFFF


def pairs(found: list[str]) -> Counter[int]:
    """How often every pair of neighbours occurs."""
    return Counter(map(pair_hash, found, found[1:]))
