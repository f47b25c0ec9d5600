"""Parquet, through pyarrow (extra `parquet`); the line of a row is its number, for there are no lines."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO

from ossmodelkit.curating.row import Row
from ossmodelkit.foundation.errors import UnreadableError, UsageError

MAGIC = b"PAR1"
ROWS_AT_ONCE = 256


def library() -> Any:
    """The parquet module of pyarrow.

    Raises `UsageError` where it is not installed.
    """
    try:
        return import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError("reading Parquet needs pyarrow", hint="pip install 'ossmodelkit[parquet]'") from error


def rows(stream: BinaryIO, name: str) -> Iterator[Row]:
    """Every row, a few hundred at a time.

    Raises `UnreadableError` for a file that only begins like Parquet.
    """
    number = 0
    try:
        batches = library().ParquetFile(stream).iter_batches(batch_size=ROWS_AT_ONCE)
        for batch in batches:
            size = batch.nbytes // max(1, batch.num_rows)
            for value in batch.to_pylist():
                number += 1
                yield Row(number, value, size)
    except (OSError, ValueError, NotImplementedError) as error:
        raise UnreadableError(f"{name} is not readable Parquet: {error}", hint="write it again") from error
