"""Which bytes in a pickle reach a loader: those are read as files of their own, the others are data."""

from __future__ import annotations

from ossmodelkit.formats.pickle_values import Box, Global, Result, Stored, Value

# Calls that load a pickle (or something that may hold one) from bytes.
LOADERS = frozenset(
    {
        "pickle.loads",
        "pickle._loads",
        "_pickle.loads",
        "dill.loads",
        "dill._dill.loads",
        "cloudpickle.loads",
        "cloudpickle.cloudpickle.loads",
        "torch.storage._load_from_bytes",
        "torch._utils._load_from_bytes",
        "shelve.loads",
        "jsonpickle.decode",
        "marshal.loads",
        "pickle.load",
        "_pickle.load",
        "dill.load",
        "cloudpickle.load",
        "torch.load",
        "torch.serialization.load",
        "joblib.load",
        "joblib.numpy_pickle.load",
        "numpy.load",
        "numpy.lib.npyio.load",
        "numpy.lib._npyio_impl.load",
        "pandas.read_pickle",
        "pandas.io.pickle.read_pickle",
        "keras.src.saving.pickle_utils.deserialize_model_from_bytecode",
        "keras.saving.pickle_utils.deserialize_model_from_bytecode",
        "tf_keras.src.saving.pickle_utils.deserialize_model_from_bytecode",
        "scikeras._saving_utils.unpack_keras_model",
    }
)
# Loaders that get the bytes not as their first argument, and at which place they get them.
OTHER_PLACES = {"spacy.tokens.doc.unpickle_doc": 1, "spacy.vocab.unpickle_vocab": 4}
ARRAYS = frozenset(
    {"numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"}
    | {"numpy.core.numeric._frombuffer", "numpy._core.numeric._frombuffer"}
)
# Classes that hand a part of their state to a loader, by package, and the name of that part.
STATES_WITH_FILES = {"skorch": "__cuda_dependent_attributes__"}
# Keras objects rebuild themselves from a `.keras` archive in memory, each by a method of its own class.
KERAS_LOADER = "._unpickle_model"
TEXT_TO_BYTES = frozenset({"_codecs.encode", "codecs.encode"})
LATIN = frozenset({"latin1", "latin-1", "iso-8859-1"})


def loaded_bytes(function: Value, args: Value) -> Value:
    """The constant bytes that a call would hand to a loader, or None."""
    if not (isinstance(function, Global) and _is_loader(function) and isinstance(args, tuple) and args):
        return None
    place = OTHER_PLACES.get(function.full, 0)
    return bytes_in(args[place]) if place < len(args) else None


def _contents(array: Result) -> Value:
    """The bytes of a numpy array: in its state, or what it was made from."""
    if isinstance(array.state, tuple):
        return array.state[4] if len(array.state) == 5 else None
    return array.args[0] if array.args else None


def bytes_of_state(target: Value, state: Value) -> Value:
    """The constant bytes in a state that its object hands to a loader, or None."""
    if not (isinstance(target, Result) and isinstance(target.callable, Global) and isinstance(state, Box)):
        return None
    wanted = STATES_WITH_FILES.get(target.callable.module.partition(".")[0])
    found = [value for name, value in zip(state[::2], state[1::2], strict=False) if wanted and name == wanted]
    return bytes_in(found[-1]) if found else None


def _is_loader(function: Global) -> bool:
    keras = function.module.startswith("keras.") and function.name.endswith(KERAS_LOADER)
    return keras or function.full in LOADERS or function.full in OTHER_PLACES


def bytes_in(data: Value) -> Value:
    """The constant bytes that a value is or holds, as a stream in memory or written as text; or None."""
    if isinstance(data, Result) and isinstance(data.callable, Global) and data.callable.name == "BytesIO":
        state = data.state if isinstance(data.state, tuple) else ()
        data = (*state, *data.args)[0] if data.args or state else data
    elif isinstance(data, Result) and isinstance(data.callable, Global) and data.callable.full in ARRAYS:
        data = _contents(data)
    if isinstance(data, Result) and isinstance(data.callable, Global) and data.callable.full in TEXT_TO_BYTES:
        data = data.args[0] if len(data.args) == 2 and str(data.args[1]).lower() in LATIN else data
        return data if isinstance(data, Stored) and data.kind == "str" else None
    return data if isinstance(data, bytes) or (isinstance(data, Stored) and data.kind == "bytes") else None
