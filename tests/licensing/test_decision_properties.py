"""What holds for every situation: more of what binds never helps, evidence never hurts, order says nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ossmodelkit.core.license import Decision, Level
from ossmodelkit.licensing import facts
from ossmodelkit.licensing.deciding import VERDICTS, decide
from ossmodelkit.licensing.situation import Component, Profile, ReleasePlan, Role, Situation, Use

IDS = facts.ids()
KNOWN = [one for one in IDS if facts.terms(one).known]
FREE = [one for one in KNOWN if facts.terms(one).family in ("permissive", "public-domain") and one != "gpt-oss"]
LINES = ("Built with Llama", "Built with Meta Llama 3", "Built with Qwen", "Powered by Stability AI", "Modified by us")
NOTICES = tuple(sorted({str(t.says("notice_file", "text")) for t in facts.every_terms()} - {""}))
FILES = ("LICENSE", "NOTICE", "CHANGES.md", "THIRD_PARTY_LICENSES", "USAGE_POLICY")

licenses = st.sampled_from(IDS)
figures = st.sampled_from([0, 1_000_000, 10_000_000, 100_000_001, 900_000_000])
uses = st.lists(st.sampled_from(get_args(Use)), min_size=1, max_size=2, unique=True).map(tuple)
components = st.builds(
    Component,
    role=st.sampled_from([role for role in get_args(Role) if role != "adapter"]),
    name=st.integers(0, 999).map(lambda number: f"org/part-{number}"),
    license=licenses,
    shipped=st.sampled_from([None, True]),
    modified=st.sampled_from([None, True, False]),
    kind=st.just("text-llm"),
    multimodal=st.booleans(),
    guardrails=st.sampled_from(["kept", "replaced", "removed"]),
    linked=st.booleans(),
    purpose=st.sampled_from([None, "imitate-teacher", "labels", "evaluation"]),
)
profiles = st.builds(
    Profile,
    use=uses,
    commercial=st.booleans(),
    territory=st.lists(st.sampled_from(["US", "DE", "UK", "KR", "JP"]), min_size=1, max_size=2).map(tuple),
    mau=figures,
    mau_on_release_date=figures,
    annual_revenue_usd=figures,
    monthly_revenue_usd=figures,
    field_of_use=st.sampled_from([(), ("military",), ("clinical",), ("farming",)]),
    policy=st.sampled_from(["strict", "lenient"]),
)
plans = st.none() | st.builds(
    ReleasePlan,
    license=st.sampled_from(["apache-2.0", "mit", "llama3.1", "gemma", "gpl-3.0", "cc-by-nc-4.0", None]),
    name=st.sampled_from(["Foo", "Llama-3-Foo"]),
    files=st.lists(st.sampled_from(FILES), unique=True).map(tuple),
    readme_contains=st.lists(st.sampled_from(LINES), unique=True).map(tuple),
    model_card=st.sampled_from(["present", "missing"]),
)
parts = st.lists(components, min_size=1, max_size=3, unique_by=lambda one: one.name).map(tuple)
situations = st.builds(Situation, profile=profiles, components=parts, release=plans)
few = settings(max_examples=60, deadline=None)


def rank(situation: Situation) -> int:
    """How bad the verdict is."""
    return VERDICTS.index(decide(situation).verdict)


def with_profile(situation: Situation, **changed: Any) -> Situation:
    """The same situation for another use."""
    return replace(situation, profile=replace(situation.profile, **changed))


@few
@given(situations, components)
def test_one_more_component_never_helps(situation: Situation, extra: Component) -> None:
    """Apart from a base of the very license whose outputs are there (some let their own models be improved), and a
    first base, which tells what kind of model is made."""
    assume(extra.license not in {one.license for one in situation.components})
    assume(any(one.role in ("base", "merge-input") for one in situation.components))
    more = replace(situation, components=(*situation.components, replace(extra, name="org/more")))
    assert rank(more) >= rank(situation)


@few
@given(situations, st.sampled_from(["mau", "mau_on_release_date", "annual_revenue_usd", "monthly_revenue_usd"]))
def test_more_users_and_more_money_never_help(situation: Situation, figure: str) -> None:
    grown = getattr(situation.profile, figure) * 3 + 1_000_000
    assert rank(with_profile(situation, **{figure: grown})) >= rank(situation)


@few
@given(situations, st.sampled_from(["EU", "UK", "KR", "CN", "worldwide"]), st.sampled_from(get_args(Use)))
def test_one_more_place_and_one_more_use_never_help(situation: Situation, place: str, use: Use) -> None:
    profile = situation.profile
    assert rank(with_profile(situation, territory=(*profile.territory, place))) >= rank(situation)
    assert rank(with_profile(situation, use=(*profile.use, use))) >= rank(situation)


@few
@given(situations)
def test_commerce_and_strictness_never_help(situation: Situation) -> None:
    assert rank(with_profile(situation, commercial=True)) >= rank(with_profile(situation, commercial=False))
    assert rank(with_profile(situation, policy="strict")) >= rank(with_profile(situation, policy="lenient"))


@few
@given(situations)
def test_evidence_never_hurts(situation: Situation) -> None:
    plan = situation.release or ReleasePlan(license="mit", name="Foo")
    full = replace(
        plan,
        files=FILES,
        notice_contains=NOTICES,
        readme_contains=(*plan.readme_contains, *LINES),
        ui_contains=LINES,
        agreement_contains=("the use restrictions of every upstream license bind you",),
        model_card="present",
    )
    assert rank(replace(situation, release=full)) <= rank(replace(situation, release=plan))


@few
@given(st.lists(st.sampled_from(FREE), min_size=1, max_size=4), profiles, st.sampled_from(FREE))
def test_a_permissive_stack_never_fails(stack: list[str], profile: Profile, released: str) -> None:
    given_parts = tuple(Component(role="base", name=one, license=one, modified=True) for one in stack)
    plan = ReleasePlan(license=released, name="Foo", files=FILES, notice_contains=NOTICES, readme_contains=LINES)
    decision = decide(Situation(profile=profile, components=given_parts, release=plan))
    assert decision.verdict in ("ok", "ok-with-obligations")
    assert set(stack) <= set(decision.allowed_release_licenses)


@few
@given(situations, st.randoms(use_true_random=False))
def test_order_says_nothing(situation: Situation, chance: Any) -> None:
    shuffled = list(situation.components)
    chance.shuffle(shuffled)
    assert seen(decide(replace(situation, components=tuple(shuffled)))) == seen(decide(situation))


def seen(decision: Decision) -> tuple[object, ...]:
    """A decision without the order of anything."""
    issues = {(issue.id, issue.level, issue.clause, frozenset(issue.components)) for issue in decision.issues}
    return decision.verdict, dict(decision.components), issues, set(decision.allowed_release_licenses)


@few
@given(situations, st.sampled_from([None, "other", "cc", "modified-mit", "lama3.1", "   "]))
def test_what_nobody_knows_is_never_ok(situation: Situation, word: str | None) -> None:
    unknown = Component(role="base", name="org/unknown", license=word)
    decision = decide(replace(situation, components=(*situation.components, unknown)))
    assert decision.verdict in ("unresolved", "fail")
    assert decision.components["org/unknown"] == "unresolved"
    assert decision.allowed_release_licenses == ()


@few
@given(situations)
def test_a_verdict_is_the_worst_that_was_said(situation: Situation) -> None:
    decision = decide(situation)
    told = [issue.level.value for issue in decision.issues if issue.level is not Level.NOTE]
    worst = max(told, key=VERDICTS.index, default="ok-with-obligations" if decision.obligations else "ok")
    assert decision.verdict == worst
    assert all(issue.why and issue.fix and issue.components for issue in decision.issues)


@pytest.mark.parametrize("role", get_args(Role))
def test_every_license_decides_in_every_role(role: Role) -> None:
    for license_id in IDS:
        for use in get_args(Use):
            profile = Profile(use=(use,), mau=None, mau_on_release_date=None, annual_revenue_usd=None, territory=())
            part = Component(role=role, license=license_id, purpose="imitate-teacher", linked=True)
            plan = ReleasePlan(license=license_id, name="Foo")
            assert decide(Situation(profile=profile, components=(part,), release=plan)).verdict in VERDICTS
