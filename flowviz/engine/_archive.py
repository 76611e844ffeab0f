"""Reading a zip that somebody else may have made: nothing is believed before it is checked, nothing is unpickled."""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from flowviz.core.spec import Array

MOST_ENTRIES = 100_000
MOST_BYTES = 8 * 2**30
MOST_JSON = 64 * 2**20
MOST_RATIO = 200
SMALL = 2**20
SAME = "same.json"
"""Names of arrays that stand in the file under another name."""


class Damaged(Exception):
    """The archive is not what it should be; the text completes "The file ... "."""

    hint = "It is damaged or no flowviz run; use a copy of it."


class NewerFile(Damaged):
    """A newer flowviz wrote it."""

    hint = "Open it with that version."

    def __init__(self) -> None:
        super().__init__("was written by a newer flowviz")


class Archive:
    """The entries of an open zip file.

    Args:
        file: the zip.

    Raises:
        Damaged: too many or too large entries.
    """

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        entries = file.infolist()
        if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise Damaged("claims to be larger than any run can be")
        for entry in entries:
            if entry.file_size > SMALL and entry.file_size > MOST_RATIO * max(1, entry.compress_size):
                raise Damaged(f"holds a part ({entry.filename}) that blows up when it is unpacked")
        self.names = frozenset(entry.filename for entry in entries)
        self._arrays: dict[str, Array] = {}
        self._same = self.json(SAME) if SAME in self.names else {}
        if not isinstance(self._same, dict) or not all(isinstance(name, str) for name in self._same.values()):
            raise Damaged("has a table of arrays that is none")

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """The bytes of one entry.

        Raises:
            Damaged: it is missing, too large or does not match its checksum.
        """
        if name not in self.names:
            raise Damaged(f"lacks its part {name}")
        size = self._file.getinfo(name).file_size
        if size > most:
            raise Damaged(f"has a part {name} of {size} bytes")
        with self._file.open(name) as stream:
            data = stream.read(size + 1)
        if len(data) != size:
            raise Damaged(f"has a part {name} of the wrong length")
        return data

    def json(self, name: str) -> Any:
        """One entry as JSON."""
        try:
            return json.loads(self.read(name, MOST_JSON))
        except (ValueError, RecursionError) as error:
            raise Damaged(f"has a part {name} that is not JSON") from error

    def array(self, name: str) -> Array:
        """One entry in npy format, read-only. What its header promises is compared with what is there first."""
        name = self._same.get(name, name)
        if name not in self._arrays:
            self._arrays[name] = self._array(name)
        return self._arrays[name]

    def _array(self, name: str) -> Array:
        data = self.read(name)
        stream = io.BytesIO(data)
        try:
            version = np.lib.format.read_magic(stream)
            reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
            shape, fortran, dtype = reader(stream)
        except (ValueError, KeyError, SyntaxError, TypeError) as error:
            raise Damaged(f"has a part {name} that is not an array") from error
        if dtype.hasobject or dtype.kind not in "biuf":
            raise Damaged(f"has a part {name} that does not hold numbers")
        if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
            raise Damaged(f"has a part {name} whose size is not what its header says")
        flat = np.frombuffer(data, dtype, offset=stream.tell())
        return np.asarray(flat.reshape(shape, order="F" if fortran else "C"))


class Parts:
    """The entries of a zip in the making. An array that is written twice is kept once.

    Args:
        file: the zip.
    """

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._names: dict[int, str] = {}
        self._held: list[Array] = []  # an id means something only as long as its array lives
        self._same: dict[str, str] = {}

    def finish(self) -> None:
        """The last entry."""
        self.json(SAME, self._same)

    def json(self, name: str, document: object) -> None:
        """One entry as JSON."""
        text = json.dumps(document, indent=1, allow_nan=False, default=_plain)
        self._file.writestr(name, text, zipfile.ZIP_DEFLATED)

    def bytes(self, name: str, data: bytes) -> None:
        """One entry as it is."""
        self._file.writestr(name, data)

    def array(self, name: str, array: Array, is_packed: bool = False) -> None:
        """One entry in npy format."""
        if id(array) in self._names:
            self._same[name] = self._names[id(array)]
            return
        self._names[id(array)] = name
        self._held.append(array)
        data = npy_bytes(array)
        kind = zipfile.ZIP_DEFLATED if is_packed and not _blows_up(data) else zipfile.ZIP_STORED
        self._file.writestr(name, data, kind, compresslevel=1)


def _blows_up(data: bytes) -> bool:
    """Whether it could be packed so small that a reader would have to take it for an attack."""
    return len(data) > SMALL and len(data) > MOST_RATIO // 2 * len(zlib.compress(data, 1))


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")


def npy_bytes(array: Array) -> bytes:
    """An array in npy format."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()
