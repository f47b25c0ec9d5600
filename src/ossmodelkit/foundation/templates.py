"""Fill a shipped template; a name that has no value is an error, never a gap.

Autoescape is on for HTML; for Markdown and plain text the caller escapes with `reporting`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ossmodelkit.foundation import resources


def render(name: str, values: Mapping[str, object], *, filters: Mapping[str, Callable[..., str]] | None = None) -> str:
    """Render `templates/<name>` with `values`.

    Raises `jinja2.UndefinedError` when the template asks for something it was not given.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resources.folder("templates")),
        autoescape=jinja2.select_autoescape(("html.j2", "html")),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(filters or {})
    return environment.get_template(name).render(**values)
