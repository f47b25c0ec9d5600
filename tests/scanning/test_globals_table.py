"""The table of globals: complete, consistent, and the same for people and for the program."""

from __future__ import annotations

import json
import runpy

import pytest

from ossmodelkit.foundation.resources import config
from ossmodelkit.scanning.globals_table import Kind, standing
from tests.making.pickle_attacks import GADGETS


def test_json_says_what_the_toml_says() -> None:
    compiled = runpy.run_path("tools/compile_globals.py")["compiled"](config("globals"))
    shipped = json.loads(config("globals.json").read_bytes())
    # The list of Python's own modules depends on the Python that wrote it.
    for one in (compiled, shipped):
        one.pop("standard_library")
    assert json.loads(json.dumps(compiled)) == shipped, "run python tools/compile_globals.py"


@pytest.mark.parametrize("full", GADGETS)
def test_no_gadget_is_on_a_list_that_allows_it(full: str) -> None:
    module, _, name = full.partition(":")
    found = standing(module, name)
    assert found.kind in (Kind.DENIED, Kind.UNKNOWN, Kind.GUARD), found


@pytest.mark.parametrize(
    ("full", "kind"),
    [
        ("torch._utils:_rebuild_tensor_v2", Kind.INERT),
        ("torch:FloatStorage", Kind.INERT),
        ("torch:load", Kind.DENIED),
        ("torch.nn.modules.linear:Linear", Kind.DATA),
        ("torch.nn.functional:relu", Kind.VALUE),
        ("sklearn.linear_model._logistic:LogisticRegression", Kind.DATA),
        ("transformers.trainer_utils:IntervalStrategy", Kind.GUARD),
        ("numpy:exp", Kind.VALUE),
        ("numpy:load", Kind.DENIED),
        ("builtins:getattr", Kind.GUARD),
        ("builtins:eval", Kind.DENIED),
        ("__main__:Model", Kind.UNKNOWN),
        ("torch:Tensor.__class__", Kind.UNKNOWN),
        ("numpy.lib._datasource:DataSource", Kind.DENIED),
        ("lightning.pytorch.profilers.profiler:Profiler", Kind.UNKNOWN),
        ("random:_os.system", Kind.DENIED),
        ("osx:system", Kind.UNKNOWN),
        ("pandas._libs.tslibs.offsets:warnings.sys.exit", Kind.DENIED),
        ("scipy.stats._stats_py:os.system", Kind.DENIED),
        ("scipy.ndimage._filters:np.memmap", Kind.DENIED),
        ("scipy.optimize._optimize:fromfile", Kind.DENIED),
        ("scipy.interpolate._interpolate:interp1d._call_linear", Kind.VALUE),
        ("", Kind.UNKNOWN),
    ],
)
def test_standing_of(full: str, kind: Kind) -> None:
    module, _, name = full.partition(":")
    assert standing(module, name).kind is kind
