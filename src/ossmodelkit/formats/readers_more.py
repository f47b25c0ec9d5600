"""Readers of everything that is neither a pickle nor an archive."""

from __future__ import annotations

from ossmodelkit.formats import executables, later, media, numbers_only
from ossmodelkit.formats.later import later as reader
from ossmodelkit.formats.reading import Reader

MORE: tuple[Reader, ...] = (
    reader("safetensors", "safetensors", later.safetensors),
    reader("gguf", "gguf", later.gguf),
    reader("ggml", "ggml_files", later.ggml),
    reader("imatrix", "ggml_files", later.importance_matrix, "MATRIX"),
    reader("text", "text", later.text),
    reader("7z", "seven_zip", later.seven_zip),
    reader("hdf5", "hdf5", later.hdf5),
    reader("onnx", "onnx", later.protobuf),
    reader("tensorflow", "tensorflow", later.protobuf),
    reader("keras-metadata", "tensorflow", later.protobuf, "METADATA"),
    reader("tflite", "tflite", later.tflite),
    reader("sentencepiece", "small_protobufs", later.protobuf, "SENTENCEPIECE"),
    reader("fingerprint", "small_protobufs", later.protobuf, "FINGERPRINT"),
    reader("coreml", "small_protobufs", later.protobuf, "COREML"),
    reader("paddle", "small_protobufs", later.protobuf, "PADDLE"),
    reader("rdata", "rdata", later.rdata),
    reader("data", "data_files", later.data),
    reader("onnx-tensor", "data_files", later.protobuf, "TENSOR"),
    executables.READER,
    media.READER,
    media.RECORDS,
    *numbers_only.READERS,
)
