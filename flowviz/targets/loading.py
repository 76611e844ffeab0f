"""From files, typed words and the clipboard to target specs. Everything that goes wrong is one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowviz.core.errors import FileError, UserError
from flowviz.core.params import ParamValue, from_mapping, parse_assignments, to_mapping
from flowviz.core.spec import Array, TargetSpec, frozen_array
from flowviz.targets._arrays import npy_table, npz_table
from flowviz.targets._base import TARGETS, build
from flowviz.targets._degenerate import JITTER, far_away, without_density
from flowviz.targets._pictures import RASTER, VECTOR, picture_arrays, picture_from_bytes, read_picture
from flowviz.targets._tables import MOST_ROWS, Table, text_table
from flowviz.targets.fonts import BUILT_IN
from flowviz.targets.text import TextParams, text_data

if TYPE_CHECKING:
    from PIL import Image

TABLES = (".csv", ".tsv", ".txt", ".dat", ".npy", ".npz")
IMAGES = RASTER + VECTOR
SUFFIXES = TABLES + IMAGES
_LARGEST = 1e100  # beyond this, squares overflow

Column = str | int


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is read.

    Attributes:
        columns: two columns of a table by name, or by number counted from 1; () for the first two that
            hold numbers.
        params: declared parameters of the target that results ("standardise", "threshold", ...).
    """

    columns: tuple[Column, ...] = ()
    params: Mapping[str, ParamValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A target, and what people should know of how it was read.

    Attributes:
        spec: the target; building it has succeeded.
        notes: sentences ("3 rows with missing numbers were dropped."); may be empty.
    """

    spec: TargetSpec
    notes: tuple[str, ...] = ()


def load_target(path: str | Path, options: LoadOptions | None = None) -> Loaded:
    """The target in a file: points from a table, a density from a picture.

    Args:
        path: CSV, TSV, TXT, DAT, NPY, NPZ, PNG, JPEG, BMP, WebP, SVG or SVGZ.
        options: columns and parameters.

    Raises:
        FileError: the file cannot be used; the sentence names file, place and remedy.
        UserError: wrong options.
    """
    path, options = Path(path), options or LoadOptions()
    _check_file(path)
    if path.suffix.lower() in IMAGES:
        if options.columns:
            raise UserError(f"{path.name} is a picture and has no columns.", "Leave the columns out.")
        with _reading(path.name):
            darkness, alpha = read_picture(path)
        return _image(darkness, alpha, path.name, options.params)
    table = load_table(path)
    return points_target(table, path.name, options)


def load_table(path: str | Path) -> Table:
    """The columns of a table file, for people to choose from; the numbers are read by `Table.read`.

    Raises:
        FileError: the file cannot be used.
    """
    path = Path(path)
    _check_file(path)
    suffix = path.suffix.lower()
    if suffix not in TABLES:
        raise FileError(f"{path.name} is no table.", f"Choose one of {', '.join(TABLES)}.")
    with _reading(path.name):
        if suffix == ".npy":
            return npy_table(path)
        return npz_table(path) if suffix == ".npz" else text_table(path)


def points_target(table: Table, name: str, options: LoadOptions | None = None) -> Loaded:
    """The target made of two columns of a table.

    Args:
        table: from `load_table`.
        name: what people call the file.
        options: columns and parameters.

    Raises:
        FileError, UserError: wrong columns, or numbers that make no distribution.
    """
    options = options or LoadOptions()
    columns, notes = _chosen(table, name, options.columns)
    with _reading(name):
        points = table.read(columns)
    notes = [*table.notes, *notes]
    if len(points) > MOST_ROWS:
        points = points[:MOST_ROWS]
        notes.append(f"Only the first {MOST_ROWS:,} rows were read.")
    points = _cleaned(points, name, notes)
    spec = TargetSpec("points", dict(options.params), {"points": frozen_array(np.ascontiguousarray(points))}, name)
    target = build(spec)
    constant = [table.names[column] for axis, column in enumerate(columns) if np.ptp(points[:, axis]) == 0]
    where = f"{constant[0]} is constant: all points lie on one line" if constant else ""
    where = where or without_density(points, target.frame)
    if where and "jitter" not in spec.params:
        spec = replace(spec, params={**spec.params, "jitter": JITTER})
        notes.append(
            f"{where}, where there is no density, so Gaussian noise is added to each draw; "
            f"the parameter jitter ({JITTER:g}) is its width in units of the stage."
        )
    elif where and float(spec.params["jitter"]) == 0:
        notes.append(f"{where}, where there is no density: the NLL falls without end unless jitter is above 0.")
    if outliers := far_away(points):
        notes.append(outliers)
    return Loaded(spec, tuple(notes))


def image_target(image: Image.Image | bytes, name: str, params: Mapping[str, ParamValue] | None = None) -> Loaded:
    """The target in a picture from the clipboard.

    Args:
        image: a Pillow image, or the bytes of a PNG, JPEG, BMP or WebP file.
        name: what people call it.
        params: declared parameters of the image target.

    Raises:
        FileError, UserError: no picture, too large, or without any ink.
    """
    darkness, alpha = picture_from_bytes(image, name) if isinstance(image, bytes) else picture_arrays(image, name)
    return _image(darkness, alpha, name, params or {})


def text_target(text: str, font: str = BUILT_IN) -> Loaded:
    """The target that a typed text is.

    Raises:
        UserError: no visible character, or an unknown font.
    """
    params = TextParams(text=text, font=font)
    data = {key: frozen_array(array) for key, array in text_data(params).items()}
    spec = TargetSpec("text", to_mapping(params), data, text.replace("\\n", "\n").strip().split("\n")[0][:40])
    build(spec)
    return Loaded(spec)


def pasted_points(text: str, name: str = "clipboard") -> Loaded:
    """The points in a pasted table (cells copied from a spreadsheet, lines of numbers).

    Raises:
        FileError, UserError: as `load_target`.
    """
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{Path(name).stem or 'clipboard'}.txt"
        path.write_bytes(text.encode())
        return points_target(load_table(path), name)


def target_from_text(text: str) -> Loaded:
    """The target that a word on the command line names.

    One of: a preset's key ("pinwheel"), with parameters ("rose:k=5,noise=0.1"), a file ("cat.png"), with
    columns ("data.csv#x,y" or "data.csv#1,3"), or "text:Hello".

    Raises:
        UserError: nothing of that name, or it cannot be used.
    """
    if Path(text).suffix and _exists(text):
        return load_target(text)
    key, colon, rest = text.partition(":")
    if key == "text" and colon:
        return text_target(rest)
    if key in TARGETS and TARGETS.get(key).is_preset:
        return preset_target(key, parse_assignments(part for part in rest.split(",") if part.strip()))
    name, hash_sign, columns = text.rpartition("#")
    if hash_sign and Path(name).suffix.lower() in SUFFIXES:
        return load_target(name, LoadOptions(tuple(part.strip() for part in columns.split(","))))
    if text and (Path(text).suffix or "/" in text or "\\" in text or _exists(text)):
        return load_target(text)
    presets = [key for key, cls in TARGETS.items() if cls.is_preset]
    close = difflib.get_close_matches(key, presets, 1)
    hint = f"Did you mean {close[0]}?" if close else f"Presets: {', '.join(presets)}; or name a file, or text:WORDS."
    raise UserError(f"There is no target and no file called {text!r}.", hint)


def preset_target(key: str, values: Mapping[str, object] | None = None) -> Loaded:
    """A preset with all of its parameters filled in.

    Raises:
        UserError: no such preset, or wrong parameters.
    """
    cls = TARGETS.get(key)
    spec = TargetSpec(key, to_mapping(from_mapping(cls.Params, values or {})), {}, cls.label)
    build(spec)
    return Loaded(spec)


def _image(darkness: Array, alpha: Array, name: str, params: Mapping[str, ParamValue]) -> Loaded:
    data = {"density": frozen_array(darkness)}
    if float(alpha.min()) < 1:
        data["alpha"] = frozen_array(alpha)
    spec = TargetSpec("image", dict(params), data, name)
    build(spec)
    return Loaded(spec)


def _exists(name: str) -> bool:
    try:
        return bool(name) and Path(name).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False


def _check_file(path: Path) -> None:
    if not _exists(str(path)):
        raise FileError(f"There is no file called {path}.", "Check the name and the folder.")
    if path.is_dir():
        raise FileError(f"{path} is a folder.", "Choose a file in it.")
    if path.suffix.lower() not in SUFFIXES:
        raise FileError(f"{path.name} is of a kind that flowviz does not read.", f"It reads {', '.join(SUFFIXES)}.")


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn what the system raises while a file is read into sentences."""
    try:
        yield
    except FileNotFoundError:
        raise FileError(f"{name} vanished while it was being read.", "Put it back and load it again.") from None
    except PermissionError:
        raise FileError(f"{name} may not be read.", "Change its permissions, or copy it elsewhere.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileError(f"{name} cannot be read: {reason}.", "Copy it to this machine and try again.") from error
    except MemoryError:
        raise FileError(f"{name} does not fit into memory.", "Load fewer rows or columns.") from None


def _chosen(table: Table, name: str, wanted: Sequence[Column]) -> tuple[tuple[int, int], list[str]]:
    """The indices of the two columns, and what to say about the choice."""
    if wanted:
        if len(wanted) != 2:
            raise UserError(f"{len(wanted)} columns were chosen for {name}.", "Choose two: x and y.")
        first, second = (_index(table, name, column) for column in wanted)
        return (first, second), []
    numeric = [index for index, is_number in enumerate(table.numeric) if is_number]
    if len(numeric) < 2:
        only = f": {table.names[numeric[0]]}" if numeric else ""
        raise FileError(
            f"{name} has only one column of numbers{only}.", "A distribution in the plane needs two: x and y."
        )
    called = [table.names[index].strip().lower() for index in numeric]
    x, y = (numeric[called.index(axis)] for axis in "xy") if {"x", "y"} <= set(called) else numeric[:2]
    if len(table.names) == 2:
        return (x, y), []
    rest = f"{name} has {len(table.names)} columns; {table.names[x]} and {table.names[y]} were taken as x and y."
    return (x, y), [rest]


def _index(table: Table, name: str, column: Column) -> int:
    if isinstance(column, str) and column in table.names:
        index = table.names.index(column)
    elif str(column).isdecimal() and 1 <= int(column) <= len(table.names):
        index = int(column) - 1
    else:
        known = ", ".join(table.names[:12]) + (" ..." if len(table.names) > 12 else "")
        raise UserError(f"{name} has no column {column}.", f"Its columns: {known}.")
    if not table.numeric[index]:
        raise FileError(
            f"Column {table.names[index]} of {name} holds text where numbers belong.", "Choose another column."
        )
    return index


def _cleaned(points: Array, name: str, notes: list[str]) -> Array:
    """The points without the rows that lack a number; the notes gain a sentence.

    Raises:
        FileError: infinite or enormous numbers, no rows at all, or all points equal.
    """
    if len(points) == 0:
        raise FileError(f"{name} has no rows of numbers.", "Choose a file with two columns of numbers.")
    missing = np.isnan(points).any(axis=1)
    dropped = int(missing.sum())
    if dropped == len(points):
        raise FileError(f"Every row of {name} lacks a number.", "Choose other columns, or fill the missing numbers.")
    bad = np.abs(points) > _LARGEST
    if bad.any():
        row = int(np.argmax(bad.any(axis=1)))
        value = points[row][bad[row]][0]
        what = "an infinite number" if np.isinf(value) else f"the number {value:g}, which is too large"
        raise FileError(f"{name}, row {row + 1} of the numbers holds {what}.", "Correct or remove that row.")
    if dropped:
        points = points[~missing]
        notes.append(
            "1 row with a missing number was dropped."
            if dropped == 1
            else f"{dropped:,} rows with missing numbers were dropped."
        )
    if len(points) == 1:
        raise FileError(f"{name} holds a single point, which is no distribution.", "Choose a file with more rows.")
    if np.array_equal(points.min(axis=0), points.max(axis=0)):
        raise FileError(
            f"All {len(points):,} points of {name} are equal, so there is no distribution to learn.",
            "Choose other columns or another file.",
        )
    return points
