"""What any published version released still verifies, and the items keep their catalog, code and pages together."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ossmodelkit.foundation import resources
from ossmodelkit.foundation.wire import from_wire
from ossmodelkit.releasing.checks import CATALOG
from ossmodelkit.releasing.items import Item, Weight, items, profiles
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.explain import explain
from ossmodelkit.workflow.verify import Wanted, verify
from ossmodelkit.workflow.verify_signer import Whom
from tools.release_pages import page

BUNDLES = Path(__file__).resolve().parent.parent / "bundles"


@pytest.mark.parametrize("version", sorted(path.name for path in BUNDLES.iterdir() if path.is_dir()))
def test_a_release_of_an_earlier_version_verifies(version: str) -> None:
    (folder,) = (path for path in (BUNDLES / version).iterdir() if path.is_dir())
    whom = Whom(key=str(BUNDLES / version / "key.pub"))
    for now in (datetime(2026, 12, 1, tzinfo=UTC), datetime(2046, 12, 1, tzinfo=UTC)):
        report = verify(folder, Wanted(whom=whom), desk=Desk(now=now))
        assert report.verdict == "verified", report.findings


def test_every_item_has_its_check_and_every_check_its_item() -> None:
    assert [one.id for one in items()] == [one.id for one in CATALOG] or {one.id for one in items()} == {
        one.id for one in CATALOG
    }
    assert len(items()) == 79


def test_the_items_keep_to_their_shape() -> None:
    data = tomllib.loads(resources.config("release", "items.toml").read_text())
    assert tuple(from_wire(Item, row) for row in data["item"]) == items()


def test_every_item_has_its_page() -> None:
    """Mend them with `python -m tools.release_pages`."""
    for item in items():
        assert explain(item.id) == page(item), item.id


def test_profiles_combine_to_the_strictest_weight() -> None:
    by_id = {item.id: item for item in items()}
    assert by_id["LIC-002"].weight(["internal"]) is Weight.WARN
    assert by_id["LIC-002"].weight(["internal", "public-weights"]) is Weight.BLOCK
    assert by_id["DEP-001"].weight(["public-weights"]) is None
    assert {name for item in items() for name in item.profiles} == set(profiles())


def test_shipped_policies_can_be_read() -> None:
    from ossmodelkit.releasing.demands import read_demands

    names = [path.stem for path in resources.config("policies").glob("*.toml")]
    assert names
    for name in names:
        assert read_demands(name).name == name
