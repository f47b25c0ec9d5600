"""Names that real libraries write, with the opcodes they write them with: the libraries need not be here.

Each row was seen in a file that the library itself wrote. Below stands what looks like it and is none.
"""

from __future__ import annotations

import pickle

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.memory import said, scan_bytes
from tests.making.pickle_assembly import args, called, framed, named, old, stacked, text

KEPT, MADE = "kept", "made"
NUMPY_ARRAY = args(
    stacked("numpy._core.multiarray", "_reconstruct"), args(stacked("numpy", "ndarray"), args(), b"C\1b")
)
NAMES = [
    ("statsmodels.regression.linear_model:RegressionResultsWrapper", MADE),
    ("statsmodels.genmod.families.links:Logit", MADE),
    ("statsmodels.tsa.statespace.sarimax:SARIMAXResults", MADE),
    ("statsmodels.robust.norms:HuberT", MADE),
    ("patsy.design_info:DesignInfo", MADE),
    ("gensim.models.word2vec:Word2Vec", MADE),
    ("gensim.models.keyedvectors:KeyedVectors", MADE),
    ("gensim.corpora.dictionary:Dictionary", MADE),
    ("gensim.models.phrases:original_scorer", KEPT),
    ("gensim.utils:call_on_class_only", KEPT),
    ("nltk.tag.sequential:UnigramTagger", MADE),
    ("nltk.tokenize.punkt:PunktSentenceTokenizer", MADE),
    ("nltk.lm.models:MLE", MADE),
    ("prophet.forecaster:Prophet", MADE),
    ("cmdstanpy.stanfit.mle:CmdStanMLE", MADE),
    ("pmdarima.arima.arima:ARIMA", MADE),
    ("imblearn.over_sampling._smote.base:SMOTE", MADE),
    ("sklearn.compose._column_transformer:make_column_selector", MADE),
    ("sklearn.cluster._kmeans:_kmeans_single_lloyd", KEPT),
    ("optax._src.transform:ScaleByAdamState", MADE),
    ("scipy.signal._ltisys:TransferFunctionContinuous", MADE),
    ("scipy.optimize._lbfgsb_py:LbfgsInvHessProduct", MADE),
    ("torch.nn.utils.prune:L1Unstructured", MADE),
    ("torch.amp.grad_scaler:_refresh_per_optimizer_state", KEPT),
    ("torch._C:_VariableFunctionsClass", KEPT),
    ("ultralytics.nn.modules.head:v10Detect", MADE),
    ("transformers.image_utils:SizeDict", MADE),
    ("fastcore.foundation:L", MADE),
    ("numpy:hypot", KEPT),
    ("numpy:concatenate", KEPT),
    ("_operator:add", KEPT),
    ("builtins:print", KEPT),
    ("urllib.parse:ParseResult", MADE),
    ("statistics:NormalDist", MADE),
]


@pytest.mark.parametrize(("full", "how"), NAMES, ids=[full for full, _ in NAMES])
def test_what_libraries_name_is_clean(full: str, how: str) -> None:
    body = stacked(*full.split(":"))
    if how == MADE:
        body += b")\x81}" + text("a") + b"K\1sb"
    found = scan_bytes(framed(body))
    assert found.verdict is Word.CLEAN, said(found)


CALLS = {
    "an array as numpy of Python 2 wrote it": called(
        named("numpy.core._internal", "_reconstruct"), named("numpy", "ndarray"), args(b"K\0"), text("b")
    ),
    "an array as dill writes it": stacked("dill._dill", "_create_array") + NUMPY_ARRAY[:-1] + args() + b"NtR",
    "an array as jax writes it": stacked("jax._src.array", "_reconstruct_array") + NUMPY_ARRAY[:-1] + args() + b"}tR",
    "a plain type of dill": called(stacked("dill._dill", "_load_type"), text("dict")),
    "a frozen dictionary": called(stacked("flax.core.frozen_dict", "FrozenDict"), b"}"),
    "an interval": called(stacked("pandas", "Interval"), b"K\0", b"K\1", text("right")),
    "a Cython mixin": called(stacked("pandas._libs.interval", "__pyx_unpickle_IntervalMixin"), b"N", b"K\0", b"N"),
    "a compiled filter": called(stacked("statsmodels.tsa.statespace._kalman_filter", "dKalmanFilter"), b"N", b"K\1"),
    "a count of words": called(stacked("nltk.probability", "FreqDist"), b"}"),
    "a flag of re": called(stacked("re", "RegexFlag"), b"K\2"),
    "an enumeration of PIL": called(stacked("PIL.Image", "Resampling"), b"K\3"),
    "a signal": called(stacked("signal", "Signals"), b"K\2"),
    "typing.Dict[str, int]": called(
        stacked("_operator", "getitem"),
        stacked("typing", "Dict"),
        args(stacked("builtins", "str"), stacked("builtins", "int")),
    ),
    "int | str": called(
        stacked("_functools", "reduce"),
        stacked("_operator", "or_"),
        args(stacked("builtins", "int"), stacked("builtins", "str")),
    ),
    "the type of None": called(stacked("builtins", "type"), b"N"),
    "a walk over a list": called(stacked("builtins", "iter"), b"]") + b"K\1b",
    "a count": called(stacked("itertools", "count"), b"K\3"),
    "an error that was kept": called(stacked("builtins", "FileNotFoundError"), b"K\2", text("gone")),
    "a parameter without a value": called(stacked("torch.nn.parameter", "UninitializedParameter"), b"\x88"),
    "a method of torch that is kept": called(
        stacked("builtins", "getattr"), stacked("torch._C", "_VariableFunctionsClass"), text("pairwise_distance")
    ),
    "the signature of a function": called(
        stacked("inspect", "Signature"),
        args(called(stacked("inspect", "Parameter"), text("x"), called(stacked("inspect", "_ParameterKind"), b"K\1"))),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_libraries_call_is_clean(name: str) -> None:
    found = scan_bytes(framed(CALLS[name]))
    assert found.verdict is Word.CLEAN, said(found)


def test_an_object_made_with_keywords_in_protocol_2_is_clean() -> None:
    cls = named("scipy.stats._stats_py", "LinregressResult")
    new = named("scipy.stats._stats_py", "LinregressResult.__new__")
    found = scan_bytes(old(called(called(named("functools", "partial"), new, cls, b"G" + bytes(8)))))
    assert found.verdict is Word.CLEAN, said(found)


def test_an_object_made_with_keywords_as_protocol_2_writes_it_is_clean() -> None:
    """`partial` keeps its function and arguments in its state, and finds `__new__` through getattr."""
    cls = named("scipy.stats._stats_py", "LinregressResult")
    new = called(named("builtins", "getattr"), cls, text("__new__"))
    state = args(new, args(cls, b"G" + bytes(8)), b"}", b"N")
    found = scan_bytes(old(called(called(named("functools", "partial"), new) + state + b"b")))
    assert found.verdict is Word.CLEAN, said(found)


def _results(formula: str, state: bytes | None = None) -> bytes:
    fields = text("formula") + text(formula) + text("restore_model_spec") + b"\x88"
    state = b"}(" + fields + b"u" if state is None else state
    return framed(stacked("statsmodels.base.data", "PandasData") + b")\x81" + state + b"b")


@pytest.mark.parametrize(
    "formula",
    ["a ~ b + c*d", "mpg ~ C(cyl) + np.log(hp) - 1", "y ~ poly(wt, 2) + I(a + b)", "größe ~ x1:x2 / (x3 + 2.5)"],
)
def test_formulas_of_columns_are_clean(formula: str) -> None:
    found = scan_bytes(_results(formula))
    assert found.verdict is Word.CLEAN, said(found)


OFF_THE_PATH = {
    "a formula that imports": _results("y ~ __import__('os').system('id')"),
    "a formula that calls": _results("y ~ exit(x)"),
    "a formula that reaches": _results("y ~ np.log.__self__"),
    "a formula that calls through C": _results("y ~ C(print)(x)"),
    "a formula that calls after a space": _results("y ~ exit (x)"),
    "a formula that calls what stands in brackets": _results("y ~ (exit) (x)"),
    "a formula in brackets": _results("y ~ [q for q in x]"),
    "a formula that cannot be told": _results(
        "", called(stacked("collections", "OrderedDict"), b"]" + args(text("formula"), text("exit()")) + b"a")
    ),
    "a distribution whose state cannot be told": framed(
        stacked("scipy.stats._continuous_distns", "norm_gen")
        + b")\x81"
        + called(
            stacked("collections", "OrderedDict"), b"]" + args(text("_parse_arg_template"), text("import os")) + b"a"
        )
        + b"b"
    ),
    "dill's type of functions": framed(called(stacked("dill._dill", "_load_type"), text("FunctionType"))),
    "dill's array maker with another function": framed(
        called(stacked("dill._dill", "_create_array"), stacked("os", "system"), args(text("id")))
    ),
    "dill's array maker with a mark that numpy does not know": framed(
        called(stacked("dill._dill", "_create_array"), stacked("builtins", "print"), args(text("id")), args(), b"N")
    ),
    "something looked up in a module": framed(
        called(stacked("_operator", "getitem"), stacked("os", "environ"), text("HOME"))
    ),
    "reduce over another function": framed(
        called(stacked("functools", "reduce"), stacked("_operator", "add"), args(b"K\1", b"K\2"))
    ),
    "a class made of texts": framed(called(stacked("builtins", "type"), text("A"), args(), b"}")),
    "iter over a function": framed(called(stacked("builtins", "iter"), stacked("builtins", "print"), b"N")),
    "a kept function that is called": framed(called(stacked("numpy", "concatenate"), b"]")),
    "arithmetic that is called": framed(called(stacked("_operator", "add"), b"K\1", b"K\2")),
    "another class made through __new__": old(
        called(
            called(
                named("functools", "partial"),
                named("scipy.stats._stats_py", "LinregressResult.__new__"),
                named("subprocess", "Popen"),
                text("id"),
            )
        )
    ),
    "another class in the state of a partial": old(
        called(
            called(named("functools", "partial"), named("scipy.stats._stats_py", "LinregressResult.__new__"))
            + args(
                named("scipy.stats._stats_py", "LinregressResult.__new__"),
                args(named("collections", "OrderedDict"), text("id")),
                b"}",
                b"N",
            )
            + b"b"
        )
    ),
    "numpy's function that reads names as code": framed(stacked("numpy", "bmat")),
    "a torch file written as text that calls": old(
        called(
            named("torch.storage", "_load_from_bytes"),
            called(named("_codecs", "encode"), text("cos\nsystem\n(S'id'\ntR." + " " * 5000), text("latin1")),
        )
    ),
}


@pytest.mark.parametrize("name", OFF_THE_PATH)
def test_what_only_looks_like_it_is_flagged(name: str) -> None:
    found = scan_bytes(OFF_THE_PATH[name])
    assert found.verdict in (Word.DANGEROUS, Word.SUSPICIOUS), said(found)


@pytest.mark.parametrize("second", range(6))
def test_a_safetensors_header_whose_length_reads_as_a_protocol_is_clean(second: int) -> None:
    length = 0x80 + 256 * second
    header = b'{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.ljust(length)
    found = scan_bytes(length.to_bytes(8, "little") + header + bytes(4), "model.safetensors")
    assert found.verdict is Word.CLEAN, said(found)


def test_a_pickle_cut_after_its_first_opcode_is_not_called_clean() -> None:
    for size in range(1, 30):
        found = scan_bytes(pickle.dumps({"weights": "x" * 40}, 4)[:size])
        assert found.verdict is Word.INCOMPLETE, (size, said(found))
