"""The card as one page: no script, nothing fetched, a policy that says so, and it prints well.

The person's Markdown is rendered with raw HTML switched off; pictures are not shown, because they would have
to be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import re

from ossmodelkit.foundation import templates
from ossmodelkit.releasing.card import frontmatter
from ossmodelkit.releasing.card.fences import MARK
from ossmodelkit.releasing.card.plots import plots
from ossmodelkit.releasing.checklist import Checklist
from ossmodelkit.releasing.dossier import Dossier
from ossmodelkit.releasing.layout import CARD

STYLE = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;background:#fff}
h1,h2,h3{line-height:1.2;margin-top:2rem}table{border-collapse:collapse;margin:1rem 0;width:100%}
td,th{border:1px solid #c9c9d1;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f4f4f7;padding:.75rem;overflow-x:auto}
svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}.line{stroke:#2a5db0;stroke-width:2}.bar{fill:#2a5db0}
.pass{color:#17693a}.fail,.error,.missing,.stale{color:#a3211b}.waived{color:#8a5a00}
@media print{body{max-width:none;margin:0}h2,h3{break-after:avoid}tr,svg,pre{break-inside:avoid}a{color:inherit}}
"""


def page(dossier: Dossier, checklist: Checklist) -> str:
    """The page, complete in itself."""
    text = MARK.sub("", frontmatter.read(dossier.text(CARD)).body)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    values = {
        "title": f"{dossier.words.name} {dossier.words.version}".strip(),
        "policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        "style": STYLE,
        "body": to_html(text),
        "plots": plots(dossier),
        "lines": [line for line in checklist.lines if line.state != "not-applicable"],
    }
    return templates.render("release/card.html.j2", values)


def to_html(text: str) -> str:
    """Markdown as HTML that runs nothing and fetches nothing."""
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return re.sub(r"(<a [^>]*)>", r'\1 rel="noreferrer noopener">', str(reader.render(text)))
