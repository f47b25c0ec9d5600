"""Whether it fits together: relicensing, share-alike, further restrictions, lineage, code; both sides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.licensing.situations import Part, base, copied, dutiful, ids, judge, part, release

FREE: dict[str, Any] = {"commercial": False, "use": ["redistribute-weights", "research"]}


def merge(*licenses: str) -> tuple[Part, ...]:
    """Merge inputs."""
    return tuple(part("merge-input", one) for one in licenses)


def program(outer: str, inner: str, **more: Any) -> tuple[Part, ...]:
    """A model with its code, and a dependency of that code."""
    return (copied("mit"), part("repo-code", outer), part("dependency", inner, linked=True, **more))


ALL = ["LICENSE", "NOTICE", "THIRD_PARTY_LICENSES"]


@pytest.mark.parametrize(
    ("parts", "plan", "issue", "profile"),
    [
        pytest.param((base("llama3.1"),), release("apache-2.0", files=ALL), "relicense", {}, id="Llama as Apache"),
        pytest.param(
            (base("llama3.1"),), release("llama3.2", files=ALL), "relicense", {}, id="another Llama's license"
        ),
        pytest.param((base("gemma"),), release("mit", files=ALL), "relicense", {}, id="Gemma as MIT"),
        pytest.param((base("cc-by-nc-4.0"),), release("apache-2.0", files=ALL), "relicense", FREE, id="NC as Apache"),
        pytest.param((base("mrl"),), release("mit", files=ALL), "relicense", FREE, id="research as MIT"),
        pytest.param((base("flux-1-dev-non-commercial-license"),), release("mit"), "relicense", FREE, id="FLUX as MIT"),
        pytest.param((base("modified-mit-kimi-k2"),), release("mit", files=ALL), "relicense", {}, id="never plain MIT"),
        pytest.param(
            (base("sam-license"),), release("apache-2.0", files=ALL), "relicense", {}, id="SAM: the same terms"
        ),
        pytest.param((base("cc-by-nd-4.0"),), dutiful("cc-by-nd-4.0"), "relicense", {}, id="no derivatives shared"),
        pytest.param(
            (copied("microsoft-research-license"),), release("mit"), "relicense", FREE, id="not to be handed on"
        ),
        pytest.param((base("cc-by-sa-4.0"),), release("mit", files=ALL), "share-alike-conflict", {}, id="SA as MIT"),
        pytest.param(
            (base("agpl-3.0"),), release("apache-2.0", files=ALL), "share-alike-conflict", {}, id="AGPL as Apache"
        ),
        pytest.param(
            merge("sam-license", "dinov3-license"), None, "share-alike-conflict", {}, id="two same-license demands"
        ),
        pytest.param(merge("cc-by-sa-4.0", "agpl-3.0"), None, "share-alike-conflict", {}, id="SA and AGPL"),
        pytest.param(merge("cc-by-sa-4.0", "cc-by-nc-sa-4.0"), None, "share-alike-conflict", FREE, id="SA and NC-SA"),
        pytest.param(
            (part("dataset", "cc-by-sa-4.0"),),
            release("mit"),
            "share-alike-conflict",
            {"use": ["redistribute-dataset"]},
            id="SA data as MIT",
        ),
        pytest.param(merge("agpl-3.0", "llama3.1"), None, "further-restriction", {}, id="AGPL and Llama"),
        pytest.param(merge("gpl-3.0", "gemma"), None, "further-restriction", {}, id="GPL and Gemma"),
        pytest.param(merge("agpl-3.0", "openrail++"), None, "further-restriction", {}, id="AGPL and RAIL"),
        pytest.param(merge("cc-by-sa-4.0", "llama3.1"), None, "further-restriction", {}, id="SA and Llama"),
        pytest.param(
            (base("agpl-3.0"),), release("openrail++", files=ALL), "further-restriction", {}, id="AGPL as RAIL"
        ),
        pytest.param((base("apache-2.0"),), release("gpl"), "unresolved-license", {}, id="an unclear release license"),
        pytest.param(
            (base("mistral-x"), part("adapter", "mit")), release("mit"), "unresolved-license", {}, id="an unknown base"
        ),
        pytest.param(
            (
                base("apache-2.0", name="mistralai/Mistral-7B"),
                part("adapter", "mit", trained_from="meta-llama/Llama-2-7b"),
            ),
            None,
            "lineage-mismatch",
            {},
            id="an adapter of another base",
        ),
        pytest.param(
            (base("apache-2.0", trained_from="Qwen/Qwen2.5-3B"),), None, "lineage-undeclared", {}, id="a hidden base"
        ),
        pytest.param(
            program("apache-2.0", "gpl-2.0"), dutiful("mit"), "code-incompatible", {}, id="Apache takes GPLv2 in"
        ),
        pytest.param(program("mit", "gpl-3.0"), dutiful("mit"), "code-incompatible", {}, id="MIT takes GPL in"),
        pytest.param((copied("mit"), part("training-code", "gpl-3.0")), None, "code-copyleft-only", {}, id="a note"),
    ],
)
def test_fitting_flags(
    parts: tuple[Part, ...], plan: dict[str, Any] | None, issue: str, profile: dict[str, Any]
) -> None:
    decision = judge(*parts, release=plan, **profile)
    assert issue in ids(decision)


def full(license_id: str) -> dict[str, Any]:
    """A dutiful release with every upstream text in a bundle."""
    return {**dutiful(license_id), "files": ALL}


@pytest.mark.parametrize(
    ("parts", "plan", "profile"),
    [
        pytest.param((base("apache-2.0"),), full("mit"), {}, id="Apache as MIT, its text beside"),
        pytest.param((base("mit"),), full("apache-2.0"), {}, id="MIT as Apache"),
        pytest.param((base("mit"),), full("gpl-3.0"), {}, id="MIT as GPL"),
        pytest.param((base("cc-by-4.0"),), full("apache-2.0"), {}, id="BY as Apache"),
        pytest.param((base("cc-by-nc-4.0"),), full("cc-by-nc-sa-4.0"), FREE, id="NC as NC-SA"),
        pytest.param((base("cc-by-sa-4.0"),), full("gpl-3.0"), {}, id="SA 4.0 goes one way into GPLv3"),
        pytest.param(merge("apache-2.0", "mit"), full("apache-2.0"), {}, id="Apache and MIT"),
        pytest.param(merge("gpl-3.0", "agpl-3.0"), full("agpl-3.0"), {}, id="GPL and AGPL"),
        pytest.param(merge("cc-by-sa-4.0", "apache-2.0"), full("cc-by-sa-4.0"), {}, id="SA and Apache"),
        pytest.param(merge("agpl-3.0", "llama3.1"), None, {"use": ["internal"]}, id="inside, everything goes together"),
        pytest.param((copied("cc-by-nd-4.0"),), dutiful("cc-by-nd-4.0"), {}, id="ND handed on unchanged"),
        pytest.param((base("cc-by-nd-4.0"),), None, {"use": ["internal"]}, id="ND changed and kept"),
        pytest.param(
            (base("apache-2.0", name="org/b"), part("adapter", "apache-2.0", name="org/a", trained_from="org/b")),
            full("apache-2.0"),
            {},
            id="an adapter of the base that is there",
        ),
        pytest.param(
            (copied("mit"), part("tool", "lgpl-3.0")), dutiful("mit"), {}, id="a tool's license stays with the tool"
        ),
        pytest.param((copied("mit"), part("training-code", "apache-2.0")), dutiful("mit"), {}, id="training code"),
        pytest.param(program("gpl-3.0", "apache-2.0"), full("mit"), {}, id="GPLv3 takes Apache in"),
        pytest.param(program("apache-2.0", "mit"), full("mit"), {}, id="Apache takes MIT in"),
    ],
)
def test_fitting_leaves_alone(parts: tuple[Part, ...], plan: dict[str, Any] | None, profile: dict[str, Any]) -> None:
    decision = judge(*parts, release=plan, **profile)
    assert ids(decision) - {"code-copyleft-only"} == set()
    assert decision.verdict in ("ok", "ok-with-obligations")


@pytest.mark.parametrize(
    ("licenses", "allowed", "refused"),
    [
        pytest.param(("llama3.1",), {"llama3.1"}, {"apache-2.0", "mit", "llama3.2"}, id="Llama keeps its license"),
        pytest.param(("apache-2.0",), {"apache-2.0", "mit", "gpl-3.0", "cc-by-nc-4.0"}, set(), id="Apache is free"),
        pytest.param(("qwen",), {"qwen", "apache-2.0"}, set(), id="Qwen lets you"),
        pytest.param(("cc-by-nc-4.0",), {"cc-by-nc-4.0"}, {"mit", "apache-2.0", "gpl-3.0"}, id="NC stays NC"),
        pytest.param(("cc-by-sa-4.0",), {"cc-by-sa-4.0", "gpl-3.0"}, {"mit", "cc-by-4.0"}, id="SA"),
        pytest.param(("gemma",), {"gemma"}, {"mit", "apache-2.0"}, id="Gemma's restrictions travel"),
        pytest.param(
            ("sam-license", "dinov3-license"), set(), {"sam-license", "dinov3-license"}, id="nothing fits both"
        ),
        pytest.param(("apache-2.0", "cc"), set(), {"apache-2.0"}, id="nothing while one is unresolved"),
    ],
)
def test_release_licenses(licenses: tuple[str, ...], allowed: set[str], refused: set[str]) -> None:
    found = set(judge(*merge(*licenses)).allowed_release_licenses)
    assert allowed <= found
    assert not refused & found


def test_terms_that_may_be_attached_are_told_apart() -> None:
    assert "apache-2.0" in judge(base("gemma")).conditional_release_licenses


def test_the_worst_component_decides() -> None:
    decision = judge(base("apache-2.0", name="a"), base("mrl", name="b"), base("cc", name="c"), use=["internal"])
    assert decision.verdict == "fail"
    assert decision.components == {"a": "ok", "b": "fail", "c": "unresolved"}


def test_a_base_without_a_name_may_be_the_adapters() -> None:
    parts = (base("apache-2.0", name=""), part("adapter", "apache-2.0", name="a", trained_from="org/b"))
    assert ids(judge(*parts, release=full("apache-2.0"))) == set()


@pytest.mark.parametrize(
    ("parts", "flagged"),
    [
        pytest.param(
            (base("apache-2.0", trained_from="meta-llama/Llama-3.2-1B"),), True, id="Apache over a Llama backbone"
        ),
        pytest.param(
            (base("cc-by-nc-4.0", name="org/b"), part("adapter", "mit", trained_from="org/b")), True, id="MIT over NC"
        ),
        pytest.param((base("llama3.2", trained_from="meta-llama/Llama-3.2-1B"),), False, id="the same license"),
        pytest.param((base("mit", trained_from="mistralai/Mistral-7B-v0.1"),), False, id="MIT over Apache"),
    ],
)
def test_a_declared_license_is_held_against_its_base(parts: tuple[Part, ...], flagged: bool) -> None:
    assert ("declared-vs-base" in ids(judge(*parts, use=["internal"], commercial=False))) is flagged
