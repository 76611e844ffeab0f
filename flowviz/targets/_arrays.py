"""NPY and NPZ files as tables, never unpickled, never trusted about their size."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import IO, BinaryIO, cast

import numpy as np

from flowviz.core.errors import FileError
from flowviz.core.spec import Array
from flowviz.targets._tables import MOST_ROWS, Table

_MOST_BYTES = 4_000_000_000
_TWO = "A distribution in the plane needs two columns: x and y."
_SAVE = "Save it with numpy.save as an array of plain numbers, shape (rows, columns)."


def npy_table(path: Path) -> Table:
    """The table in a .npy file.

    Raises:
        FileError: no array of numbers with at least two columns. OSError as the system raises it.
    """
    with path.open("rb") as file:
        return _array_table(read_array(file, path.stat().st_size, path.name), path.name)


def npz_table(path: Path) -> Table:
    """The table in a .npz file: its first array with two or more columns, or its one-dimensional arrays of
    equal length as columns.

    Raises:
        FileError: as `npy_table`. OSError as the system raises it.
    """
    if path.stat().st_size == 0:
        raise FileError(f"{path.name} is empty.", "Choose a file with two columns of numbers.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            if not members:
                raise FileError(f"{path.name} holds no arrays.", "Save it with numpy.savez.")
            return _archive_table(archive, members, path.name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise FileError(
            f"{path.name} is no NPZ file, or damaged: {error}.", "Save it again with numpy.savez."
        ) from error


def read_array(file: BinaryIO, size: int, name: str) -> Array:
    """The array of one .npy stream, after a look at whether its header tells the truth.

    Args:
        file: at the beginning of the stream.
        size: bytes that the stream has.
        name: for messages.

    Raises:
        FileError: no plain numbers, or a header that does not fit the file.
    """
    if size == 0:
        raise FileError(f"{name} is empty.", "Choose a file with two columns of numbers.")
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            raise ValueError("its format is newer than plain numbers need")
        if any(type(length) is not int for length in shape):
            raise ValueError(f"shape is not valid: {shape}")
    except Exception as error:  # a damaged header is Python text that can fail in any way
        raise FileError(f"{name} is no NPY file that can be read: {_first_line(error)}.", _SAVE) from error
    _check_type(dtype, name)
    start = file.tell()
    count = math.prod(shape)
    if count * dtype.itemsize > size - start or any(length < 0 for length in shape):
        raise FileError(
            f"{name} is cut short or damaged: its header promises {count:,} numbers, and it holds "
            f"{max(0, size - start) // dtype.itemsize:,}.",
            "Save or copy it again.",
        )
    if count * dtype.itemsize > _MOST_BYTES:
        raise FileError(f"{name} is too large: {count:,} numbers.", "Keep two columns and at most 5 million rows.")
    data = file.read(count * dtype.itemsize)
    if len(data) < count * dtype.itemsize:
        raise FileError(f"{name} ended while it was being read.", "Save or copy it again.")
    try:
        return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    except ValueError as error:  # lengths beyond what any array can have, next to a length of zero
        raise FileError(f"{name} is damaged: its header promises the shape {shape}.", "Save it again.") from error


def _check_type(dtype: np.dtype, name: str) -> None:
    if dtype.hasobject:
        raise FileError(f"{name} holds pickled Python objects, which are never opened for safety.", _SAVE)
    if dtype.names is not None:
        raise FileError(f"{name} holds records with the fields {', '.join(dtype.names)}.", _SAVE)
    if dtype.kind == "c":
        raise FileError(f"{name} holds complex numbers.", "Save the real and imaginary parts as two columns.")
    if dtype.kind not in "fiub" or dtype.itemsize == 0:
        raise FileError(f"{name} holds {dtype.name} values where numbers belong.", _SAVE)


def _array_table(values: Array, name: str) -> Table:
    notes: tuple[str, ...] = ()
    if values.size == 0:
        raise FileError(f"{name} holds an array without numbers, shape {values.shape}.", _TWO)
    if values.ndim != 2:
        if values.ndim < 2:
            raise FileError(f"{name} has only one column: an array of shape {values.shape}.", _TWO)
        raise FileError(f"{name} holds an array of shape {values.shape}, not a table.", _SAVE)
    if values.shape[1] == 1 or (values.shape[0] == 1 and values.shape[1] != 2):
        raise FileError(f"{name} has only one column: an array of shape {values.shape}.", _TWO)
    if values.shape[0] == 2 and values.shape[1] > 2:
        notes = (f"Its two rows of {values.shape[1]:,} numbers were taken as x and y.",)
        values = values.T
    names = tuple(f"column {index + 1}" for index in range(values.shape[1]))
    return _table(values, names, notes)


def _table(values: Array, names: tuple[str, ...], notes: tuple[str, ...] = ()) -> Table:
    return Table(
        names=names,
        numeric=(True,) * len(names),
        preview=tuple(tuple(f"{number:g}" for number in row) for row in values[:50].astype(np.float64)),
        read=lambda columns: values[: MOST_ROWS + 1, columns].astype(np.float64),
        notes=notes,
    )


def _archive_table(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], name: str) -> Table:
    lines: dict[str, Array] = {}
    refused: FileError | None = None
    for info in members:
        title = info.filename.removesuffix(".npy")
        try:
            with archive.open(info) as stream:
                values = read_array(cast(BinaryIO, _Counted(stream)), info.file_size, f"{name}, array {title!r},")
        except FileError as error:
            refused = refused or error
            continue
        if values.ndim == 2 and min(values.shape) >= 1 and max(values.shape) >= 2 and 1 not in values.shape:
            table = _array_table(values, f"{name}, array {title!r},")
            more = [f"Of its {len(members)} arrays, {title!r} was taken."] if len(members) > 1 else []
            more += [refused.message] if refused is not None else []
            return Table(table.names, table.numeric, table.preview, table.read, (*more, *table.notes))
        if values.ndim == 1 or (values.ndim == 2 and 1 in values.shape):
            lines[title] = values.ravel()
    length = max((len(line) for line in lines.values()), default=0)
    columns = {title: line for title, line in lines.items() if len(line) == length and length > 0}
    if len(columns) >= 2:
        return _table(np.stack([line.astype(np.float64) for line in columns.values()], axis=1), tuple(columns))
    if refused is not None:
        raise refused
    if columns:
        raise FileError(f"{name} has only one column: the array {next(iter(columns))!r}.", _TWO)
    raise FileError(f"{name} holds no array with two columns.", _SAVE)


class _Counted(io.RawIOBase):
    """A zip member that knows how far it has been read (zip streams cannot always tell)."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        data = bytes(self._stream.read(size))
        self._position += len(data)
        return data

    def tell(self) -> int:
        return self._position


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
