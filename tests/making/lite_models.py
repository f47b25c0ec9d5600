"""TF Lite models written with the flatbuffers library."""

from __future__ import annotations

from typing import Any


def lite(*custom: str, options: bytes = b"") -> bytes:
    """A TF Lite flatbuffer: a model table whose operator codes have these names; the first is called with `options`."""
    import flatbuffers

    builder = flatbuffers.Builder(64)
    subgraphs = _calling_first(builder, options)
    names = [builder.CreateString(name) for name in custom]
    codes = []
    for name in names:
        builder.StartObject(4)
        builder.PrependInt8Slot(0, 32, 0)
        builder.PrependUOffsetTRelativeSlot(1, name, 0)
        builder.PrependInt32Slot(3, 32, 0)
        codes.append(builder.EndObject())
    builder.StartVector(4, len(codes), 4)
    for code in reversed(codes):
        builder.PrependUOffsetTRelative(code)
    vector = builder.EndVector()
    builder.StartObject(8)
    builder.PrependInt32Slot(0, 3, 0)
    builder.PrependUOffsetTRelativeSlot(1, vector, 0)
    builder.PrependUOffsetTRelativeSlot(2, subgraphs, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _calling_first(builder: Any, options: bytes) -> int:
    """A vector of one subgraph, whose one operator calls the first operator code."""
    held = builder.CreateByteVector(options)
    builder.StartObject(7)
    builder.PrependUOffsetTRelativeSlot(5, held, 0)
    vector = _vector_of(builder, builder.EndObject())
    builder.StartObject(5)
    builder.PrependUOffsetTRelativeSlot(3, vector, 0)
    return _vector_of(builder, builder.EndObject())


def _vector_of(builder: Any, one: int) -> int:
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(one)
    return int(builder.EndVector())
