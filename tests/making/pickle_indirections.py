"""Ways to reach code without naming it, each by our own construction; payloads are inert."""

from __future__ import annotations

import struct

from tests.making.pickle_assembly import ID, args, called, framed, named, old, stacked, text


def indirections() -> dict[str, bytes]:
    getattr_ = named("__builtin__", "getattr")
    import_ = called(named("importlib", "import_module"), text("os"))
    system = called(getattr_, import_, text("system"))
    getter = called(named("operator", "attrgetter"), text("system"))
    inner = old(called(named("os", "system"), ID))
    packed = b"B" + struct.pack("<I", len(inner)) + inner
    return {
        "getattr of an imported module": old(called(system, ID)),
        "attrgetter of an imported module": old(called(called(getter, import_), ID)),
        "methodcaller on an imported module": old(
            called(called(named("operator", "methodcaller"), text("system"), ID), import_)
        ),
        "partial of getattr": old(called(called(named("functools", "partial"), system), ID)),
        "loader kept with its bytes for later": old(
            called(
                named("collections", "defaultdict"),
                called(named("functools", "partial"), named("torch.storage", "_load_from_bytes"), packed),
            )
        ),
        "download kept for later": old(
            called(named("functools", "partial"), named("timm.models._hub", "load_model_config_from_hf"), text("x/y"))
        ),
        "reduce over getattr": old(called(named("functools", "reduce"), getattr_, args(import_, text("system")))),
        "dotted name through random": framed(called(stacked("random", "_os.system"), ID)),
        "dotted name through an allowed package": framed(called(stacked("torch", "serialization.os.system"), ID)),
        "dotted name through collections": framed(called(stacked("collections", "_sys.modules.get"), text("os"))),
        "__globals__ of an allowed function": framed(
            called(stacked("torch._utils", "_rebuild_tensor_v2.__globals__.get"), ID)
        ),
        "__builtins__ of numpy": framed(called(stacked("numpy", "__builtins__.get"), text("eval"))),
        "getattr of __builtins__": old(
            called(called(getattr_, named("numpy", "__builtins__"), text("get")), text("eval"))
        ),
        "dunder of a class": old(called(getattr_, named("collections", "OrderedDict"), text("__subclasses__"))),
        "nested pickle.loads": old(called(named("pickle", "loads"), packed)),
        "nested _load_from_bytes": old(called(named("torch.storage", "_load_from_bytes"), packed)),
        "nested joblib over BytesIO": old(called(named("joblib", "load"), called(named("io", "BytesIO"), packed))),
        "name from memo": old(
            text("os") + b"q\x00" + b"0" + text("system") + b"q\x01" + b"0h\x00h\x01\x93" + args(ID) + b"R"
        ),
        "name joined from pieces": framed(
            called(named("__builtin__", "getattr"), text(""), text("join"))
            + b"("
            + b"]"
            + b"("
            + text("o")
            + text("s")
            + b"e"
            + b"tR"
            + text("system")
            + b"\x93"
            + args(ID)
            + b"R"
        ),
        "name by bytes.decode": framed(
            called(stacked("builtins", "bytes.decode"), b"C\x02os") + text("system") + b"\x93" + args(ID) + b"R"
        ),
        "name by rot13": framed(
            called(named("codecs", "decode"), text("bf"), text("rot13")) + text("system") + b"\x93" + args(ID) + b"R"
        ),
        "map over a list": old(
            called(named("builtins", "list"), called(named("builtins", "map"), named("os", "system"), b"]" + ID + b"a"))
        ),
        "BUILD into an allowed function": old(
            named("torch._utils", "_rebuild_tensor_v2") + b"}" + text("__code__") + text("x") + b"sb"
        ),
        "BUILD with slots into a class": old(
            named("collections", "OrderedDict") + b"N}" + text("__reduce__") + named("os", "system") + b"s\x86b"
        ),
        "SETITEM into sys.modules": old(named("sys", "modules") + text("json") + named("os", "path") + b"s"),
        "EXT1": old(b"\x82\x01" + args(ID) + b"R"),
        "EXT4 after add_extension": old(
            called(named("copyreg", "add_extension"), text("os"), text("system"), b"K\x05")
            + b"0\x84\x05\x00\x00\x00"
            + args(ID)
            + b"R"
        ),
        "INST": b"(" + b"S'id'\n" + b"ios\nsystem\n.",
        "OBJ": b"(" + named("os", "system") + b"S'id'\no.",
        "NEWOBJ of Popen": old(named("subprocess", "Popen") + args(ID) + b"\x81"),
        "NEWOBJ_EX of Popen": framed(stacked("subprocess", "Popen") + args(ID) + b"}\x92"),
        "defaultdict with a sink": old(called(named("collections", "defaultdict"), named("os", "system"))),
        "_rebuild_from_type_v2 with a sink": old(
            called(
                named("torch._tensor", "_rebuild_from_type_v2"),
                named("os", "system"),
                named("torch", "Tensor"),
                args(ID),
                b"}",
            )
        ),
        "_reconstructor of an unknown class": old(
            called(named("copy_reg", "_reconstructor"), named("evil", "Thing"), named("__builtin__", "object"), b"N")
        ),
        "ufunc by name of numpy.load": old(
            called(named("numpy.core", "_ufunc_reconstruct"), text("numpy"), text("load"))
        ),
        "enum with two arguments": old(
            called(named("transformers.trainer_utils", "IntervalStrategy"), text("a"), text("b"))
        ),
        "scipy distribution with its own text": old(
            named("scipy.stats._continuous_distns", "norm_gen")
            + b")\x81}"
            + text("_parse_arg_template")
            + text("import os; os.system('id')")
            + b"sb"
        ),
        "bound method of a path, kept for __del__": old(
            called(getattr_, called(named("pathlib", "PosixPath"), text("/tmp"), text("x")), text("unlink"))
        ),
        "class that calls what stands in its state": old(
            named("lightning.pytorch.profilers.profiler", "Profiler")
            + b")\x81}"
            + text("teardown")
            + named("collections", "OrderedDict")
            + b"sb"
        ),
        "BUILD on a shared logger": old(
            called(named("logging", "getLogger"), text("root")) + b"}" + text("disabled") + b"\x88sb"
        ),
        "call of a call": old(called(called(named("collections", "OrderedDict")), ID)),
        "call of a bound method": old(called(called(getattr_, text("x"), text("format_map")), ID)),
        "unknown class": old(named("vendor.secret", "Model") + b")\x81}b"),
        "class of __main__": old(named("__main__", "Model") + b")\x81}b"),
        "package class with code of its own": old(named("numpy.lib._datasource", "DataSource") + b")\x81}b"),
        "file beside, elsewhere": old(
            named("joblib.numpy_pickle", "NDArrayWrapper") + b")\x81}" + text("filename") + text("../../x.npy") + b"sb"
        ),
    }
