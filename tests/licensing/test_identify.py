"""A text is named only when it is that text; a sibling is never named."""

from __future__ import annotations

import re
import textwrap
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossmodelkit.licensing import fingerprints, wording
from ossmodelkit.licensing.identify import identify
from tests.making.license_texts import apache, installed, invented, library

SIBLINGS = library(
    [
        ("acme-3", invented(version="3", date="April 18, 2024")),
        ("acme-3.1", invented()),
        ("acme-3.2", invented(version="3.2", date="September 25, 2024")),
        ("zeta-1", invented(brand="Zeta", version="1")),
    ]
)


BSD = installed("Jinja2")
THIRD = "".join(re.findall(r"3\. +Neither the name.*?permission\.", BSD, re.S))


def wrapped(text: str) -> str:
    """The text in narrow lines, with CRLF."""
    return "\r\n\r\n".join(textwrap.fill(part, 50).replace("\n", "\r\n") for part in text.split("\n\n"))


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(lambda text: text, id="as it is"),
        pytest.param(wrapped, id="wrapped anew, CRLF"),
        pytest.param(lambda text: "\n\n".join(" ".join(p.split()) for p in text.split("\n\n")), id="one line each"),
        pytest.param(lambda text: "> " + text.replace("\n", "\n> "), id="quoted"),
        pytest.param(lambda text: re.sub("^", "> # ", text, flags=re.M), id="a quoted comment"),
        pytest.param(lambda text: re.sub("^", ">>  * ", text, flags=re.M), id="a reply to a reply"),
        pytest.param(lambda text: "# " + text.replace('"', "**"), id="markdown"),
        pytest.param(lambda text: text.replace('"', "“"), id="typographic quotes"),
        pytest.param(lambda text: "\ufeff" + text, id="a byte order mark"),
        pytest.param(lambda text: "Copyright (c) 2024 Acme Inc.\n\n" + text, id="a copyright line on top"),
    ],
)
@pytest.mark.parametrize("license_id", ["acme-3", "acme-3.1", "acme-3.2"])
def test_layout_does_not_matter(license_id: str, layout: Callable[[str], str]) -> None:
    dates = {"acme-3": "April 18, 2024", "acme-3.1": "July 23, 2024", "acme-3.2": "September 25, 2024"}
    text = invented(version=license_id.removeprefix("acme-"), date=dates[license_id])
    found = identify(layout(text), library=SIBLINGS)
    assert (found.result, found.id) == ("exact", license_id)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param(invented(users=70), "700", id="another threshold"),
        pytest.param(invented(version="3.9"), "number", id="another version"),
        pytest.param(invented(date="July 24, 2031"), "2031", id="another date"),
        pytest.param(invented(brand="Bolt"), "bolt", id="another brand"),
        pytest.param(invented().replace("are not authorized", "are authorized"), "not", id="a negation gone"),
        pytest.param(
            invented().replace("use, copy", "use for non-commercial purposes, copy"), "commercial", id="NC put in"
        ),
        pytest.param(invented().replace("worldwide, ", ""), "worldwide", id="worldwide gone"),
        pytest.param(
            invented().replace("a breach", "breach").replace("applicable law", "Belgian law"), "belgian", id="law"
        ),
    ],
)
def test_a_changed_text_is_told_apart(text: str, told: str) -> None:
    found = identify(text, library=SIBLINGS)
    assert found.result == "modified"
    assert found.id == ""
    assert any(told in difference for difference in found.differences)


@given(
    st.integers(0, 11),
    st.sampled_from(["not", "only", "research", "12", "million", "Zeta", "europe"]),
    st.integers(0, 200),
)
def test_no_single_word_can_be_put_in_unseen(clause: int, word: str, place: int) -> None:
    paragraphs = invented().split("\n\n")
    words = paragraphs[2:][clause % 10].split()
    at = 2 + place % (len(words) - 3) if len(words) > 6 else 2
    changed = invented().replace(" ".join(words), " ".join((*words[:at], word, *words[at:])))
    found = identify(changed, library=SIBLINGS)
    assert found.result != "exact" or wording.words(changed) == wording.words(invented())


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(
            "Additional terms: you may not use the Materials in Belgium, and you shall pay a fee.", id="appended"
        ),
        pytest.param("\n".join(["This notice covers more files. "] * 40), id="much around it"),
    ],
)
def test_a_known_text_with_more_is_never_just_known(extra: str) -> None:
    found = identify(invented() + "\n\n" + extra, library=SIBLINGS)
    assert (found.result, found.id) == ("exact+extra", "acme-3.1")


@pytest.mark.parametrize(
    ("text", "result"),
    [
        pytest.param(
            "Licensed under the Apache License, Version 2.0 (the License).", "reference-only", id="a reference"
        ),
        pytest.param("See https://opensource.org/licenses/MIT for the license", "reference-only", id="a link"),
        pytest.param("", "unresolved", id="nothing"),
        pytest.param("All rights are reserved by us. " * 30, "unresolved", id="something else"),
        pytest.param("模型许可协议。" * 200, "unresolved", id="another script"),
        pytest.param("%PDF-1.7 " + "stream " * 100, "unresolved", id="a PDF"),
    ],
)
def test_what_is_not_a_text_says_so(text: str, result: str) -> None:
    found = identify(text)
    assert found.result == result
    assert found.why


@pytest.mark.parametrize(
    ("package", "result", "license_id"),
    [
        pytest.param("pluggy", "exact", "mit", id="MIT"),
        pytest.param("iniconfig", "exact", "mit", id="MIT again"),
        pytest.param("Jinja2", "exact", "bsd-3-clause", id="BSD"),
        pytest.param("hypothesis", "exact+extra", "mpl-2.0", id="a preamble: modifications are dual licensed"),
    ],
)
def test_installed_packages(package: str, result: str, license_id: str) -> None:
    found = identify(installed(package))
    assert (found.result, found.id) == (result, license_id)


def test_the_apache_license_is_apache() -> None:
    assert (identify(apache()).result, identify(apache()).id) == ("exact", "apache-2.0")


def test_a_condition_that_begins_with_copyright_stays() -> None:
    wrapped_isc = "with or without fee is hereby granted, provided that the above\ncopyright notice and this permission"
    assert "notice" in wording.words(wrapped_isc)
    assert wording.words("Copyright (c) 2020 Ada") == []


def test_a_text_takes_milliseconds() -> None:
    identify(apache())
    began = time.perf_counter()
    identify(apache())
    assert time.perf_counter() - began < 0.5


@given(st.text(max_size=3000))
def test_any_text_gets_an_answer(text: str) -> None:
    assert identify(text).result in ("exact", "exact+extra", "modified", "reference-only", "unresolved")


def test_no_text_is_shipped() -> None:
    known = fingerprints.library().known
    assert len(known) > 200
    assert len({one.id for one in known}) > 150


def test_terms_cannot_hide_in_a_copyright_line() -> None:
    hidden = "Copyright (c) 2024 Acme Inc. You may use this for non-commercial purposes only.\n\n"
    assert identify(hidden + installed("pluggy")).result != "exact"


@pytest.mark.parametrize(
    "piece", ["\n", "<!--", "[", "<a", "copyright ", "copyright year\n", "1.", "(a", "*\n", "year ", "copyright year "]
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.perf_counter()
    identify((piece * 400_000)[:400_000])
    assert time.perf_counter() - began < 8


def test_several_texts_are_all_named() -> None:
    found = identify(installed("pluggy") + "\n\n" + apache())
    assert (found.result, found.ids) == ("exact", ("mit", "apache-2.0"))


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        pytest.param("Users in Norway are excluded.", "norway", id="a place"),
        pytest.param("Derivative models need the prior consent of the author.", "consent", id="no modal verb"),
        pytest.param("Das Modell darf nicht von Firmen oder für Geld genutzt werden.", "darf", id="another language"),
        pytest.param("本模型仅供研究使用,不得用于任何商业目的,违者必究,特此声明,请遵守。", "商业", id="another script"),
        pytest.param("Licensed under the GNU General Public License.", "gnu", id="another license"),
        pytest.param("You may not use the software for more than a day.", "may not", id="words of the text itself"),
    ],
)
@pytest.mark.parametrize("place", ["before", "behind"])
def test_extra_terms_are_told(extra: str, told: str, place: str) -> None:
    text = installed("pluggy")
    found = identify(f"{extra}\n\n{text}" if place == "before" else f"{text}\n\n{extra}")
    assert (found.result, found.id) == ("exact+extra", "mit")
    assert told in " ".join(found.extra)


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param("The MIT License (MIT)", id="a title"),
        pytest.param("Original library:\n  - Copyright Ada Lovelace and other contributors", id="holders"),
        pytest.param("\n".join(f"Ada Lovelace {number}th of Byron" for number in range(60)), id="a list of names"),
        pytest.param("https://example.org/contributors <ada@will.use.org>", id="addresses"),
    ],
)
def test_titles_and_holders_are_no_terms(harmless: str) -> None:
    found = identify(f"{harmless}\n\n{installed('pluggy')}")
    assert (found.result, found.id) == ("exact", "mit")


def test_a_word_changed_in_a_short_license_is_seen() -> None:
    assert identify(installed("pluggy").replace("merge, publish", "merge, print")).result == "modified"
    assert identify(installed("pluggy").replace("merge, publish, ", "")).result == "modified"


@pytest.mark.parametrize("number", range(8))
def test_no_sentence_of_apache_can_be_taken_out_unseen(number: int) -> None:
    sentences = re.findall(r"(?<=[.;])\s+[A-Z(\"][^.;]{40,400}[.;]", apache().partition("END OF TERMS")[0])
    found = identify(apache().replace(sentences[number * len(sentences) // 8], ""))
    assert found.result != "exact"


def test_words_cut_at_a_line_end_are_mended() -> None:
    cut = apache().replace("Contribution ", "Contri-\nbution ", 1).replace("Derivative Works", "Deriva-\ntive Works", 2)
    assert wording.words(cut) == wording.words(apache())


def test_a_version_is_no_list_mark() -> None:
    assert wording.words("Acme License VERSION 1.0. This") != wording.words("Acme License VERSION 2.0. This")


@pytest.mark.parametrize("named", ["paragraph", "Section", "clause"])
def test_a_number_that_is_named_is_no_list_mark_at_a_line_start(named: str) -> None:
    assert wording.words(f"set out in {named}\n5. The rest") == wording.words(f"set out in {named} 5. The rest")


def test_a_date_in_a_copyright_line_is_seen() -> None:
    title = "Copyright (c) 2023 Acme AI Open License dated July 26, {}\n\nSection I"
    assert wording.words(title.format(2023)) != wording.words(title.format(2031))
    assert wording.words("Copyright (c) 2023 Acme AI") == []


@pytest.mark.parametrize("between", ["", "Portions are derived from tools by Renée Weßling and Rackspace US Inc.:"])
def test_texts_that_begin_alike_are_each_found_to_their_end(between: str) -> None:
    two = BSD.replace(THIRD, "")
    assert identify(f"{two}\n\n{between}\n\n{BSD}").ids == ("bsd-2-clause", "bsd-3-clause")
    assert identify(f"{BSD}\n\n{between}\n\n{two}\n\n{BSD}").ids == ("bsd-3-clause", "bsd-2-clause")
    assert identify(f"{two}\n\n{between}\n\n{BSD}").result == "exact"


def test_the_author_of_a_bsd_license_may_be_named() -> None:
    third = "3. The name Ada Lovelace may not be used to endorse or promote products derived from this software without"
    named = BSD.replace(THIRD, f"{third} specific prior written permission.")
    assert identify(named).ids == ("bsd-3-clause",)
    assert identify(named.replace("Ada Lovelace", "Ada and only she")).result != "exact"


def test_other_files_under_other_licenses_are_no_terms_of_this_one() -> None:
    other = (
        "All files located in the node_modules and vendor directories are externally maintained libraries used by this "
        "software which have their own licenses; we recommend you read them, as their terms may differ from the terms "
        "above."
    )
    assert identify(f"{BSD}\n\n====\n\n{other}").result == "exact"
    assert identify(f"{BSD}\n\n====\n\n{other} You must pay for them.").result == "exact+extra"


@pytest.mark.parametrize(
    "put_in", ["The Materials go to friends of the author.", "Copies are for sale at ten dollars."]
)
@pytest.mark.parametrize("place", ["Inc. {} All Rights Reserved.", "Inc. All Rights Reserved. {}"])
def test_no_sentence_hides_in_a_notice_of_rights(put_in: str, place: str) -> None:
    notice = "Copyright (c) 2024 Acme Inc. All Rights Reserved."
    text = invented() + f'\nYou shall keep this notice: "Acme 3.1, {notice}"\n'
    mine = library([("acme-3.1", text)])
    assert identify(text, library=mine).result == "exact"
    assert identify(text.replace("Inc. All Rights Reserved.", place.format(put_in)), library=mine).result != "exact"
