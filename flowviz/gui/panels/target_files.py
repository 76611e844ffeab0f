"""Files, pasted pictures and pasted numbers as prepared targets. No widgets; runs in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flowviz.gui.panels.target_work import Prepared, prepare
from flowviz.targets._columns import Picked, picked
from flowviz.targets.loading import (
    IMAGES,
    SHAPES,
    SUFFIXES,
    TABLES,
    Loaded,
    LoadOptions,
    image_target,
    load_table,
    load_target,
    pasted_points,
    points_target,
)


def _patterns(suffixes: tuple[str, ...]) -> str:
    return " ".join(f"*{suffix}" for suffix in suffixes)


FILE_FILTERS = ";;".join(
    (
        f"Images, tables, point clouds and meshes ({_patterns(SUFFIXES)})",
        f"Images ({_patterns(IMAGES)})",
        f"Tables of points ({_patterns(TABLES)})",
        f"Point clouds and meshes ({_patterns(SHAPES)})",
        "All files (*)",
    )
)


@dataclass(frozen=True, slots=True, eq=False)
class FileLoad:
    """A target from a file.

    Attributes:
        path: the file, or "" for something pasted.
        prepared: the target.
        names: names of a table's columns; () for a picture.
        numeric: which of them hold numbers.
        used: those in use.
    """

    path: str
    prepared: Prepared
    names: tuple[str, ...] = ()
    numeric: tuple[bool, ...] = ()
    used: Picked = Picked((0, 1))

    @property
    def name(self) -> str:
        """What people call it."""
        return self.prepared.spec.name


def load_file(path: str, options: LoadOptions | None = None) -> FileLoad:
    """The target in a file.

    Args:
        path: an image, a table, a point cloud or a mesh.
        options: columns of a table.

    Raises:
        UserError: the file cannot be used; the sentence says why.
    """
    if Path(path).suffix.lower() not in TABLES:
        return FileLoad(path, _prepared(load_target(path)))
    table, name, options = load_table(path), Path(path).name, options or LoadOptions()
    loaded = points_target(table, name, options)
    used = picked(table, name, options.columns, options.weights)
    return FileLoad(path, _prepared(loaded), table.names, table.numeric, used)


def load_pasted_image(data: bytes) -> FileLoad:
    """The target in a picture from the clipboard (bytes of a PNG)."""
    return FileLoad("", _prepared(image_target(data, "Pasted image")))


def load_pasted_numbers(text: str) -> FileLoad:
    """The target in rows of numbers from the clipboard."""
    return FileLoad("", _prepared(pasted_points(text, "Pasted points")))


def _prepared(loaded: Loaded) -> Prepared:
    return prepare(loaded.spec, loaded.notes)
