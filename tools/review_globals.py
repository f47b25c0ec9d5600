"""Read the sources of installed packages, and list which of their classes a pickle may not simply fill.

Run by hand with pinned versions: `python tools/review_globals.py FOLDER… > configs/globals/reviewed.toml`.
Nothing is imported. A class that has its own `__setstate__`, `__new__`, `__del__` or `__setattr__`, or
inherits one, runs that code when a pickle rebuilds it; it is data only once a person has looked.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = [
    "accelerate",
    "axolotl",
    "catboost",
    "datasets",
    "deepspeed",
    "diffusers",
    "formulaic",
    "gensim",
    "gpytorch",
    "gymnasium",
    "hmmlearn",
    "imblearn",
    "interpret",
    "lifelines",
    "lightgbm",
    "lightning",
    "lightning_fabric",
    "linear_operator",
    "monai",
    "networkx",
    "ngboost",
    "nltk",
    "numpy",
    "omegaconf",
    "optax",
    "optuna",
    "pandas",
    "patsy",
    "peft",
    "pgmpy",
    "pmdarima",
    "prophet",
    "pyod",
    "pytorch_lightning",
    "pytorch_tabnet",
    "river",
    "sb3_contrib",
    "scipy",
    "segmentation_models_pytorch",
    "sentence_transformers",
    "shap",
    "skbase",
    "sklearn",
    "skorch",
    "sktime",
    "slicer",
    "stable_baselines3",
    "statsmodels",
    "tiktoken",
    "timm",
    "tokenizers",
    "torch",
    "torch_geometric",
    "torchmetrics",
    "torchvision",
    "transformers",
    "trl",
    "tslearn",
    "ultralytics",
    "xarray",
    "xgboost",
]
HOOKS = {"__setstate__", "__setstate_cython__", "__new__", "__del__", "__setattr__", "__init_subclass__"}
ENUMS = {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ExplicitEnum", "EnumMeta", "BaseEnum"}
# Bases whose hooks were read: they update the object's own attributes and nothing else.
REVIEWED = {
    "torch.nn.modules.module:Module",
    "sklearn.base:BaseEstimator",
    "torch.optim.optimizer:Optimizer",
    "torch.nn.parameter:Parameter",
    "transformers.utils.generic:ModelOutput",
    "diffusers.utils.outputs:BaseOutput",
    "torchmetrics.metric:Metric",
    "omegaconf.base:Node",
    "omegaconf.base:Container",
    "transformers.configuration_utils:PreTrainedConfig",
}
SKIP = {"tests", "test", "testing", "_testing", "third_party", "vendor", "examples"}


def modules(roots: list[Path]) -> Iterator[tuple[str, ast.Module]]:
    for root in roots:
        for package in PACKAGES:
            for path in sorted((root / package).rglob("*.py")):
                parts = path.relative_to(root).with_suffix("").parts
                if SKIP & set(parts):
                    continue
                name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                try:
                    yield name, ast.parse(path.read_bytes())
                except (SyntaxError, ValueError):
                    print(f"# not read: {name}")


def last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def main() -> None:
    bases: dict[str, list[str]] = {}
    where: dict[str, list[str]] = {}
    hooked: dict[str, set[str]] = {}
    for module, tree in modules([Path(one) for one in sys.argv[1:]]):
        for node in tree.body:
            if not isinstance(node, ast.ClassDef):
                continue
            full = f"{module}:{node.name}"
            bases[full] = [last(base) for base in node.bases]
            where.setdefault(node.name, []).append(full)
            own = {one.name for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))} & HOOKS
            if own:
                hooked[full] = own

    def inherits(full: str, found: set[str], stop: set[str], known: dict[str, bool]) -> bool:
        if full not in known:
            known[full] = full in found and full not in stop
            for base in bases.get(full, ()) if full not in stop else ():
                defined = [one for one in where.get(base, ()) if one.split(".")[0] == full.split(".")[0]]
                known[full] |= len(defined) == 1 and inherits(defined[0], found, stop, known)
        return known[full]

    known: dict[str, bool] = {}
    hooks: dict[str, bool] = {}
    enums = {full for full, names in bases.items() if set(names) & ENUMS}
    every_enum = sorted(full for full in bases if inherits(full, enums, set(), known))
    every_hooked = sorted(
        full for full in bases if full not in every_enum and inherits(full, set(hooked), REVIEWED, hooks)
    )
    print("# Made by tools/review_globals.py; do not edit. Reviewed exceptions stand in the other tables.\n")
    print("enums = [\n" + "".join(f'  "{one}",\n' for one in every_enum) + "]\n")
    print("hooked = [\n" + "".join(f'  "{one}",\n' for one in every_hooked) + "]")


if __name__ == "__main__":
    main()
