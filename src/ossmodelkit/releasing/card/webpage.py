"""The card as one page: no script, nothing fetched, a policy that says so, and it prints well.

The person's Markdown is rendered with raw HTML switched off; pictures are not shown, because they would have
to be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import re

from ossmodelkit.foundation import templates
from ossmodelkit.releasing.card import fences, frontmatter
from ossmodelkit.releasing.card.plots import plots
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CARD

STYLE = """\
:root{color-scheme:light dark;--ink:#1b1b1f;--paper:#fff;--soft:#f4f4f7;--line:#d5d5dc;--faint:#6a6a75;--ours:#2a5db0;
--base:#9aa5b8;--good:#17693a;--bad:#a3211b;--warn:#8a5a00}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e6eb;--paper:#16161a;--soft:#222228;--line:#3a3a44;
--faint:#9a9aa6;--ours:#7aa7f0;--base:#5d6675;--good:#6cc893;--bad:#f08a84;--warn:#e0b25c}}
body{font:16px/1.55 system-ui,sans-serif;max-width:54rem;margin:2.5rem auto;padding:0 1.25rem;color:var(--ink);
background:var(--paper)}
h1,h2,h3{line-height:1.25;margin:2rem 0 .6rem}h1{font-size:2rem;margin-top:0}h2{padding-bottom:.25rem;
border-bottom:1px solid var(--line)}a{color:var(--ours)}
table{border-collapse:collapse;margin:1rem 0;width:100%;font-size:.94em}
td,th{border-bottom:1px solid var(--line);padding:.35rem .75rem .35rem 0;text-align:left;vertical-align:top}
th{color:var(--faint);font-weight:600;white-space:nowrap}td:first-child{white-space:nowrap}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}code{overflow-wrap:anywhere}
pre{background:var(--soft);border-radius:6px;padding:.75rem;overflow-x:auto}
figure{margin:1.25rem 0}figcaption{color:var(--faint);font-size:.9em;margin-bottom:.25rem}
svg{max-width:100%;height:auto;font:12px system-ui,sans-serif;fill:var(--ink)}.line{stroke:var(--ours);stroke-width:2}
.grid{stroke:var(--line)}.tick{fill:var(--faint)}.bar{fill:var(--ours)}.bar.base{fill:var(--base)}
.pass{color:var(--good)}.fail,.error,.missing,.stale{color:var(--bad)}.waived{color:var(--warn)}
@page{margin:18mm 16mm}
@media print{body{max-width:none;margin:0;padding:0;font-size:10.5pt}h2,h3{break-after:avoid}
h2.checklist{break-before:page}tr,figure,pre{break-inside:avoid}thead{display:table-header-group}pre{white-space:pre-wrap}a{color:inherit}
.line,.bar{print-color-adjust:exact}}
"""


def page(dossier: Dossier, checklist: Checklist) -> str:
    """The page, complete in itself."""
    drawn = plots(dossier)
    parts = fences.parts(frontmatter.read(dossier.text(CARD)).body)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    values = {
        "title": f"{dossier.words.name} {dossier.words.version}".strip(),
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        "style": STYLE,
        "parts": [(to_html(part.text), [one for one in drawn if one.block == part.name]) for part in parts],
        "totals": [(state, count) for state, count in checklist.totals.items() if count],
        "lines": [line for line in checklist.lines if line.state != "not-applicable"],
    }
    return templates.render("release/card.html.j2", values)


def to_html(text: str) -> str:
    """Markdown as HTML that runs nothing and fetches nothing."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return re.sub(r"(<a [^>]*)>", r'\1 rel="noreferrer noopener">', str(reader.render(text)))
