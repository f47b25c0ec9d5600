"""Where the shipped data lies: inside the installed package, or in the checkout.

The wheel carries `configs/`, `templates/` and the pages of `docs/checks/` inside the package; an
editable install does not, so the checkout is the second place to look. Only this file knows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ossmodelkit.foundation.errors import KitError

PACKAGE = Path(__file__).resolve().parent.parent
CHECKOUT = PACKAGE.parent.parent
IN_CHECKOUT = {"checks": "docs/checks"}


@cache
def folder(name: str) -> Path:
    """The shipped folder `name` ("configs", "templates" or "checks")."""
    for place in (PACKAGE / name, CHECKOUT / IN_CHECKOUT.get(name, name)):
        if place.is_dir():
            return place
    raise KitError(f"the installation lacks its {name!r} folder", hint="reinstall ossmodelkit")


def config(*parts: str) -> Path:
    """A path below `configs/`; it may or may not exist."""
    return folder("configs").joinpath(*parts)
