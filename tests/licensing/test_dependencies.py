"""Packages that shipped code needs: found in every list, resolved from what is installed, never guessed."""

from __future__ import annotations

import sys
from importlib import metadata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ossmodelkit.licensing import requirements
from ossmodelkit.licensing.auditing import Audit, audit
from ossmodelkit.licensing.dependencies import Installed, together
from ossmodelkit.licensing.installed import look_up
from ossmodelkit.licensing.repository import read
from ossmodelkit.licensing.situation import Profile
from ossmodelkit.licensing.spdx_expressions import alternatives
from tests.licensing.test_reading import Held

UV = """
[[package]]
name = "mine"
source = { virtual = "." }
dependencies = [{ name = "a" }]
[package.dev-dependencies]
dev = [{ name = "tool" }]
[[package]]
name = "a"
version = "1.5"
dependencies = [{ name = "b" }]
[[package]]
name = "b"
[[package]]
name = "tool"
"""
POETRY = '[[package]]\nname = "a"\nversion = "1.5"\n[[package]]\nname = "tool"\ngroups = ["dev"]\n'
SHELF = {"gpl-package": "GPL-3.0-or-later", "lgpl-package": "LGPL-2.1-or-later", "mit-package": "MIT", "silent": ""}


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        pytest.param(
            "requirements.txt", "a==1.5\nB_c>=2 ; python_version<'3'\n# d\n", {"a": "1.5", "b-c": ""}, id="list"
        ),
        pytest.param("requirements.txt", "-r x.txt\n--index-url u\na --hash=sha256:0\n", {"a": ""}, id="options"),
        pytest.param(
            "requirements.txt", "-e git+https://h/x#egg=a\n./local\nb @ https://h/b.whl", {"a": "", "b": ""}, id="urls"
        ),
        pytest.param("app/requirements-gpu.txt", "a[extra]\n", {"a": ""}, id="a folder"),
        pytest.param("requirements-dev.txt", "a\n", {}, id="what only builds it"),
        pytest.param("pyproject.toml", '[project]\ndependencies = ["a>1"]\n', {"a": ""}, id="PEP 621"),
        pytest.param("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3"\na = "^1"\n', {"a": ""}, id="poetry"),
        pytest.param("setup.cfg", "[options]\ninstall_requires =\n  a==1.5\n", {"a": "1.5"}, id="setup.cfg"),
        pytest.param("uv.lock", UV, {"a": "1.5", "b": ""}, id="uv"),
        pytest.param("poetry.lock", POETRY, {"a": "1.5"}, id="poetry.lock"),
        pytest.param("Pipfile", '[packages]\na = "*"\n[dev-packages]\nb = "*"\n', {"a": ""}, id="Pipfile"),
        pytest.param(
            "Pipfile.lock", '{"default": {"a": {"version": "==1.5"}}, "develop": {"b": {}}}', {"a": "1.5"}, id="pipenv"
        ),
    ],
)
def test_needs_are_found(name: str, text: str, named: dict[str, str]) -> None:
    found = requirements.read(Held(**{name: text.encode()}))
    assert ({need.name: need.wanted for need in found.found}, found.problems) == (named, ())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("pyproject.toml", b"[project", id="broken"),
        pytest.param("Pipfile.lock", b'{"default": [1]}', id="another shape"),
        pytest.param("poetry.lock", b"package = 1", id="no list"),
        pytest.param("requirements.txt", b"a\n" * 3_000_000, id="huge"),
        pytest.param("requirements.txt", b"\0\1\2\3", id="binary"),
    ],
)
def test_what_cannot_be_read_is_told(name: str, data: bytes) -> None:
    assert requirements.read(Held(**{name: data})).problems


def test_many_names_are_bounded_and_told() -> None:
    found = requirements.read(Held(requirements__txt="\n".join(f"p{n}" for n in range(2000)).encode()))
    assert len(found.found) == requirements.MOST_NEEDS
    assert found.problems


@settings(max_examples=60)
@given(st.sampled_from(["requirements.txt", *requirements.BY_NAME]), st.text(max_size=200))
def test_any_list_is_read_or_told(name: str, text: str) -> None:
    assert isinstance(requirements.read(Held(**{name: text.encode()})), requirements.Needs)


@pytest.mark.parametrize(
    ("name", "license_id"),
    [
        pytest.param("hypothesis", "MPL-2.0", id="an expression"),
        pytest.param("Mypy_Extensions", "MIT", id="another spelling of the name"),
        pytest.param("PyYAML", "MIT", id="the old field"),
        pytest.param("markdown-it-py", "MIT", id="a classifier"),
        pytest.param("python-stdnum", "LGPL-2.0-or-later", id="a field that names no version, and a classifier"),
        pytest.param("jinja2", "BSD-3-Clause", id="a vague classifier, and its text"),
        pytest.param("typing_extensions", "PSF-2.0", id="an expression nobody here has facts about"),
    ],
)
def test_installed_packages_say_their_license(name: str, license_id: str) -> None:
    found = look_up(name)
    assert found == Installed(license=license_id, version=metadata.version(name))


def test_what_is_not_installed_is_not_guessed_and_nothing_is_imported() -> None:
    before = set(sys.modules)
    assert look_up("no-such-package-anywhere") is None
    assert look_up("mypy_extensions")
    assert not {"mypy_extensions"} & (set(sys.modules) - before)


@pytest.mark.parametrize(
    ("outer", "inner", "said"),
    [
        ("Apache-2.0", "MIT", "Yes"), ("Apache-2.0", "GPL-3.0-or-later", "No"), ("GPL-3.0", "GPL-2.0-or-later", "Yes"),
        ("GPL-2.0-only", "Apache-2.0", "No"), ("MIT", "LGPL-2.1-or-later", "Yes"), ("MIT", "MPL-2.0 AND MIT", "Yes"),
        ("MIT", "GPL-2.0-only OR MIT", "Same"), ("MIT", "(GPL-2.0-only OR MIT) AND ISC", "Yes"),
        ("MIT", "GPL-3.0-only WITH GCC-exception-3.1", "Unknown"), ("MIT", "Apache-2.0 WITH LLVM-exception", "Yes"),
        ("MIT", "PSF-2.0", ""), ("MIT", "no expression (", ""),
    ],
)  # fmt: skip
def test_pairs_of_code(outer: str, inner: str, said: str) -> None:
    assert together(outer, inner) == said


@given(st.text(alphabet="AB()ORND ", max_size=60))
def test_any_expression_ends(text: str) -> None:
    assert isinstance(alternatives(text), tuple)


def judged(profile: Profile | None = None, **files: bytes) -> Audit:
    """A repository under Apache-2.0 with these files, where the packages of SHELF are installed."""
    held = Held(README__md=b"---\nlicense: apache-2.0\n---\n", **files)
    shelf = {name: Installed(license=word, version="1.0") for name, word in SHELF.items()}
    return audit(read(held), profile or Profile(), lambda parent: None, look_up=shelf.get)


def test_a_named_package_warns_and_the_weights_do_not_fail() -> None:
    found = judged(model__py=b"import x", requirements__txt=b"gpl-package\nmit-package\nlgpl-package\n")
    told = [(one.id, one.level.value, one.components) for one in found.decision.issues if "package" in str(one)]
    assert told == [("license-code-incompatible", "warn", ("model", "gpl-package"))]


def test_a_shipped_package_fails() -> None:
    files = {"gpl_package-1.0-py3-none-any.whl": b"", "model.py": b"# SPDX-License-Identifier: Apache-2.0\n"}
    found = judged(requirements__txt=b"gpl-package\n", **files)
    assert ("license-code-incompatible", "fail") in [(i.id, i.level.value) for i in found.decision.issues]


@pytest.mark.parametrize(
    ("profile", "files"),
    [
        pytest.param(Profile(), {"requirements.txt": b"silent\nno-such-package\n", "m.py": b""}, id="not resolved"),
        pytest.param(Profile(), {"requirements.txt": b"gpl-package\n"}, id="no code is shipped"),
        pytest.param(Profile(use=("internal",)), {"requirements.txt": b"gpl-package", "m.py": b""}, id="stays inside"),
        pytest.param(Profile(), {"requirements.txt": b"lgpl-package\nmit-package\n", "m.py": b""}, id="fits"),
    ],
)
def test_clean_repositories_stay_clean(profile: Profile, files: dict[str, bytes]) -> None:
    with_needs, without = (
        judged(profile, **files),
        judged(profile, **{k: v for k, v in files.items() if ".txt" not in k}),
    )
    assert with_needs.decision.verdict == without.decision.verdict
    assert with_needs.decision.issues == without.decision.issues
