"""Points in and numbers out, for the command line. All in the data's own units."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from flowviz.core.errors import FileError, ParameterError
from flowviz.core.spec import Array
from flowviz.engine._archive import npy_bytes
from flowviz.engine._atomic import whole_file
from flowviz.targets._arrays import read_array

DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": " ", ".xyz": " "}


def read_points(path: str | Path, dim: int) -> Array:
    """Points (n, d) float64 from a table (.npy, .npz, .csv, .tsv, .txt, .xyz) or the vertices of a .ply, .obj or .off.

    Args:
        path: the file.
        dim: dimension d that the points must have.

    Raises:
        FileError: there is no such file, it does not hold n rows of d numbers, or some are missing.
    """
    from flowviz.targets.loading import SHAPES, load_shape, load_table

    name = Path(path).name
    if Path(path).suffix.lower() == ".npy":
        points = _read_npy(Path(path))
    elif Path(path).suffix.lower() in SHAPES:
        points = load_shape(path).vertices
    else:
        table = load_table(path)
        if len(table.names) != dim:
            raise FileError(
                f"{name} has {len(table.names)} columns.", f"Give a file with {dim} columns, one point a row."
            )
        points = table.read(tuple(range(dim)))
    if points.ndim != 2 or points.shape[1] != dim:
        raise FileError(f"{name} holds an array of shape {points.shape}.", f"It must be (n, {dim}): one point a row.")
    if not len(points):
        raise FileError(f"{name} holds no points.", "Give at least one.")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        rows = "1 row" if len(bad) == 1 else f"{len(bad)} rows"
        hint = f"Leave such rows out; the first is row {bad[0] + 1}."
        raise FileError(f"{name} has {rows} with missing or infinite numbers.", hint)
    return np.asarray(points, dtype=np.float64)


def _read_npy(path: Path) -> Array:
    try:
        with path.open("rb") as file:
            return read_array(file, path.stat().st_size, path.name)
    except FileNotFoundError as error:
        raise FileError(f"There is no file {path}.", "Check the name.") from error
    except IsADirectoryError as error:
        raise FileError(f"{path} is a folder.", "Choose a file in it.") from error
    except OSError as error:
        raise FileError(f"{path.name} cannot be read: {error.strerror or error}.", "Check the file.") from error


def write_array(path: str | Path, array: Array) -> None:
    """Write rows as .npy, .csv, .tsv, .txt or .xyz, by the suffix; whole or not at all.

    Raises:
        ParameterError: unknown suffix. FileError: it cannot be written there.
    """
    check_suffix(path)
    suffix = Path(path).suffix.lower()
    with whole_file(path) as file:
        if suffix == ".npy":
            file.write(npy_bytes(array))  # not written by numpy, whose errors do not say that the disk is full
        else:
            text = io.TextIOWrapper(file, encoding="utf-8", write_through=True)
            # 15 digits: data may spread little around a large value
            np.savetxt(text, array, delimiter=DELIMITERS[suffix], fmt="%.15g")
            text.detach()


def check_suffix(path: str | Path) -> None:
    """Tell early that a file cannot be written.

    Raises:
        ParameterError: its suffix names no format for arrays.
    """
    if Path(path).suffix.lower() not in (".npy", *DELIMITERS):
        hint = "End the name in .npy, .csv, .tsv, .txt or .xyz."
        raise ParameterError(f"{Path(path).name} names no format for numbers.", hint, "out")
