"""Every way there is to read bytes, in one list.

To add a format, write `formats/<format>.py` with a `Reader` and name it here or in `readers_more`.
`accepts` runs on every file: it looks at a few bytes and imports nothing heavy. A reader that yields
nothing has not read the bytes, whatever its `accepts` said.
"""

from __future__ import annotations

from ossmodelkit.formats import compressed, numpy_array, pickle_reader, tar_archive, zip_reader
from ossmodelkit.formats.readers_more import MORE
from ossmodelkit.formats.reading import Reader

CORE: tuple[Reader, ...] = (
    pickle_reader.READER,
    zip_reader.READER,
    tar_archive.READER,
    numpy_array.READER,
    *compressed.READERS,
)
READERS: tuple[Reader, ...] = (*CORE, *MORE)
