"""What real libraries write into pickles, arrays and joblib files: nothing here may raise an alarm."""

from __future__ import annotations

import array
import collections
import datetime
import decimal
import fractions
import io
import operator
import pathlib
import pickle
import re
import types
import uuid
import warnings
from collections.abc import Callable
from typing import Any

PROTOCOLS = (0, 1, 2, 3, 4, 5)


def standard() -> dict[str, Any]:
    """Value types of the standard library."""
    long_list = [datetime.datetime(2020, 1, 1) + datetime.timedelta(days=day) for day in range(2000)]
    return {
        "set": {1, 2},
        "frozenset": frozenset([3]),
        "complex": 1 + 2j,
        "datetime": datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        "date": datetime.date(2024, 1, 1),
        "time": datetime.time(3, 4),
        "timedelta": datetime.timedelta(3),
        "many datetimes": long_list,
        "Decimal": decimal.Decimal("1.2"),
        "Fraction": fractions.Fraction(1, 3),
        "UUID": uuid.UUID(int=5),
        "PurePosixPath": pathlib.PurePosixPath("a/b"),
        "Path": pathlib.Path("a"),
        "regular expression": re.compile("a+"),
        "array": array.array("i", [1, 2]),
        "OrderedDict": collections.OrderedDict(a=1),
        "deque": collections.deque([1], 5),
        "Counter": collections.Counter("abca"),
        "defaultdict": collections.defaultdict(list, {1: [2]}),
        "bytes": b"\x00\xff" * 10,
        "bytearray": bytearray(b"12"),
        "big number": 10**40,
        "range": range(3),
        "slice": slice(1, 2),
        "Ellipsis": ...,
        "itemgetter": operator.itemgetter(1),
        "types": [int, list, dict, object],
        "infinity": float("inf"),
        "namespace": types.SimpleNamespace(a=1),
        "text that looks like code": {"t": "import os; os.system('id')", "eval": "cos\nsystem\n(S'id'\ntR."},
        "bytes that are a pickle": pickle.dumps({"a": 1}),
        "random bytes": bytes((x * 7919 + x // 3) % 256 for x in range(100_000)),
        "large table": {f"key{number}": [number, float(number), f"v{number % 50}"] for number in range(20_000)},
        "shared strings": [f"s{number % 7}" for number in range(30_000)],
    }


def numbers() -> dict[str, Any]:
    """numpy and scipy."""
    import numpy as np
    import scipy.interpolate
    import scipy.sparse
    import scipy.spatial
    import scipy.stats

    return {
        "floats": np.zeros((2, 3)),
        "objects": np.array([1, "a", None], dtype=object),
        "scalar": np.float64(3),
        "texts": np.array(["aa", "b"]),
        "record": np.zeros(2, dtype=[("a", "i4"), ("b", "f8")]),
        "masked": np.ma.array([1, 2], mask=[0, 1]),
        "RandomState": np.random.RandomState(1),
        "Generator": np.random.default_rng(1),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "fortran": np.asfortranarray(np.zeros((3, 2))),
        "function": np.mean,
        "ufunc": np.exp,
        "dtype": np.dtype("f4"),
        "type": np.float32,
        "Polynomial": np.polynomial.Polynomial([1, 2]),
        "csr": scipy.sparse.csr_matrix(np.eye(3)),
        "coo": scipy.sparse.coo_matrix(np.eye(3)),
        "spline": scipy.interpolate.CubicSpline([1, 2, 3], [1, 2, 3]),
        "interp1d": scipy.interpolate.interp1d([1, 2], [3, 4]),
        "cKDTree": scipy.spatial.cKDTree(np.eye(3)),
        "Rotation": scipy.spatial.transform.Rotation.from_quat([0, 0, 0, 1]),
        "frozen distribution": scipy.stats.norm(0, 1),
        "distribution": scipy.stats.uniform,
        "discrete": scipy.stats.poisson(3),
    }


def estimators() -> dict[str, Any]:
    """scikit-learn, fitted."""
    import numpy as np
    from sklearn import (
        cluster,
        compose,
        decomposition,
        ensemble,
        feature_extraction,
        gaussian_process,
        linear_model,
        model_selection,
        naive_bayes,
        neighbors,
        neural_network,
        pipeline,
        preprocessing,
        svm,
        tree,
    )
    from sklearn.metrics import f1_score, make_scorer

    x, y = np.random.RandomState(0).rand(60, 4), np.arange(60) % 2
    scorer = make_scorer(f1_score)
    models = {
        "LogisticRegression": linear_model.LogisticRegression(),
        "SGDClassifier": linear_model.SGDClassifier(),
        "RandomForest": ensemble.RandomForestClassifier(3),
        "GradientBoosting": ensemble.GradientBoostingClassifier(n_estimators=3),
        "HistGradientBoosting": ensemble.HistGradientBoostingClassifier(max_iter=3),
        "IsolationForest": ensemble.IsolationForest(n_estimators=3),
        "SVC": svm.SVC(),
        "KNN kd_tree": neighbors.KNeighborsClassifier(algorithm="kd_tree"),
        "KNN ball_tree": neighbors.KNeighborsClassifier(algorithm="ball_tree"),
        "Pipeline": pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
        "FunctionTransformer": pipeline.make_pipeline(preprocessing.FunctionTransformer(np.log1p), svm.LinearSVC()),
        "MLP": neural_network.MLPClassifier(max_iter=3),
        "GaussianNB": naive_bayes.GaussianNB(),
        "GaussianProcess": gaussian_process.GaussianProcessRegressor(gaussian_process.kernels.RBF()),
        "GridSearch": model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2]}, cv=2, scoring=scorer),
        "DecisionTree": tree.DecisionTreeClassifier(),
        "KMeans": cluster.KMeans(2),
        "PCA": decomposition.PCA(2),
        "ColumnTransformer": compose.ColumnTransformer([("a", preprocessing.StandardScaler(), [0, 1])]),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in models.values():
            model.fit(x, y)
    models["Tfidf"] = feature_extraction.text.TfidfVectorizer().fit(["a b cc", "dd ee"])
    return models


def tables() -> dict[str, Any]:
    """pandas, where it is installed."""
    import pandas as pd

    columns = {"a": [1, 2], "b": ["x", "y"], "c": pd.to_datetime(["2020", "2021"]), "d": pd.Categorical(["u", "v"])}
    frame = pd.DataFrame(columns)
    return {
        "frame": frame,
        "series": frame["a"],
        "multi-index": frame.set_index(["a", "b"]),
        "timestamp": pd.Timestamp("2020", tz="UTC"),
        "periods": pd.period_range("2020", periods=2),
        "intervals": pd.interval_range(0, 2),
        "missing": [pd.NA, pd.NaT],
        "nullable": pd.array([1, None], dtype="Int64"),
        "zones": pd.DataFrame({"t": pd.date_range("2020", periods=2, tz="Europe/Berlin")}),
    }


def boosted() -> dict[str, Any]:
    """XGBoost and LightGBM, where they are installed."""
    import lightgbm
    import numpy as np
    import xgboost

    x, y = np.random.RandomState(0).rand(60, 4), np.arange(60) % 2
    return {
        "XGBClassifier": xgboost.XGBClassifier(n_estimators=3).fit(x, y),
        "LGBMClassifier": lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, y),
    }


GROUPS: dict[str, tuple[Callable[[], dict[str, Any]], tuple[int, ...]]] = {
    "standard": (standard, PROTOCOLS),
    "numbers": (numbers, (2, 4, 5)),
    "estimators": (estimators, (2, 5)),
    "tables": (tables, (2, 5)),
    "boosted": (boosted, (2, 5)),
}


def joblib_files(value: Any) -> dict[str, bytes]:
    """One value as joblib writes it: by protocol, and through every compressor that is there."""
    import joblib

    found: dict[str, bytes] = {}
    for compress in (0, 3, ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3), ("zlib", 3)):
        target = io.BytesIO()
        joblib.dump(value, target, compress=compress)
        found[f"compress {compress}"] = target.getvalue()
    for protocol in (2, 3, 4, 5):
        target = io.BytesIO()
        joblib.dump(value, target, protocol=protocol)
        found[f"protocol {protocol}"] = target.getvalue()
    return found


def arrays() -> dict[str, bytes]:
    """.npy and .npz of every header version."""
    import numpy as np
    from numpy.lib import format as numpy_format

    found: dict[str, bytes] = {}

    def keep(name: str, write: Callable[[io.BytesIO], object]) -> None:
        target = io.BytesIO()
        write(target)
        found[name] = target.getvalue()

    keep("floats", lambda out: np.save(out, np.zeros(3)))
    keep("objects", lambda out: np.save(out, np.array([1, "a"], dtype=object), allow_pickle=True))
    keep("record", lambda out: np.save(out, np.zeros(2, dtype=[("a", "i4"), ("b", "f8", (2,))])))
    keep("texts", lambda out: np.save(out, np.array(["abc", "de"])))
    keep("two in a row", lambda out: (np.save(out, np.zeros(2)), np.save(out, np.zeros(3))))
    keep("npz", lambda out: np.savez(out, a=np.zeros(3), o=np.array([{}], dtype=object)))
    keep("npz compressed", lambda out: np.savez_compressed(out, a=np.zeros((100, 100))))
    objects = np.array([1, None], dtype=object)
    for version in ((1, 0), (2, 0), (3, 0)):
        keep(
            f"version {version}",
            lambda out, v=version: numpy_format.write_array(out, objects, v),
        )
    return found
