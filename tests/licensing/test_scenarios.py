"""Scenario files that go wrong say where, and what to do; nothing in them is run or unfolded."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.licensing import scenario
from ossmodelkit.reporting.formats import Format, render
from ossmodelkit.workflow.license_decide import decide

ONE = "components:\n  - {role: base, license: mit}\n"
UNFOLDING = ", ".join(
    ["&a [x,x,x,x,x,x,x,x,x]"]
    + [f"&{one} [{','.join([f'*{before}'] * 9)}]" for before, one in zip("abcdefgh", "bcdefghi", strict=True)]
)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        pytest.param(
            "profile:\n  use: [saas]\n  mua: 1\n" + ONE, "line 3: profile: unknown field 'mua'", "'mau'", id="key"
        ),
        pytest.param(
            "components:\n  - role: base\n    licence: mit\n",
            "line 3: components[0]: unknown",
            "'license'",
            id="deep key",
        ),
        pytest.param(
            "components:\n- {role: bas, license: mit}\n", "line 2: components[0].role: 'bas'", "'base'", id="role"
        ),
        pytest.param(ONE + "profile: {use: [sass]}\n", "line 3: profile.use[0]: 'sass'", "'saas'", id="use"),
        pytest.param(ONE + "profile: {use: saas}\n", "line 3: profile.use: wanted a list", "", id="no list"),
        pytest.param(ONE + "profile:\n  mau: many\n", "line 4: profile.mau: wanted a whole number", "", id="no number"),
        pytest.param(ONE + "profile: {mau: -1}\n", "line 3: profile: `mau` is -1", "", id="below zero"),
        pytest.param(
            ONE + "profile: {annual_revenue_usd: .nan}\n", "`annual_revenue_usd` is nan", "", id="not a number"
        ),
        pytest.param(
            ONE + "profile: {annual_revenue_usd: .inf}\n", "`annual_revenue_usd` is inf", "", id="without end"
        ),
        pytest.param(ONE + "profile: {use: []}\n", "`use` names no use", "", id="no use"),
        pytest.param(
            ONE + "release: {gated: maybe}\n", "line 3: release.gated: wanted true or false", "", id="no bool"
        ),
        pytest.param("components: []\n", "names no components", "role: base", id="no components"),
        pytest.param("components: [null]\n", "line 1: components[0]: wanted a table", "", id="no component"),
        pytest.param("profile: {}\n", "line 1: field 'components' is missing", "add it", id="left out"),
        pytest.param("", "is empty", "docs/licensing.md", id="empty"),
        pytest.param("[]", "is no table", "docs/licensing.md", id="a list"),
        pytest.param("schema: 2\n" + ONE, "line 1: schema: 2 is not one of 1", "", id="another schema"),
        pytest.param(
            ONE + "profile: {mau: 0}\nprofile: {mau: 9}\n", "line 4: 'profile' is said twice", "one", id="twice"
        ),
        pytest.param("components: [\n", "line 2: no YAML", "docs/licensing.md", id="broken"),
        pytest.param(ONE + "---\n" + ONE, "line 3: no YAML", "", id="two documents"),
        pytest.param("!!python/object/apply:os.system [id]\n", "line 1: no YAML", "", id="a tag that builds"),
        pytest.param(f"schema: [{UNFOLDING}]\n" + ONE, "line 1: schema", "", id="aliases that unfold"),
        pytest.param("[" * 100 + "]" * 100, "nested or repeated", "", id="too deep"),
    ],
)
def test_a_bad_scenario_says_where(text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        scenario.read(text, "case.yaml")
    assert str(caught.value).startswith("case.yaml")
    assert said in str(caught.value)
    assert hint in str(caught.value.hint or "")
    assert len(str(caught.value)) < 400


def test_null_is_left_out_except_for_figures() -> None:
    text = ONE + "profile: {territory: null, mau: null}\nrelease: {name: null, files: null}\n"
    situation = scenario.read(text, "case.yaml")
    assert (situation.profile.territory, situation.profile.mau) == (("US",), None)
    assert situation.release is not None
    assert situation.release.files == ()


def test_the_command_refuses_what_is_no_scenario(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    for data in (b"\xff\xfe\0", b"", b"components: [\n", b"x" * (1024 * 1024 + 1)):
        path.write_bytes(data)
        with pytest.raises(UsageError):
            decide(path)


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="{}[]:-&*!|>'\"#, \nabcomponentsrolebasemit", max_size=80))
def test_any_text_is_a_situation_or_a_usage_error(text: str) -> None:
    try:
        assert scenario.read(text, "case.yaml").components
    except UsageError as error:
        assert str(error)


def test_what_nobody_read_is_marked_wherever_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(
        "profile: {use: [internal], annual_revenue_usd: 20000000}\n"
        "components: [{role: base, license: ltx-2-community}, {role: base, license: glm-4}]\n"
    )
    report = decide(path)
    assert {finding.check: finding.verified for finding in report.findings} == {
        "license-threshold": False,
        "license-registration": False,
    }
    assert all(finding.clause for finding in report.findings)
    for form in ("text", "md", "html", "sarif"):
        assert "text not read by us" in render(report, Format(form))
    owed = next(table for table in report.tables if table.title == "You owe")
    assert all(row[-1].endswith("(text not read by us)") for row in owed.rows)


def test_no_is_an_answer_and_norway_a_country() -> None:
    text = "profile: {territory: [NO, 'IE'], commercial: no}\n" + ONE
    profile = scenario.read(text, "CASE.yaml").profile
    assert (profile.territory, profile.commercial) == (("NO", "IE"), False)
