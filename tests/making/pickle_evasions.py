"""Places where loaders and scanners read differently, and ways to tire a scanner out; payloads are inert."""

from __future__ import annotations

import pickle
import struct

from tests.making.pickle_assembly import ID, STOP, args, called, framed, named, old, stacked, text


def evasions() -> dict[str, bytes]:
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
        "frame within a frame": b"\x80\x04\x95"
        + struct.pack("<Q", 30)
        + b"\x95"
        + struct.pack("<Q", 200)
        + payload
        + STOP,
        "frame longer than the file": b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + payload + STOP,
        "unknown protocol": b"\x80\x09" + payload + STOP,
        "text without STOP that calls a stranger": b"cvendor.tools\nlaunch\n(S'id'\ntR",
        "text that breaks after an INST of a stranger": b"(S'id'\nivendor\nlaunch\n\xff",
        "no STOP": b"\x80\x02" + payload,
        "garbage after the call": b"\x80\x02" + payload + b"\xff\xff\xff",
        "truncated string after the call": b"\x80\x02" + payload + b"X\xff\xff\xff\x7fabc",
        "trailing data": b"\x80\x02" + payload + STOP + b"\x00\x01\x02junk",
        "second pickle in a row": pickle.dumps({"a": 1}) + b"\x80\x02" + payload + STOP,
        "third pickle after padding": pickle.dumps(1) + pickle.dumps(2) + b"\x80\x02" + payload + STOP,
        "PUT after POP": b"\x80\x02"
        + text("os")
        + b"q\x00"
        + text("x")
        + b"0q\x05"
        + text("system")
        + b"\x93"
        + args(ID)
        + b"R.",
        "MEMOIZE twice": b"\x80\x04"
        + text("os")
        + b"\x94\x94"
        + b"0"
        + text("system")
        + b"\x94"
        + b"0h\x01h\x02\x93"
        + args(ID)
        + b"R.",
        "STACK_GLOBAL from the memo at once": b"\x80\x04" + stacked("os", "system") + args(ID) + b"R.",
        "memo number with blanks and sign": b"S'os'\np +7\n0S'system'\np 8\n0g7\ng 8\n\x93(S'id'\ntR.",
        "memo number with underscore": b"S'os'\np1_0\n0S'system'\np8\n0g10\ng8\n\x93(S'id'\ntR.",
        "result dropped": b"\x80\x02" + payload + b"0N.",
        "mark dropped by POP": b"\x80\x02(0" + payload + STOP,
        "DUP of the name": b"\x80\x02" + named("os", "system") + b"2" + args(ID) + b"R.",
        "POP_MARK over chaff": b"\x80\x02(K\x01K\x021" + payload + STOP,
        "two million no-ops": b"\x80\x02" + b"N0" * 1_100_000 + payload + STOP,
        "nine megabytes of string": b"\x80\x02X"
        + struct.pack("<I", 9 << 20)
        + b"A" * (9 << 20)
        + b"0"
        + payload
        + STOP,
        "deep nesting": b"\x80\x02" + b"]" * 200_000 + b"0" * 200_000 + payload + STOP,
        "deep tuples": b"\x80\x02)" + b"\x85" * 100_000 + b"0" + payload + STOP,
        "GLOBAL with a blank": b"cos \nsystem\n(S'id'\ntR.",
        "imported and not called": b"cos\nsystem\n.",
        "protocol 0 in text": b"(dp0\nS'x'\np1\ncos\nsystem\np2\n(S'id'\np3\ntp4\nRp5\ns.",
        "between a thousand harmless calls": old(called(named("collections", "OrderedDict")) * 1000 + payload),
        "memo entry behind a large batch": _behind_batch(),
        "SETITEM on a remembered global inside a batch": old(
            named("sys", "modules")
            + b"q\x00"
            + b"}("
            + text("k") * 900
            + b"h\x00"
            + text("json")
            + named("os", "path")
            + b"s"
            + b"u"
        ),
        "persistent id that holds a call": b"\x80\x02" + called(named("os", "system"), ID) + b"Q.",
    }


def _behind_batch() -> bytes:
    entries = b"".join(text(f"key{number}") + b"\x94" + b"K\x01" for number in range(20_000))
    body = b"}\x94(" + text("os") + b"\x94" + text("system") + b"\x94" + entries + b"u"
    return framed(b"0".join([body, b""]) + b"h\x01h\x02\x93" + args(ID) + b"R")
