"""`python -m ossmodelkit.trainer.convert BASE NEW`: pickled weights rewritten as safetensors.

Scan the base first. Here the pickle goes through torch's weights-only reader, which builds tensors and
refuses every other object; nothing that came with the model is imported or called.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from ossmodelkit.trainer.loading import PICKLES
from ossmodelkit.trainer.troubles import Trouble, explain

LEFT_BEHIND = (*PICKLES, "*.py", "*.bin.index.json", "*.h5", "*.msgpack")


def convert(base: Path, new: Path) -> list[str]:
    """Write `base` to the new folder `new` with safetensors instead of pickles; gives back the weight files.

    Raises `Trouble` when there is nothing to convert, `new` exists, or a pickle holds more than tensors.
    """
    from safetensors.torch import save_file

    weights = sorted(path for pattern in PICKLES[:1] for path in base.glob(pattern) if path.name != "training_args.bin")
    if not weights:
        raise Trouble(f"{base} holds no pickled weights", hint="nothing has to be converted")
    if new.exists():
        raise Trouble(f"{new} is there already", hint="name a new folder")
    partial = new.parent / f".{new.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        homes: dict[str, str] = {}
        for path in weights:
            name = path.name.replace("pytorch_model", "model").replace(".bin", ".safetensors")
            tensors = _tensors(path)
            save_file(tensors, partial / name, metadata={"format": "pt"})
            homes |= dict.fromkeys(tensors, name)
        if len(weights) > 1:
            index = {"metadata": {}, "weight_map": dict(sorted(homes.items()))}
            (partial / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))
        _copy_rest(base, partial)
        partial.rename(new)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return sorted(set(homes.values()))


def _tensors(path: Path) -> dict[str, Any]:
    import torch

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise Trouble(
            f"{path.name} holds more than weights and was not opened: {str(error).splitlines()[0][:200]}",
            hint="kit scan says what; ask the publisher for safetensors",
        ) from error
    if not isinstance(loaded, dict) or not all(isinstance(value, torch.Tensor) for value in loaded.values()):
        raise Trouble(f"{path.name} is no table of tensors", hint="ask the publisher for safetensors")
    # Safetensors knows no sharing: tied tensors become copies, and transformers ties them again.
    return {str(name): value.clone().contiguous() for name, value in loaded.items()}


def _copy_rest(base: Path, new: Path) -> None:
    for path in sorted(base.iterdir()):
        if path.is_file() and not path.is_symlink() and not any(path.match(pattern) for pattern in LEFT_BEHIND):
            shutil.copyfile(path, new / path.name)


def main() -> int:
    """Read the words of the command line and convert."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("base", type=Path)
    words.add_argument("new", type=Path)
    given = words.parse_args()
    try:
        names = convert(given.base, given.new)
    except (Trouble, OSError) as error:
        trouble = explain(error)
        sys.stderr.write(f"convert: {trouble.message}\n         {trouble.hint}\n")
        return 2
    sys.stdout.write(f"{given.new}: {', '.join(names)}; scan it before you use it: kit audit {given.new}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
