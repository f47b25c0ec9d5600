"""A repository is judged by everything it says about its license, and by its family."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ossmodelkit.core.evidence import Kind
from ossmodelkit.core.finding import Severity
from ossmodelkit.core.policy import Outcome
from ossmodelkit.foundation.errors import UsageError
from ossmodelkit.licensing.situation import Profile
from ossmodelkit.project import settings
from ossmodelkit.sources.opening import open_source
from ossmodelkit.workflow.desk import Desk
from ossmodelkit.workflow.license import gather
from ossmodelkit.workflow.license import license as run
from tests.making.license_texts import apache, installed

KNOWN = Profile(use=("internal",))


def model(folder: Path, front: str = "license: apache-2.0", **files: str | bytes) -> Path:
    """A model folder with a card and more files; `__` in a name stands for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(f"---\n{front}\n---\n# A model\n")
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def found(folder: Path, desk: Desk, profile: Profile = KNOWN) -> tuple[str, set[str]]:
    """The verdict, and the ids of the findings."""
    report = run(str(folder), desk=desk, profile=profile)
    return report.verdict, {finding.check.removeprefix("license-") for finding in report.findings}


def gguf(**texts: str) -> bytes:
    """The head of a GGUF file with text metadata."""

    def text(value: str) -> bytes:
        return len(value.encode()).to_bytes(8, "little") + value.encode()

    pairs = b"".join(text(key) + (8).to_bytes(4, "little") + text(value) for key, value in texts.items())
    return b"GGUF" + (3).to_bytes(4, "little") + bytes(8) + len(texts).to_bytes(8, "little") + pairs


def safetensors(**metadata: str) -> bytes:
    """A safetensors file with metadata and no tensor."""
    header = json.dumps({"__metadata__": metadata}).encode()
    return len(header).to_bytes(8, "little") + header


@pytest.mark.parametrize(
    ("front", "files", "issue", "verdict"),
    [
        pytest.param("license: mit", {"LICENSE": "apache"}, "declared-vs-file", "fail", id="card and text disagree"),
        pytest.param("license: cc-by-nc-4.0", {"LICENSE": "apache"}, "declared-vs-file", "fail", id="stricter wins"),
        pytest.param(
            "license: mit\nbase_model: mistralai/Mistral-7B-v0.1",
            {"LICENSE": "apache"},
            "declared-vs-file",
            "fail",
            id="card and text disagree over a base",
        ),
        pytest.param(
            "license: mit\nlicense_name: llama3.1", {}, "declared-vs-file", "fail", id="tag and name disagree"
        ),
        pytest.param(
            "license: mit\nlicense_link: https://huggingface.co/Qwen/Qwen2.5-3B/blob/main/LICENSE",
            {},
            "declared-vs-file",
            "fail",
            id="tag and link disagree",
        ),
        pytest.param("license: foo-9", {"LICENSE": "apache"}, "declared-vs-file", "warn", id="a tag that nobody knows"),
        pytest.param("license: mit\nlicense: apache-2.0", {}, "unresolved-license", "unresolved", id="said twice"),
        pytest.param(
            "license: mit", {"a__gguf": gguf(**{"general.license": "foo-9"})}, "card-vs-metadata", "warn", id="odd GGUF"
        ),
        pytest.param(
            "license: apache-2.0\nbase_model: meta-llama/Llama-3.1-8B", {}, "declared-vs-base", "fail", id="laundering"
        ),
        pytest.param(
            "license: apache-2.0\nbase_model: Qwen/Qwen2.5-3B", {}, "declared-vs-base", "fail", id="family trap"
        ),
        pytest.param(
            "license: apache-2.0\nbase_model: mistralai/Mistral-7B-v0.1",
            {"adapter_config__json": '{"base_model_name_or_path": "meta-llama/Llama-2-7b-hf"}'},
            "lineage-mismatch",
            "fail",
            id="the adapter remembers",
        ),
        pytest.param(
            "license: mit",
            {"config__json": '{"_name_or_path": "microsoft/phi-2"}'},
            "lineage-undeclared",
            "warn",
            id="the config remembers",
        ),
        pytest.param(
            "license: mit",
            {"mergekit_config__yml": "models:\n - model: microsoft/phi-2\n - model: gpt2\nmerge_method: slerp\n"},
            "lineage-undeclared",
            "warn",
            id="the recipe remembers",
        ),
        pytest.param(
            "license: mit", {"a__gguf": gguf(**{"general.license": "llama3.1"})}, "card-vs-metadata", "fail", id="GGUF"
        ),
        pytest.param(
            "license: mit",
            {"a__safetensors": safetensors(license="cc-by-nc-4.0")},
            "card-vs-metadata",
            "fail",
            id="header",
        ),
        pytest.param(
            "license: apache-2.0\nbase_model: acme/nobody-knows", {}, "unresolved-license", "unresolved", id="base?"
        ),
        pytest.param("license: other", {}, "unresolved-license", "unresolved", id="other without a name"),
        pytest.param("license: other\nlicense_name: modified-mit", {}, "unresolved-license", "unresolved", id="whose?"),
        pytest.param("tags: [x]", {}, "unresolved-license", "unresolved", id="nothing declared"),
        pytest.param("license: [mit, foo-9]", {}, "unresolved-license", "unresolved", id="a list with an unknown id"),
        pytest.param("license: [mit", {}, "unresolved-license", "unresolved", id="broken YAML"),
        pytest.param("- a\n- b", {}, "unresolved-license", "unresolved", id="a list for a table"),
        pytest.param(
            "license: apache-2.0", {"LICENSE": b"\x00\x01\x02" * 90}, "unresolved-license", "unresolved", id="binary"
        ),
        pytest.param(
            "license: apache-2.0", {"LICENSE": "x" * 2_000_000}, "unresolved-license", "unresolved", id="huge"
        ),
        pytest.param("license: apache-2.0\nbase_model: m", {}, "lineage-mismatch", "warn", id="its own ancestor"),
        pytest.param(
            "license: apache-2.0", {"USAGE_POLICY": "Be kind."}, "companion-policy", "warn", id="a policy beside"
        ),
    ],
)
def test_repositories_flag(
    front: str, files: dict[str, str | bytes], issue: str, verdict: str, tmp_path: Path, desk: Desk
) -> None:
    real = {name: apache() if content == "apache" else content for name, content in files.items()}
    got, ids = found(model(tmp_path / "m", front, **real), desk)
    assert issue in ids
    assert got == verdict


@pytest.mark.parametrize(
    ("front", "files"),
    [
        pytest.param("license: apache-2.0", {"LICENSE": "apache"}, id="card and text agree"),
        pytest.param("tags: [x]", {"LICENSE": "apache"}, id="the text alone is enough"),
        pytest.param("license: openmdw-1.1", {}, id="a card alone"),
        pytest.param(
            "license: apache-2.0\nbase_model: mistralai/Mistral-7B-v0.1", {"LICENSE": "apache"}, id="a clean base"
        ),
        pytest.param("license: mit\nbase_model: mistralai/Mistral-7B-v0.1", {}, id="Apache base as MIT"),
        pytest.param("license: mit", {"a__gguf": gguf(**{"general.license": "mit"})}, id="GGUF agrees"),
        pytest.param("license: mit", {"config__json": '{"_name_or_path": "./out/checkpoint-100"}'}, id="a local path"),
        pytest.param(
            "license: apache-2.0\nbase_model: mistralai/Mistral-7B-v0.1",
            {"adapter_config__json": '{"base_model_name_or_path": "unsloth/mistral-7b-v0.1-bnb-4bit"}'},
            id="a copy of the same base",
        ),
        pytest.param("license: Apache-2.0", {}, id="an SPDX id on the card"),
        pytest.param("license: other\nlicense_link: https://spdx.org/licenses/MIT.html", {}, id="a link tells"),
        pytest.param("license: other\nlicense_name: Apache License 2.0", {"LICENSE": "apache"}, id="a title as name"),
        pytest.param(
            "license: mit\nbase_model: mistralai/Mistral-7B-v0.1", {"LICENSE-APACHE": "apache"}, id="a parent's text"
        ),
    ],
)
def test_repositories_leave_alone(front: str, files: dict[str, str | bytes], tmp_path: Path, desk: Desk) -> None:
    real = {name: apache() if content == "apache" else content for name, content in files.items()}
    verdict, ids = found(model(tmp_path / "m", front, **real), desk)
    assert ids == set()
    assert verdict in ("ok", "ok-with-obligations")


def test_utf16_is_read(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", LICENSE=apache().encode("utf-16"))
    assert found(folder, desk)[0] in ("ok", "ok-with-obligations")


def test_prose_is_no_license(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "tags: [x]")
    (folder / "README.md").write_text("# Foo\n\nThis model is released under the MIT license.\n")
    report = run(str(folder), desk=desk, profile=KNOWN)
    assert report.outcome is Outcome.INCOMPLETE
    assert "prose" in report.findings[0].title
    assert report.gaps


def test_a_parent_beside_the_model_is_read(tmp_path: Path, desk: Desk) -> None:
    model(tmp_path / "parent", "license: cc-by-nc-4.0")
    child = model(tmp_path / "child", "license: mit\nbase_model: org/parent")
    assert "declared-vs-base" in found(child, desk)[1]


def test_a_cycle_ends(tmp_path: Path, desk: Desk) -> None:
    model(tmp_path / "a", "license: mit\nbase_model: org/b")
    model(tmp_path / "b", "license: mit\nbase_model: org/a")
    assert found(tmp_path / "a", desk)[0] == "warn"


def test_an_ungated_mirror_is_noticed(tmp_path: Path, desk: Desk) -> None:
    model(tmp_path / "parent", "license: mit\nextra_gated_prompt: please")
    child = model(tmp_path / "child", "license: mit\nbase_model: org/parent")
    assert "gated-mirror" in found(child, desk)[1]


def test_a_license_that_changed_is_noticed(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: mit")
    gather(open_source(str(folder)), desk)
    model(folder, "license: bsd-3-clause")
    assert "license-drift" in found(folder, desk)[1]


def test_the_record_holds_what_the_release_needs(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: llama3.1")
    record = gather(open_source(str(folder)), desk)
    assert record.kind is Kind.LICENSE
    assert record.details["concluded"] == "llama3.1"
    assert record.details["name_prefixes"] == ["Llama"]
    assert record.details["display_strings"] == ["Built with Llama"]
    assert record.details["notice_strings"][0].startswith("Llama 3.1 is licensed")
    assert record.details["texts_needed"] == ["llama3.1"]
    assert record.details["allowed_release_licenses"] == ["llama3.1"]


def test_only_failures_are_severe(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: apache-2.0\nbase_model: [meta-llama/Llama-3.1-8B, acme/unknown]")
    severities = {f.check: f.severity for f in run(str(folder), desk=desk, profile=KNOWN).findings}
    assert severities["license-declared-vs-base"] is Severity.HIGH
    assert severities["license-unresolved-license"] is Severity.LOW


def test_a_redistributed_folder_is_its_own_release_plan(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: mit")
    sharing = replace(KNOWN, use=("redistribute-weights",))
    assert "license-text-missing" in found(folder, desk, sharing)[1]
    (folder / "LICENSE").write_text(installed("pluggy"))
    assert found(folder, desk, sharing)[1] == set()


def stating(desk: Desk, of: str, license_id: str) -> Desk:
    """The desk of a project whose kit.toml states a license."""
    assert desk.project
    one = settings.StatedLicense(of=of, license=license_id, owner="ada@example.org", source="its page, today")
    return replace(desk, project=replace(desk.project, settings=settings.Settings(licenses=(one,))))


@pytest.mark.parametrize("of", ["acme/tiny-base", "Acme/*"])
def test_a_person_may_state_what_cannot_be_read(of: str, tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: apache-2.0\nbase_model: acme/tiny-base")
    assert found(folder, desk)[0] == "unresolved"
    sure = stating(desk, of, "mit")
    assert found(folder, sure)[0] != "unresolved"
    (parent,) = gather(open_source(str(folder)), sure).details["parents"]
    assert (parent["license"], parent["resolved"]) == ("mit", False)
    assert parent["stated"] == "stated by ada@example.org: its page, today"


def test_a_stated_license_is_judged_like_any_other(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: apache-2.0\nbase_model: acme/tiny-base")
    assert "declared-vs-base" in found(folder, stating(desk, "acme/tiny-base", "cc-by-nc-4.0"))[1]


def test_a_text_that_can_be_read_outranks_a_statement(tmp_path: Path, desk: Desk) -> None:
    model(tmp_path / "tiny-base", "license: cc-by-nc-4.0")
    folder = model(tmp_path / "m", "license: apache-2.0\nbase_model: acme/tiny-base")
    assert "declared-vs-base" in found(folder, stating(desk, "acme/tiny-base", "mit"))[1]


def test_a_statement_about_nothing_known_is_refused(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: apache-2.0")
    with pytest.raises(UsageError, match=r"kit\.toml: \[\[licenses\]\] of 'acme/x'"):
        found(folder, stating(desk, "acme/x", "mitt"))


def test_code_keeps_its_own_license(tmp_path: Path, desk: Desk) -> None:
    script = "# SPDX-License-Identifier: GPL-3.0-only\nprint()\n"
    folder = model(tmp_path / "m", "license: mit", modeling__py=script)
    report = run(str(folder), desk=desk, profile=KNOWN)
    assert {finding.check for finding in report.findings} == {"license-code-copyleft-only"}
    assert report.outcome is Outcome.PASS


def test_a_gate_that_refuses_the_eu_is_told(tmp_path: Path, desk: Desk) -> None:
    folder = model(tmp_path / "m", "license: mit\nextra_gated_eu_disallowed: true")
    assert "territory" in found(folder, desk, replace(KNOWN, territory=("FR",)))[1]
    assert found(folder, desk)[1] == set()
