from __future__ import annotations

import pytest

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
