"""Archives that ask for a password, and headers that announce more than there is."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib


def locked_zip(name: str, data: bytes, password: bytes = b"open sesame") -> bytes:
    """A zip of one member, encrypted as APPNOTE 6.1 says; the standard library only reads such."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, bytes(12) + data)
    made = bytearray(out.getvalue())
    begin = 30 + len(name)
    crc = zlib.crc32(data)
    made[begin : begin + 12 + len(data)] = _encrypted(bytes(11) + bytes([crc >> 24]) + data, password)
    for at, flags, checked, size in ((0, 6, 14, 22), (made.index(b"PK\x01\x02"), 8, 16, 24)):
        made[at + flags] |= 1
        struct.pack_into("<I", made, at + checked, crc)
        struct.pack_into("<I", made, at + size, len(data))
    return bytes(made)


def _encrypted(data: bytes, password: bytes) -> bytes:
    keys = [0x12345678, 0x23456789, 0x34567890]
    for byte in password:
        _turn(keys, byte)
    out = bytearray()
    for byte in data:
        mixed = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((mixed * (mixed ^ 1)) >> 8 & 0xFF))
        _turn(keys, byte)
    return bytes(out)


def _turn(keys: list[int], byte: int) -> None:
    keys[0] = _crc(keys[0], byte)
    keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
    keys[2] = _crc(keys[2], keys[1] >> 24)


def _crc(before: int, byte: int) -> int:
    return zlib.crc32(bytes([byte]), before ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


HUGE = 1 << 62
# Headers whose lengths nothing could hold, by the format that they begin.
ANNOUNCING = {
    "safetensors": struct.pack("<Q", HUGE) + b'{"a":0}',
    "safetensors tensor": (lambda header: struct.pack("<Q", len(header)) + header)(
        b'{"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}' % (HUGE, HUGE * 4)
    ),
    "gguf tensors": b"GGUF" + struct.pack("<IQQ", 3, HUGE, 0),
    "gguf text": b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, HUGE) + b"key",
    "pickle text": b"\x80\x04\x8d" + struct.pack("<Q", HUGE) + b"a.",
    "pickle bytes": b"\x80\x05\x96" + struct.pack("<Q", HUGE) + b"a.",
    "numpy": b"\x93NUMPY\x02\x00" + struct.pack("<I", 0xFFFFFFFF) + b"{",
    "tar": b"f".ljust(124, b"\0") + b"\x80\0\0\0" + struct.pack(">Q", HUGE) + bytes(121) + b"ustar\x0000" + bytes(247),
    "protobuf": b"\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x40" + b"abc",
    "7z": b"7z\xbc\xaf\x27\x1c\0\4" + bytes(4) + struct.pack("<QQI", HUGE, HUGE, 0),
    "hdf5": b"\x89HDF\r\n\x1a\n\x02\x08\x08\0" + struct.pack("<QQQQ", HUGE, HUGE, HUGE, HUGE) + bytes(4),
    "msgpack": b"\xdd\xff\xff\xff\xff" + b"\xc0" * 8,
}
