"""May works become one, and what may come out: the questions people ask."""

from __future__ import annotations

import pytest

from ossmodelkit.licensing import explaining, facts
from ossmodelkit.licensing.comparing import against, bases, pair, releases
from ossmodelkit.licensing.situation import Profile

OPEN = Profile(use=("redistribute-weights",), commercial=True)
FREE = Profile(use=("redistribute-weights", "research"), commercial=False)


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        ("apache-2.0", "mit", "yes"), ("llama3.1", "apache-2.0", "yes"), ("gemma", "mit", "yes"),
        ("qwen", "apache-2.0", "yes"), ("openrail++", "apache-2.0", "yes"), ("mrl", "apache-2.0", "yes"),
        ("cc-by-nc-4.0", "mit", "yes"), ("cc-by-4.0", "cc-by-sa-4.0", "yes"), ("cc-by-sa-4.0", "gpl-3.0", "yes"),
        ("gpl-3.0", "apache-2.0", "yes"), ("mpl-2.0", "gpl-3.0", "yes"), ("gpl-3.0", "agpl-3.0", "yes"),
        ("modified-mit-kimi-k2", "mit", "yes"), ("cc0-1.0", "odbl", "yes"), ("cc-by-4.0", "odc-by", "yes"),
        ("c-uda", "mit", "yes"), ("llama3", "qwen", "yes"), ("sam-license", "sam-license", "yes"),
        ("gpl-2.0", "apache-2.0", "no"), ("gpl-2.0", "gpl-3.0", "no"), ("agpl-3.0", "llama3.1", "no"),
        ("gpl-3.0", "gemma", "no"), ("cc-by-sa-4.0", "cc-by-nc-sa-4.0", "no"), ("sam-license", "dinov3-license", "no"),
        ("cc-by-nd-4.0", "mit", "no"), ("exaone-1.2-nc", "llama3.1", "no"), ("hyperclovax-seed", "llama3", "no"),
        ("llama3.1", "gemma", "depends"), ("llama3.1", "llama3.2", "depends"), ("odbl", "odc-by", "depends"),
        ("cdla-sharing-1.0", "cc-by-sa-4.0", "depends"),
        ("cc", "mit", "unresolved"), ("jamba-open-model-license", "mit", "unresolved"),
    ],
)  # fmt: skip
def test_a_pair_is_answered(one: str, other: str, verdict: str) -> None:
    assert pair(one, other).verdict == pair(other, one).verdict == verdict
    assert pair(one, other).why


def test_a_choice_says_what_it_owes() -> None:
    (choice,) = releases(("llama3.1", "cc-by-4.0"), OPEN)
    assert (choice.id, choice.verdict) == ("llama3.1", "ok-with-obligations")
    assert {"begin its name with “Llama”", "ship a copy of Llama 3.1 Community License Agreement"} <= set(
        choice.reasons
    )


def test_a_choice_inside_the_house_is_judged_as_a_release() -> None:
    (choice,) = releases(("llama3.1",), Profile(use=("internal",)))
    assert "begin its name with “Llama”" in choice.reasons


def test_commerce_does_not_go_with_a_noncommercial_parent() -> None:
    assert {choice.verdict for choice in releases(("cc-by-nc-4.0",), OPEN)} == {"fail"}
    assert [choice.id for choice in releases(("cc-by-nc-4.0",), FREE)] == ["cc-by-nc-4.0", "cc-by-nc-sa-4.0"]


@pytest.mark.parametrize(
    ("parents", "said"),
    [
        pytest.param(("sam-license", "dinov3-license"), "each demand the whole", id="two that want the same terms"),
        pytest.param(("llama3.1", "llama3.2"), "no one license keeps", id="two that keep their own"),
        pytest.param(("cc-by-nc-4.0",), "no commercial use", id="a use that is not granted"),
    ],
)
def test_where_nothing_fits_the_reason_is_told(parents: tuple[str, ...], said: str) -> None:
    assert any(said in why for why in against(parents, OPEN))


def test_bases_are_listed_best_first() -> None:
    verdicts = {choice.id: choice.verdict for choice in bases(OPEN)}
    assert next(iter(verdicts.values())) == "ok"
    assert (verdicts["apache-2.0"], verdicts["mrl"]) == ("ok-with-obligations", "fail")
    assert (verdicts["glm-4"], verdicts["krea-2-community"]) == ("fail", "unresolved")


def test_every_license_is_explained_without_a_gap() -> None:
    for terms in facts.every_terms():
        for table in explaining.tables(terms):
            assert table.rows
            assert [row for row in table.rows if not all(row[:2])] == []
            assert not any(mark in cell for row in table.rows for cell in row for mark in ("{", "[]", "None"))


def test_a_limit_is_explained_as_a_sentence() -> None:
    told = [row[1] for table in explaining.tables(facts.terms("lfm1.0")) for row in table.rows]
    assert any(line.startswith("10,000,000 USD annual revenue or more (you or your legal entity") for line in told)
