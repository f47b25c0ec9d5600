"""Keras configurations: every object that deserializing would build, at any depth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ossmodelkit.core.finding import Place
from ossmodelkit.formats import strict_json


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasObject:
    """One `class_name` in a configuration, with the module it is to come from."""

    path: str
    class_name: str
    module: str
    registered: str
    config: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasConfig:
    """A Keras configuration as parsed JSON."""

    at: Place
    origin: str
    value: Any

    def objects(self) -> Iterator[KerasObject]:
        """Every object, outermost first."""
        for path, item in strict_json.objects(self.value):
            if isinstance(item.get("class_name"), str):
                yield KerasObject(
                    path=strict_json.dotted(path) or "root",
                    class_name=item["class_name"],
                    module=str(item.get("module") or ""),
                    registered=str(item.get("registered_name") or ""),
                    config=item.get("config"),
                )
