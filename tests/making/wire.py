"""Protobuf written by hand, and small TensorFlow graphs made of it."""

from __future__ import annotations


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def field(number: int, value: bytes | str | int) -> bytes:
    """One field: text and bytes with their length, numbers as they are."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def attribute(name: str, value: bytes) -> bytes:
    return field(5, field(1, name) + field(2, value))


def node(name: str, operator: str, *inputs: str, attributes: bytes = b"") -> bytes:
    return field(1, name) + field(2, operator) + b"".join(field(3, one) for one in inputs) + attributes


def constant(name: str, text: str) -> bytes:
    """A Const node that holds one text."""
    tensor = field(1, 7) + field(2, b"") + field(8, text)
    return node(name, "Const", attributes=attribute("value", field(8, tensor)) + attribute("dtype", field(6, 7)))


def graph(*nodes: bytes, functions: bytes = b"") -> bytes:
    return b"".join(field(1, one) for one in nodes) + functions + field(4, field(1, 1500))


def function(name: str, *nodes: bytes) -> bytes:
    """A function library with one function in it."""
    return field(2, field(1, field(1, field(1, name)) + b"".join(field(3, one) for one in nodes)))


def saved_model(graph_def: bytes, objects: bytes = b"") -> bytes:
    meta = field(1, field(4, "serve") + field(5, "2.16")) + field(2, graph_def)
    meta += field(7, objects) if objects else b""
    return field(1, 1) + field(2, meta)
