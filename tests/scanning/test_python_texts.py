from __future__ import annotations

import pytest

from ossmodelkit.scanning.python_effects import effect_of
from ossmodelkit.scanning.python_reach import deeds
from ossmodelkit.scanning.python_texts import acts


@pytest.mark.parametrize(
    "text",
    [
        "{x.__class__.__init__.__globals__}",
        "{{ ''.__class__.__mro__[1] }}",
        "{x.__class__[0]}",
        "{x.__class__.__name__.__class__.__mro__}",
        "{0.__init__}",
        "__import__('os')",
        "__globals__",
    ],
)
def test_texts_that_climb_are_of_use_to_an_attack(text: str) -> None:
    assert acts(text)


def test_what_goes_wrong_with_a_process_is_no_process() -> None:
    assert [effect_of(f"subprocess.{name}") for name in ("CalledProcessError", "PIPE")] == ["", ""]
    assert {effect_of(name) for name in ("subprocess.run", "os.subprocess.Popen", "logging.os.system")} == {"process"}


def test_arrays_that_refuse_pickles_are_left_alone() -> None:
    def seen(allow: str) -> list[str]:
        code = f"import numpy as np\ndef f(path):\n    return np.load(path, allow_pickle={allow})\n"
        return [deed.effect for deed in deeds(code)]

    assert seen("False") == []
    assert seen("True") == seen("path") == ["unpickle"]


@pytest.mark.parametrize(
    "text",
    [
        "Define a feature extractor when loading {self.__class__} if you want to use the safety checker.",
        "{self.__class__.__name__} has no attribute {name!r}",
        "{self.__class__!r}",
        "the __class__ of an object",
    ],
)
def test_messages_that_name_a_class_are_left_alone(text: str) -> None:
    assert not acts(text)
