"""One target under atheris: `python -m tests.fuzzing.one NAME [options of libFuzzer] [corpus]`."""

from __future__ import annotations

import importlib
import pkgutil
import sys


def load_instrumented() -> None:
    """Import every module that reads or judges bytes, with counters at its branches."""
    import atheris

    with atheris.instrument_imports(include=["ossmodelkit.formats", "ossmodelkit.scanning"]):
        for room in ("ossmodelkit.formats", "ossmodelkit.scanning"):
            package = importlib.import_module(room)
            for module in pkgutil.walk_packages(package.__path__, f"{room}."):
                importlib.import_module(module.name)


def main(words: list[str]) -> None:
    import atheris

    load_instrumented()
    from tests.fuzzing.targets import targets

    name = words.pop(1)
    atheris.Setup(words, targets()[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
