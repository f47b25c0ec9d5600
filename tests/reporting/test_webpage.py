"""The page loads nothing, runs nothing, shows a stranger's text as text, and a real browser agrees."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.core.finding import Gap, Place, Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.core.report import Report, Table
from ossmodelkit.reporting import webpage
from ossmodelkit.reporting.bars import is_number, lengths
from ossmodelkit.reporting.formats import Format, render
from tests.reporting.reports import EVIL, HOSTILE, PLAIN, SHELL

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
VOID = {"meta", "rect", "br", "hr", "img", "link", "input"}
KNOWN = {"html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "article"}
KNOWN |= {"h1", "h2", "h3", "p", "span", "b", "code", "ul", "li", "dl", "dt", "dd", "details", "summary"}
KNOWN |= {"table", "caption", "thead", "tbody", "tr", "th", "td", "svg", "rect"}


class Outline(HTMLParser):
    """The elements and attributes of a page; fails when one is left open."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(report: Report) -> str:
    return render(report, Format.HTML)


@pytest.mark.parametrize("report", [PLAIN, HOSTILE], ids=["plain", "hostile"])
def test_the_page_holds_nothing_that_loads_or_runs(report: Report) -> None:
    outline = Outline(page(report))
    assert {tag for tag, _ in outline.elements} <= KNOWN
    names = {name for _, attributes in outline.elements for name in attributes}
    assert not {"src", "href", "style", "action", "srcset"} & names
    assert not any(name.startswith("on") for name in names)


def test_the_policy_allows_the_page_s_own_style_and_nothing_else() -> None:
    told = page(PLAIN)
    policy = next(a for tag, a in Outline(told).elements if a.get("http-equiv") == "Content-Security-Policy")["content"]
    style = re.search(r"<style>(.*?)</style>", told, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|expression", style[1])


def test_a_stranger_s_markup_is_text() -> None:
    told = page(HOSTILE)
    assert "<script" not in told
    assert "<script>alert(1)</script>" in Outline(told).text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_leaves_the_page_whole(text: str) -> None:
    finding = replace(SHELL, title=text, saw=text, remedy=text, clause=text, at=Place(path=text, members=(text,)))
    table = Table(title=text, columns=(text, "n"), rows=((text, text), (text, "7")), note=text, bars="n")
    report = replace(
        PLAIN, subject=text, summary=text, verdict=text, findings=(finding,), tables=(table,), notes=(text,)
    )
    elements = [tag for tag, _ in Outline(page(report)).elements]
    assert elements.count("article") == 2
    assert "script" not in elements


@pytest.mark.parametrize("outcome", Outcome)
def test_the_verdict_stands_on_top(outcome: Outcome) -> None:
    outline = Outline(page(replace(PLAIN, outcome=outcome, verdict="the word")))
    banner = next(attributes for tag, attributes in outline.elements if tag == "header")
    assert banner["class"] == f"banner {outcome.value}"
    assert "the word" in outline.text


def test_findings_stand_worst_first_and_remarks_are_folded() -> None:
    remark = replace(SHELL, severity=Severity.INFO, check="remark")
    told = Outline(page(replace(PLAIN, findings=(remark, *PLAIN.findings)))).elements
    groups = [(a.get("class"), "open" in a) for tag, a in told if tag == "details" and a.get("class")]
    assert groups == [("critical", True), ("low", True), ("info", False)]


def test_a_page_of_very_many_findings_stays_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webpage, "MOST_FINDINGS", 5)
    monkeypatch.setattr(webpage, "MOST_ROWS", 5)
    findings = tuple(replace(SHELL, at=Place(path=f"f{number}")) for number in range(9))
    gaps = tuple(Gap(at=Place(path=f"g{number}"), reason="why") for number in range(7))
    table = Table(title="t", columns=("a",), rows=tuple((str(number),) for number in range(6)))
    text = Outline(page(replace(PLAIN, findings=findings, gaps=gaps, tables=(table,)))).text
    assert "9 critical" in re.sub(r"\s+", " ", text)
    assert "… and 4 more; see --format json" in text
    assert "… and 2 more; see --format json" in text
    assert "… and 1 more rows" in text


def test_a_page_is_for_everybody() -> None:
    outline = Outline(page(PLAIN))
    tags = [tag for tag, _ in outline.elements]
    assert outline.elements[0] == ("html", {"lang": "en"})
    assert tags.count("h1") == tags.count("main") == 1
    ids = {a["id"] for _, a in outline.elements if "id" in a}
    assert {a["aria-labelledby"] for _, a in outline.elements if "aria-labelledby" in a} == ids
    assert all(a.get("scope") == "col" for tag, a in outline.elements if tag == "th")


@pytest.mark.parametrize(
    ("cells", "shares"),
    [
        pytest.param(("1", "2", "4"), (0.25, 0.5, 1.0), id="plain numbers"),
        pytest.param(("1.5 GB", "750 MB"), (1.0, 0.5), id="units of one scale"),
        pytest.param(("1 GiB", "512 MiB"), (1.0, 0.5), id="binary units"),
        pytest.param(("50 %", "100 %"), (0.5, 1.0), id="percent"),
        pytest.param(("1,000", "500"), (1.0, 0.5), id="thousands"),
        pytest.param(("2 s", "500 ms"), (1.0, 0.25), id="seconds"),
        pytest.param(("3", "-"), (1.0, None), id="a gap"),
        pytest.param(("1 GB", "2 tok/s"), (None, None), id="not comparable"),
        pytest.param(("0", "0"), (None, None), id="nothing to show"),
        pytest.param(("a", "b"), (None, None), id="words"),
        pytest.param((), (), id="empty"),
    ],
)
def test_bars_are_as_long_as_their_numbers(cells: tuple[str, ...], shares: tuple[float | None, ...]) -> None:
    assert lengths(cells) == shares


@pytest.mark.parametrize("cell", ["1e5", "12 34", "1.2.3", "x1", "1" * 30, "1 " + "u" * 9, "--1", ""])
def test_what_only_looks_like_a_number_is_a_word(cell: str) -> None:
    assert not is_number(cell)


def test_a_flagged_column_is_drawn() -> None:
    table = Table(title="Memory", columns=("part", "needs"), rows=(("w", "4 GB"), ("kv", "1 GB")), bars="needs")
    drawn = [a["width"] for tag, a in Outline(page(replace(PLAIN, tables=(table,)))).elements if tag == "rect"]
    assert drawn == ["240.0", "60.0"]


def browse(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Open a page in a real browser, in a profile of its own."""
    always = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    run = [str(BROWSER), *always, f"--user-data-dir={file.parent}/profile", *words, file.as_uri()]
    return subprocess.run(run, capture_output=True, text=True, timeout=60, check=True)


needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


@needs_browser
def test_a_real_browser_shows_it_and_finds_nothing_to_run(tmp_path: Path) -> None:
    trap = f"{EVIL}<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    file = tmp_path / "report.html"
    file.write_text(page(replace(HOSTILE, subject=trap, summary=trap, notes=(trap,))), encoding="utf-8")
    shown = browse(file, "--dump-dom")
    assert "<title>dangerous:" in shown.stdout
    assert not re.search(r"<(script|img)\b", shown.stdout)
    assert "CONSOLE" not in shown.stderr  # the browser's own complaints about the page
    browse(file, f"--print-to-pdf={tmp_path}/report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@needs_browser
def test_even_a_hole_in_the_escaping_would_run_nothing(tmp_path: Path) -> None:
    hole = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"><p style='color:red'>"
    file = tmp_path / "report.html"
    file.write_text(page(PLAIN).replace("</main>", f"{hole}</main>"), encoding="utf-8")
    shown = browse(file, "--dump-dom")
    assert "<title>fail:" in shown.stdout
    assert "Content Security Policy" in shown.stderr
