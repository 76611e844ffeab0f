"""From files, typed words and the clipboard to target specs. Everything that goes wrong is one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from flowviz.core.errors import FileError, UserError
from flowviz.core.params import ParamValue, from_mapping, parse_assignments, to_mapping
from flowviz.core.spec import Array, TargetSpec, frozen_array
from flowviz.targets._arrays import npy_table, npz_table
from flowviz.targets._base import TARGETS, build
from flowviz.targets._clouds import LARGEST, Cloud, check_weights
from flowviz.targets._columns import Column, picked, principal_components
from flowviz.targets._pictures import RASTER, VECTOR, picture_arrays, picture_from_bytes, read_picture
from flowviz.targets._shapes import SHAPES as SHAPES
from flowviz.targets._shapes import Shape, read_shape
from flowviz.targets._tables import MOST_ROWS, Table, text_table
from flowviz.targets.fonts import BUILT_IN
from flowviz.targets.text import TextParams, text_data

if TYPE_CHECKING:
    from PIL import Image

TABLES = (".csv", ".tsv", ".txt", ".dat", ".xyz", ".npy", ".npz")
IMAGES = RASTER + VECTOR
SUFFIXES = TABLES + IMAGES + SHAPES


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is read.

    Attributes:
        columns: two or three columns of a table by name, or by number counted from 1; ("pca2",) or ("pca3",)
            for principal components; () for the usual ones (see `_columns.picked`).
        weights: the column of a table that says how much each row counts; "" for none; None for one whose name
            means nothing else.
        params: declared parameters of the target that results ("standardise", "threshold", ...).
    """

    columns: tuple[Column, ...] = ()
    weights: Column | None = None
    params: Mapping[str, ParamValue] = field(default_factory=dict)

    @classmethod
    def of_words(cls, words: str, params: Mapping[str, ParamValue] | None = None) -> Self:
        """What stands behind the # of a file's name: "x,y", "pca3", "weights=mass", "1,2,weights=none"."""
        columns: list[Column] = []
        weights: Column | None = None
        for word in (part.strip() for part in words.split(",")):
            name, equals, value = word.partition("=")
            if equals and name.strip() == "weights":
                weights = "" if value.strip().lower() == "none" else value.strip()
            else:
                columns.append(word)
        return cls(tuple(columns), weights, params or {})

    @property
    def names_columns(self) -> bool:
        """Whether anything is said of columns, which only tables have."""
        return bool(self.columns) or self.weights is not None


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
    """The target in a file: points from a table or cloud, a density from a picture, a mesh from triangles.

    Args:
        path: CSV, TSV, TXT, DAT, XYZ, NPY, NPZ, PNG, JPEG, BMP, WebP, SVG, SVGZ, PLY, OBJ, STL or OFF.
        options: columns and parameters.

    Raises:
        FileError: the file cannot be used; the sentence names file, place and remedy.
        UserError: wrong options.
    """
    path, options = Path(path), options or LoadOptions()
    _check_file(path)
    if path.suffix.lower() in IMAGES:
        if options.names_columns:
            raise UserError(f"{path.name} is a picture and has no columns.", "Leave the columns out.")
        with _reading(path.name):
            darkness, alpha = read_picture(path)
        return _image(darkness, alpha, path.name, options.params)
    if path.suffix.lower() in SHAPES:
        if options.names_columns:
            raise UserError(f"{path.name} holds a shape and has no columns.", "Leave the columns out.")
        return _shape(load_shape(path), path.name, options.params)
    return points_target(load_table(path), path.name, options)


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


def load_shape(path: str | Path) -> Shape:
    """The points and triangles of a PLY, OBJ, STL or OFF file.

    Raises:
        FileError: the file cannot be used.
    """
    path = Path(path)
    _check_file(path)
    with _reading(path.name):
        return read_shape(path)


def points_target(table: Table, name: str, options: LoadOptions | None = None) -> Loaded:
    """The target made of columns of a table, or of their principal components.

    Args:
        table: from `load_table`.
        name: what people call the file.
        options: columns and parameters.

    Raises:
        FileError, UserError: wrong columns, or numbers that make no distribution.
    """
    options = options or LoadOptions()
    choice = picked(table, name, options.columns, options.weights)
    used = choice.columns if choice.weight is None else (*choice.columns, choice.weight)
    with _reading(name):
        rows = table.read(used)
    notes = [*table.notes, *choice.notes]
    if len(rows) > MOST_ROWS:
        rows = rows[:MOST_ROWS]
        notes.append(f"Only the first {MOST_ROWS:,} rows were read.")
    points, weights = (rows, None) if choice.weight is None else (rows[:, :-1], rows[:, -1])
    cloud = Cloud(name, points, tuple(table.names[column] for column in choice.columns), weights, notes)
    cloud.clean()
    if choice.components:
        cloud.points, said = principal_components(cloud.points, choice.components)
        cloud.names = tuple(f"Component {axis + 1}" for axis in range(choice.components))
        cloud.notes.append(said)
    return _loaded(cloud, options.params)


def _loaded(cloud: Cloud, params: Mapping[str, ParamValue]) -> Loaded:
    spec = cloud.target(_typed("points", params))
    return Loaded(spec, tuple(cloud.notes))


def _shape(shape: Shape, name: str, params: Mapping[str, ParamValue]) -> Loaded:
    notes = [f"The vertices' property {shape.weighed_by} says how much each counts."] if shape.weighed_by else []
    if not len(shape.faces):
        cloud = Cloud(name, shape.vertices, weights=shape.weights, notes=notes)
        cloud.clean()
        return _loaded(cloud, params)
    used = shape.vertices[shape.faces]
    if not np.isfinite(used).all() or float(np.abs(used).max()) > LARGEST:
        raise FileError(f"{name} has a triangle with a corner at no finite place.", "Correct or remove that vertex.")
    data = {"vertices": frozen_array(shape.vertices), "faces": frozen_array(shape.faces)}
    if shape.weights is not None:
        check_weights(shape.weights, name)
        data["weights"] = frozen_array(shape.weights)
    spec = TargetSpec("mesh", _typed("mesh", params), data, name)
    build(spec)
    return Loaded(spec, tuple(notes))


def _typed(key: str, params: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """The parameters that were given, checked and in their types (the command line has texts).

    Raises:
        ParameterError: a parameter that such a target does not have, or a wrong value.
    """
    checked = to_mapping(from_mapping(TARGETS.get(key).Params, params))
    return {name: checked[name] for name in params}


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
    columns ("data.csv#x,y,z" or "data.csv#1,3"), principal components ("data.csv#pca3"), a column that says how
    much each row counts ("data.csv#x,y,weights=mass"), or "text:Hello".

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
        return load_target(name, LoadOptions.of_words(columns))
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
    spec = TargetSpec("image", _typed("image", params), data, name)
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
