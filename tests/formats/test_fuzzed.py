"""What the fuzzer found, as small as it could be made: each is answered now."""

from __future__ import annotations

import pytest

from ossmodelkit.formats import hdf5
from ossmodelkit.formats.hdf5_structure import Hdf5File, new_link
from ossmodelkit.formats.span import Span
from ossmodelkit.foundation.errors import UnreadableError
from ossmodelkit.foundation.limits import Budget
from tests.making.blobs import blob, survives
from tests.making.container_attacks import CONTAINERS


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x08"], ids=["nothing", "a version", "flags of a kind"])
def test_a_link_message_cut_short_is_refused(data: bytes) -> None:
    file = Hdf5File(span=Span(blob(b"")), budget=Budget())
    with pytest.raises(UnreadableError, match="shorter than its fields"):
        new_link(file, data)
    survives(hdf5.READER, b"\x89HDF\r\n\x1a\n" + data)


def test_a_zip_over_several_disks_is_refused() -> None:
    from ossmodelkit.formats.tensors import tensors_of

    whole = CONTAINERS[next(name for name in CONTAINERS if "torch" in name and CONTAINERS[name][:2] == b"PK")]
    locator = b"PK\x06\x07" + bytes(12) + b"\x05\0\0\0"
    end = whole.index(b"PK\x05\x06")
    with pytest.raises(UnreadableError, match="disks"):
        tensors_of(blob(whole[:end] + locator + whole[end:]), Budget())
