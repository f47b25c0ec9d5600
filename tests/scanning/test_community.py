"""Names of libraries beside the large ones, as they write them; below stands what only looks like it."""

from __future__ import annotations

import io
import json
import pickle
import struct
import tarfile
import zipfile
from base64 import b64encode

import pytest

from ossmodelkit.scanning.verdict import Word
from tests.making.memory import said, scan_bytes
from tests.making.pickle_assembly import args, called, framed, named, old, stacked, text

NAMES = [
    "optuna.study.study:Study",
    "optuna.storages._in_memory:InMemoryStorage",
    "gymnasium.spaces.box:Box",
    "stable_baselines3.common.vec_env.vec_normalize:VecNormalize",
    "networkx.classes.graph:Graph",
    "networkx.classes.coreviews:AdjacencyView",
    "hmmlearn.hmm:CategoricalHMM",
    "river.preprocessing.scale:StandardScaler",
    "pyod.models.knn:KNN",
    "xarray.core.dataarray:DataArray",
    "gpytorch.kernels.rbf_kernel:RBFKernel",
    "polars.dataframe.frame:DataFrame",
    "datasets.arrow_dataset:Dataset",
    "datasets.table:InMemoryTable",
    "torch_geometric.data.data:Data",
    "tiktoken.core:Encoding",
    "lifelines.fitters.coxph_fitter:CoxPHFitter",
    "langchain_core.documents.base:Document",
]
# As older versions wrote them: scikit-learn 1.5 built a module without its package, and so it stands in pickles.
KEPT = [
    "_loss:CyHalfSquaredError",
    "sklearn.metrics._scorer:_passthrough_scorer",
    "transformers.modeling_rope_utils:_compute_default_rope_parameters",
]
# Their `__setstate__` opens a connection or a file, calls what stands in the state, or makes code.
REFUSED = [
    "optuna.storages._rdb.storage:RDBStorage",
    "optuna.storages._grpc.client:GrpcStorageProxy",
    "stable_baselines3.common.vec_env.base_vec_env:CloudpickleWrapper",
    "gymnasium.utils.ezpickle:EzPickle",
    "gymnasium.vector.utils.misc:CloudpickleWrapper",
    "networkx.classes.reportviews:OutEdgeDataView",
    "datasets.table:MemoryMappedTable",
    "datasets.builder:DatasetBuilder",
    "polars.lazyframe.frame:LazyFrame",
    "polars.io.csv.functions:read_csv",
    "torch_geometric.nn.conv.gcn_conv:GCNConv",
    "xarray.backends.file_manager:CachingFileManager",
]
STATE = b"}" + text("a") + b"K\1sb"
SHELL = b"\x80\x02cos\nsystem\nU\2id\x85R."


@pytest.mark.parametrize("full", NAMES)
def test_what_libraries_make_and_fill_is_clean(full: str) -> None:
    found = scan_bytes(framed(stacked(*full.split(":")) + b")\x81" + STATE))
    assert found.verdict is Word.CLEAN, said(found)


@pytest.mark.parametrize("full", KEPT)
def test_what_older_versions_keep_is_clean(full: str) -> None:
    found = scan_bytes(framed(stacked(*full.split(":")) + b"\x85"))
    assert found.verdict is Word.CLEAN, said(found)


def test_only_the_known_names_of_a_module_without_a_package_pass() -> None:
    assert scan_bytes(framed(stacked("_loss", "Helper") + b"\x85")).verdict is not Word.CLEAN
    assert scan_bytes(framed(called(stacked("_loss", "run"), text("id")))).verdict is not Word.CLEAN


@pytest.mark.parametrize("full", REFUSED)
def test_what_does_more_than_keep_its_state_is_told(full: str) -> None:
    found = scan_bytes(framed(stacked(*full.split(":")) + b")\x81" + STATE))
    assert found.verdict in (Word.SUSPICIOUS, Word.DANGEROUS), said(found)


def raw(data: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(data)) + data


def network(state: bytes) -> bytes:
    return framed(stacked("skorch.classifier", "NeuralNetClassifier") + b")\x81}(" + state + b"ub")


FILE = text("__cuda_dependent_attributes__")


def test_the_torch_file_in_a_skorch_network_is_read() -> None:
    clean = pickle.dumps({"module_": None}, 2)
    assert scan_bytes(network(FILE + raw(clean))).verdict is Word.CLEAN
    found = scan_bytes(network(FILE + raw(SHELL)))
    assert found.verdict is Word.DANGEROUS, said(found)
    assert scan_bytes(network(FILE + raw(clean) + FILE + raw(SHELL))).verdict is Word.DANGEROUS
    assert scan_bytes(network(text("lr") + b"K\1")).verdict is Word.SUSPICIOUS


def test_keras_models_that_scikeras_packs_into_an_array_are_read() -> None:
    unpack = stacked("scikeras._saving_utils", "unpack_keras_model")
    frombuffer = stacked("numpy._core.numeric", "_frombuffer")
    kind = called(stacked("numpy", "dtype"), text("u1"), b"\x89", b"\x88")
    for data, expected in ((pickle.dumps({"a": 1}, 2), Word.CLEAN), (SHELL, Word.DANGEROUS)):
        array = called(frombuffer, raw(data), kind, b"K\1\x85", text("C"))
        found = scan_bytes(framed(called(unpack, array)))
        assert found.verdict is expected, said(found)


def test_pickles_that_stable_baselines_keeps_as_text_are_read() -> None:
    def data(inner: bytes) -> bytes:
        field = {":type:": "<class 'abc.ABCMeta'>", ":serialized:": b64encode(inner).decode()}
        return json.dumps({"policy_class": field, "gamma": 0.99}).encode()

    policy = framed(stacked("stable_baselines3.common.policies", "ActorCriticPolicy"))
    assert scan_bytes(data(policy), "data").verdict is Word.CLEAN
    found = scan_bytes(data(SHELL), "data")
    assert found.verdict is Word.DANGEROUS, said(found)
    assert "policy_class" in said(found)


def test_a_method_is_kept_of_objects_that_compute_and_of_no_others() -> None:
    def kept(module: str, name: str, method: str) -> bytes:
        made = named(module, name) + b")\x81"
        bound = called(named("__builtin__", "getattr"), made, text(method))
        return old(called(named("functools", "partial"), bound))

    assert scan_bytes(kept("lifelines.fitters.coxph_fitter", "CoxPHFitter", "_add_penalty")).verdict is Word.CLEAN
    assert scan_bytes(kept("pathlib", "PosixPath", "unlink")).verdict is not Word.CLEAN
    assert scan_bytes(kept("lifelines.fitters.coxph_fitter", "CoxPHFitter", "__class__")).verdict is not Word.CLEAN


def test_a_cache_that_points_nowhere_is_kept() -> None:
    def cache(location: bytes) -> bytes:
        state = b"}(" + text("location") + location + text("store_backend") + b"Nub"
        return framed(stacked("joblib.memory", "Memory") + b")\x81" + state)

    assert scan_bytes(cache(b"N")).verdict is Word.CLEAN
    assert scan_bytes(cache(text("cache"))).verdict is not Word.CLEAN


def test_enumerations_inside_a_class_take_one_text() -> None:
    kind = stacked("formulaic.parser.types.factor", "Factor.Kind")
    assert scan_bytes(framed(called(kind, text("numerical")))).verdict is Word.CLEAN
    assert scan_bytes(framed(called(kind, text("a"), args(text("b"))))).verdict is not Word.CLEAN


def test_a_tar_whose_last_member_is_a_zip_is_read_as_a_tar() -> None:
    """A NeMo checkpoint: the end of the torch zip in it lies where the end of a zip around it would lie."""

    def checkpoint(weights: bytes) -> bytes:
        inner, outer = io.BytesIO(), io.BytesIO()
        with zipfile.ZipFile(inner, "w") as files:
            files.writestr("archive/data.pkl", weights)
        with tarfile.open(fileobj=outer, mode="w") as files:
            for name, data in (("model_config.yaml", b"target: nemo\n"), ("model_weights.ckpt", inner.getvalue())):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                files.addfile(member, io.BytesIO(data))
        return outer.getvalue()

    found = scan_bytes(checkpoint(pickle.dumps({"a": 1}, 2)))
    assert found.verdict is Word.CLEAN, said(found)
    assert scan_bytes(checkpoint(SHELL)).verdict is Word.DANGEROUS
    behind = checkpoint(pickle.dumps({}, 2)) + checkpoint(SHELL)
    assert scan_bytes(behind).verdict is Word.DANGEROUS


@pytest.mark.parametrize(
    ("function", "place"), [("spacy.vocab:unpickle_vocab", 4), ("spacy.tokens.doc:unpickle_doc", 1)]
)
def test_the_pickles_in_what_spacy_writes_are_read(function: str, place: int) -> None:
    def scanned(inner: bytes) -> Word:
        values = [b"N"] * 7
        values[place] = inner
        return scan_bytes(framed(called(stacked(*function.split(":")), *values))).verdict

    assert scanned(raw(pickle.dumps({"a": 1}))) is Word.CLEAN
    assert scanned(raw(SHELL)) is Word.DANGEROUS
    assert scanned(called(stacked("os", "urandom"), b"K\1")) is not Word.CLEAN
    assert scanned(b"N") is not Word.CLEAN


def test_methods_of_compiled_patterns_are_kept() -> None:
    def kept(function: bytes, method: str) -> bytes:
        return framed(
            called(stacked("builtins", "getattr"), called(function, text("a"), b"K\0"), text(method)) + b"\x85"
        )

    assert scan_bytes(kept(stacked("re", "_compile"), "finditer")).verdict is Word.CLEAN
    assert scan_bytes(kept(stacked("re", "_compile"), "__class__")).verdict is not Word.CLEAN
    assert scan_bytes(kept(stacked("pathlib", "PosixPath"), "unlink")).verdict is not Word.CLEAN


def test_a_method_that_computes_is_kept_by_name() -> None:
    def caller(*values: bytes, module: str = "operator") -> bytes:
        return called(stacked(module, "methodcaller"), *values)

    for kept in (
        caller(text("toarray")),
        caller(text("astype"), text("f4")),
        caller(text("lower"), module="_operator"),
    ):
        found = scan_bytes(framed(kept + b"\x85"))
        assert found.verdict is Word.CLEAN, said(found)
    for strange in (
        caller(text("to_pickle"), text("x")),
        caller(text("eval")),
        caller(),
        caller(text("system"), text("id")),
    ):
        assert scan_bytes(framed(strange + b"\x85")).verdict is not Word.CLEAN
    used = called(caller(text("system"), text("id")), stacked("os", "path"))
    assert scan_bytes(framed(used)).verdict is Word.DANGEROUS
