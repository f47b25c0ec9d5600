"""Readers of everything that is neither a pickle nor an archive."""

from __future__ import annotations

from ossmodelkit.formats import (
    executables,
    gguf,
    hdf5,
    media,
    numbers_only,
    onnx,
    rdata,
    safetensors,
    seven_zip,
    small_protobufs,
    tensorflow,
    text,
    tflite,
)
from ossmodelkit.formats.reading import Reader

MORE: tuple[Reader, ...] = (
    safetensors.READER,
    gguf.READER,
    text.READER,
    seven_zip.READER,
    hdf5.READER,
    onnx.READER,
    tensorflow.READER,
    tensorflow.METADATA,
    tflite.READER,
    small_protobufs.SENTENCEPIECE,
    small_protobufs.FINGERPRINT,
    small_protobufs.COREML,
    small_protobufs.PADDLE,
    rdata.READER,
    executables.READER,
    media.READER,
    media.RECORDS,
    *numbers_only.READERS,
)
