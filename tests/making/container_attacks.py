"""The same harm in containers: torch files of every age, archives, arrays and joblib. Payloads are inert."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib

from tests.making.pickle_assembly import called, named, old, text
from tests.making.pickle_attacks import ATTACKS

EVIL = ATTACKS["gadget os:system"]
GOOD = pickle.dumps({"weight": [1.0, 2.0]}, 2)
MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
VERSION = pickle.dumps(1001, 2)
SYSTEM = pickle.dumps({"little_endian": True}, 2)
KEYS = pickle.dumps([], 2)


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip; names may repeat."""
    import warnings

    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(target, "w", method) as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return target.getvalue()


def torch_zip(pickled: bytes, *more: tuple[str, bytes]) -> bytes:
    """What torch.save writes, around any pickle."""
    return zipped([("archive/data.pkl", pickled), ("archive/byteorder", b"little"), ("archive/version", b"3\n"), *more])


def tarred(members: list[tuple[str, bytes]], mode: str = "w") -> bytes:
    """A tar, compressed by mode."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return target.getvalue()


def linked(name: str, target_name: str, kind: bytes = tarfile.SYMTYPE) -> bytes:
    """A tar with one link."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target_name
        archive.addfile(info)
    return target.getvalue()


def npy(pickled: bytes, version: tuple[int, int] = (1, 0), descr: str = "'|O'") -> bytes:
    """An array of objects around any pickle."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}\n".encode()
    size = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + size + header + pickled


def storage_named(key: str) -> bytes:
    """A tensor over the storage `key`, then a call: the tensor hides nothing."""
    ident = b"(" + text("storage") + named("torch", "FloatStorage") + text(key) + text("cpu") + b"K\x01tQ"
    tensor = called(
        named("torch._utils", "_rebuild_tensor_v2"),
        ident,
        b"K\x00",
        b"(K\x01t",
        b"(K\x01t",
        b"\x89",
        called(named("collections", "OrderedDict")),
    )
    return old(tensor)


def _patched(data: bytes, old_bytes: bytes, new: bytes, which: int = 0) -> bytes:
    at = -1
    for _ in range(which + 1):
        at = data.index(old_bytes, at + 1)
    return data[:at] + new + data[at + len(old_bytes) :]


def _flagged(data: bytes, bit: int) -> bytes:
    """Every header of a zip with one more flag bit."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = changed.find(signature)
        while at >= 0:
            changed[at + offset] |= bit
            at = changed.find(signature, at + 4)
    return bytes(changed)


def _broken_member() -> bytes:
    """A member that expands to a call, and whose data breaks long after it."""
    filler = bytes(number * number % 251 for number in range(4000))
    data = bytearray(zipped([("a/data.pkl", EVIL + filler * 20), ("a/version", b"3")], zipfile.ZIP_DEFLATED))
    at = data.index(b"PK\x03\x04", 4) - 40
    data[at : at + 8] = bytes(8)
    return bytes(data)


def _zips() -> dict[str, bytes]:
    plain = torch_zip(EVIL)
    crc = zlib.crc32(EVIL).to_bytes(4, "little")
    renamed_local = _patched(plain, b"archive/data.pkl", b"archive/data.txt", 0)
    joblib_like = pickle.dumps({"x": 1})
    links = io.BytesIO()
    with zipfile.ZipFile(links, "w") as archive:
        info = zipfile.ZipInfo("data/0")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "../../etc/passwd")
    return {
        "torch zip": plain,
        "torch zip, deflated": zipped([("archive/data.pkl", EVIL), ("archive/version", b"3")], zipfile.ZIP_DEFLATED),
        "torch zip, bzip2": zipped([("archive/data.pkl", EVIL), ("archive/version", b"3")], zipfile.ZIP_BZIP2),
        "torch zip, lzma": zipped([("archive/data.pkl", EVIL), ("archive/version", b"3")], zipfile.ZIP_LZMA),
        "torch zip, no folder": zipped([("data.pkl", EVIL), ("version", b"3")]),
        "torch zip behind a prefix": b"#!/bin/sh\n# text\n" * 20 + plain,
        "torch zip behind a harmless pickle": GOOD + plain,
        "harmless zip behind an evil pickle": EVIL + torch_zip(GOOD),
        "two zips in a row, first evil": plain + torch_zip(GOOD),
        "twelve zips in a row, first evil": plain + torch_zip(GOOD) * 11,
        "duplicate data.pkl, first evil": zipped(
            [("archive/data.pkl", EVIL), ("archive/data.pkl", GOOD), ("archive/version", b"3")]
        ),
        "duplicate data.pkl, last evil": zipped(
            [("archive/data.pkl", GOOD), ("archive/data.pkl", EVIL), ("archive/version", b"3")]
        ),
        "wrong CRC": plain.replace(crc, b"\0\0\0\0"),
        "encrypted flag": _flagged(plain, 0x01),
        "strong encryption flag": _flagged(plain, 0x41),
        "local name differs": renamed_local,
        "sizes differ before and in the directory": _patched(plain, len(EVIL).to_bytes(4, "little") * 2, bytes(8), 1),
        "no directory": plain[: plain.index(b"PK\x01\x02")],
        "member that the directory does not list": plain[: plain.index(b"PK\x01\x02")] + torch_zip(GOOD),
        "broken deflate behind the call": _broken_member(),
        "extra pickle beside": torch_zip(GOOD, ("archive/extra/config.pkl", EVIL)),
        "extra pickle without an ending": torch_zip(GOOD, ("archive/notes", EVIL)),
        "extra pickle of protocol 0, named as text": torch_zip(GOOD, ("archive/README.txt", ATTACKS["INST"])),
        "storage that nobody names": torch_zip(GOOD, ("archive/data/7", EVIL)),
        "pickle inside a zip inside a zip": zipped([("a.zip", zipped([("b.zip", zipped([("c", EVIL)]))]))]),
        "constants.pkl of TorchScript": zipped(
            [("m/data.pkl", GOOD), ("m/constants.pkl", EVIL), ("m/version", b"3"), ("m/code/__torch__.py", b"pass")]
        ),
        "code of TorchScript that saves": zipped(
            [
                ("m/data.pkl", GOOD),
                ("m/constants.pkl", GOOD),
                ("m/version", b"3"),
                ("m/code/__torch__.py", b"  ops.aten.save(x, 'f')\n"),
            ]
        ),
        "code of TorchScript with a foreign operator": zipped(
            [("m/data.pkl", GOOD), ("m/version", b"3"), ("m/code/__torch__.py", b"  _0 = ops.evil.run(x)\n")]
        ),
        "torch.package": zipped(
            [
                ("p/.data/version", b"6\n"),
                ("p/.data/extern_modules", b"torch\n"),
                ("p/byteorder", b"little"),
                ("p/m/m.pkl", EVIL),
            ]
        ),
        "sample input of .pt2": zipped(
            [("archive_format", b"pt2"), ("models/model.json", b"{}"), ("data/sample_inputs/model.pt", plain)]
        ),
        "member climbs out": zipped([("../../evil.txt", b"hello")]),
        "member is absolute": zipped([("/etc/evil.txt", b"hello")]),
        "member with backslashes climbs out": zipped([("a\\..\\..\\evil.txt", b"hello")]),
        "link out of the folder": links.getvalue(),
        "npz": zipped([("a.npy", npy(EVIL))]),
        "npz with a pickle that is no array": zipped([("a.npy", EVIL)]),
        "nested joblib": zipped([("model.joblib", zlib.compress(EVIL)), ("info", joblib_like)]),
        "bomb": zipped([("zeros", bytes(300 * 1024 * 1024))], zipfile.ZIP_DEFLATED),
        "module archive": zipped([("MAR-INF/MANIFEST.json", b"{}"), ("model.pt", plain)]),
    }


def _old_torch() -> dict[str, bytes]:
    row = [MAGIC, VERSION, SYSTEM, GOOD, KEYS]
    found: dict[str, bytes] = {}
    for place, name in enumerate(("magic", "version", "system", "object", "keys")):
        found[f"old torch, evil {name}"] = b"".join([*row[:place], EVIL, *row[place + 1 :]])
    magic_call = old(called(named("builtins", "int"), text("119547037146038801333356")))
    found["old torch, magic number worked out"] = magic_call + VERSION + SYSTEM + EVIL + KEYS
    storages = tarred(
        [("sys_info", SYSTEM), ("pickle", EVIL), ("storages", pickle.dumps(0, 2)), ("tensors", pickle.dumps(0, 2))]
    )
    found["torch tar, evil object"] = storages
    inner = pickle.dumps(1, 2) + EVIL + struct.pack("<q", 1) + bytes(4)
    found["torch tar, evil storages"] = tarred(
        [("sys_info", SYSTEM), ("pickle", GOOD), ("storages", inner), ("tensors", pickle.dumps(0, 2))]
    )
    found["torch tar, evil tensors"] = tarred(
        [
            ("sys_info", SYSTEM),
            ("pickle", GOOD),
            ("storages", pickle.dumps(0, 2)),
            ("tensors", pickle.dumps(1, 2) + EVIL),
        ]
    )
    return found


def _others() -> dict[str, bytes]:
    wrapper = (
        named("joblib.numpy_pickle", "NumpyArrayWrapper")
        + b")\x81}("
        + text("subclass")
        + named("numpy", "ndarray")
        + text("shape")
        + b"K\x02\x85"
        + text("order")
        + text("C")
        + text("dtype")
        + called(named("numpy", "dtype"), text("f8"), b"K\x00", b"K\x01")
        + b"(K\x03"
        + text("<")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        + text("allow_mmap")
        + b"\x88"
        + b"ub"
    )
    objects = wrapper.replace(text("f8"), text("O8"))
    return {
        "gzip": gzip.compress(EVIL),
        "gzip cut off behind the call": gzip.compress(EVIL + bytes(100_000))[:-40],
        "gzip with a wrong checksum": gzip.compress(EVIL)[:-8] + bytes(8),
        "tar behind a tar": tarred([("a", b"x")]) + tarred([("model.pkl", EVIL)]),
        "npy of a type spelled out": npy(EVIL, descr="'object'"),
        "pickle behind an array": npy(bytes(8), descr="'<f8'") + EVIL,
        "gzip in two members": gzip.compress(EVIL[:10]) + gzip.compress(EVIL[10:]),
        "bzip2": bz2.compress(EVIL),
        "xz": lzma.compress(EVIL),
        "lzma": lzma.compress(EVIL, lzma.FORMAT_ALONE),
        "zlib": zlib.compress(EVIL),
        "gzip in gzip in gzip": gzip.compress(gzip.compress(gzip.compress(EVIL))),
        "old joblib": b"ZF0x" + f"{len(EVIL):<19x}".encode() + zlib.compress(EVIL),
        "tar": tarred([("model.pkl", EVIL)]),
        "tar.gz": tarred([("nemo/model_weights.ckpt", torch_zip(EVIL))], "w:gz"),
        "tar.xz": tarred([("model", EVIL)], "w:xz"),
        "tar.bz2": tarred([("model", EVIL)], "w:bz2"),
        "tar that climbs out": tarred([("../../evil", b"x")]),
        "tar with a link out": linked("data", "/etc/passwd"),
        "tar with a climbing link": linked("a/b", "../../../etc/passwd"),
        "tar with a hard link out": linked("a/b", "../etc/passwd", tarfile.LNKTYPE),
        "tar with a device": linked("a", "", tarfile.CHRTYPE),
        "npy": npy(EVIL),
        "npy version 2": npy(EVIL, (2, 0)),
        "npy version 3": npy(EVIL, (3, 0)),
        "npy of a record with objects": npy(EVIL, descr="[('a', '<f8'), ('b', '|O')]"),
        "npy behind npy": npy(bytes(8), descr="'<f8'") + npy(EVIL),
        "joblib, call behind an array": b"\x80\x03"
        + wrapper
        + bytes(16)
        + b"0"
        + named("os", "system")
        + b"(S'id'\ntR.",
        "joblib, call inside an object array": b"\x80\x03" + objects + EVIL + b".",
        "joblib, array of a length that is too long": b"\x80\x03"
        + wrapper.replace(b"K\x02\x85", b"J\xff\xff\xff\x7f\x85")
        + bytes(16)
        + named("os", "system")
        + b"(S'id'\ntR.",
    }


CONTAINERS: dict[str, bytes] = {**_zips(), **_old_torch(), **_others()}

# Nothing runs in these by itself; a look, or a gap, is right.
MILD = {
    "encrypted flag": "dangerous",
    "joblib, array of a length that is too long": "incomplete",
}
