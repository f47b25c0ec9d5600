"""Cards by the names people use."""

from __future__ import annotations

import pytest

from ossmodelkit.estimating.fitting import judge_fit, reserved_bytes
from ossmodelkit.estimating.hardware import GIB, cards, catalog, find
from ossmodelkit.foundation.errors import UsageError


@pytest.mark.parametrize(
    ("words", "card", "count"),
    [
        pytest.param("H100", "nvidia-h100-sxm", 1, id="short"),
        pytest.param("2xH100", "nvidia-h100-sxm", 2, id="several"),
        pytest.param("8 x A100-80", "nvidia-a100-sxm-80", 8, id="with its memory"),
        pytest.param("NVIDIA H100 PCIe", "nvidia-h100-pcie", 1, id="the driver's name"),
        pytest.param("RTX 4090", "nvidia-rtx-4090", 1, id="with a space"),
        pytest.param("nvidia-l40s", "nvidia-l40s", 1, id="the id"),
        pytest.param("mi300x", "amd-mi300x", 1, id="another vendor"),
        pytest.param("Tesla T4", "nvidia-t4", 1, id="an old name"),
        pytest.param("A100 80GB", "nvidia-a100-sxm-80", 1, id="gigabytes written out"),
    ],
)
def test_a_card_is_found(words: str, card: str, count: int) -> None:
    found = cards(words)
    assert (found.accelerator.id, found.count) == (card, count)


@pytest.mark.parametrize("words", ["H1000", "", "0xH100", "gpu", "-1xH100"])
def test_an_unknown_card_is_refused(words: str) -> None:
    with pytest.raises(UsageError):
        cards(words)


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(UsageError) as error:
        cards("H1000")
    assert "h100" in error.value.hint


def test_every_card_has_sources_and_can_be_found_by_its_id() -> None:
    assert len(catalog()) == 90
    for name in catalog():
        card = find(name)
        assert card.id == name
        assert card.sources
        assert card.usable_bytes > 0


def test_a_card_is_full_at_97_percent() -> None:
    one = cards("H100")
    room = int(one.accelerator.usable_bytes * 0.97) - one.accelerator.context_bytes
    assert judge_fit(room, one).fits
    assert not judge_fit(room + 2, one).fits
    assert reserved_bytes(10 * GIB) > 10 * GIB
