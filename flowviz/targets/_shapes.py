"""Files of points and triangles in space: PLY, OBJ, STL, OFF, read by trimesh, never trusted about their size."""

from __future__ import annotations

import io
import re
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from flowviz.core.errors import FileError
from flowviz.core.spec import Array

SHAPES = (".ply", ".obj", ".stl", ".off")
WEIGHT_NAMES = ("weight", "weights", "density", "mass", "quality", "confidence", "intensity")
"""What a vertex property is called that says how much each point counts."""

_MOST_BYTES = 1_500_000_000
_MOST_ITEMS = 5_000_000
_HEADER = 1 << 16
_STL_HEAD, _STL_TRIANGLE = 84, 50
_AGAIN = "Save or copy it again."


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a file holds.

    Attributes:
        vertices: (n, 3) float64, as the file says (NaN included).
        faces: (m, 3) int32, corners of triangles; (0, 3) for a cloud of points.
        weights: (n,) float64 of the vertices, or None.
        weighed_by: what the file calls them.
    """

    vertices: Array
    faces: Array
    weights: Array | None = None
    weighed_by: str = ""


def read_shape(path: Path) -> Shape:
    """The points and triangles of a file. Materials, colours and textures are not looked at.

    Raises:
        FileError: the file is empty, cut short, too large, or nothing of its kind. OSError as the system raises it.
    """
    size = path.stat().st_size
    if size == 0:
        raise FileError(f"{path.name} is empty.", "Choose a file with points or triangles.")
    if size > _MOST_BYTES:
        raise FileError(f"{path.name} is too large: {size / 1e9:.1f} GB.", "Keep at most 5 million points.")
    data = path.read_bytes()
    promised = _promised(data, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns of short texts; what is short gets our own sentence
        shape = _loaded(data, path)
    if len(shape.vertices) < promised:
        raise FileError(
            f"{path.name} is cut short: its header promises {promised:,} vertices, and it holds "
            f"{len(shape.vertices):,}.",
            _AGAIN,
        )
    if max(len(shape.vertices), len(shape.faces)) > _MOST_ITEMS:
        raise FileError(f"{path.name} holds more than 5 million points or triangles.", "Thin it out first.")
    if len(shape.faces) and (int(shape.faces.min()) < 0 or int(shape.faces.max()) >= len(shape.vertices)):
        raise FileError(f"{path.name} is damaged: a triangle names a vertex that is not there.", _AGAIN)
    return shape


def _promised(data: bytes, path: Path) -> int:
    """How many vertices a PLY header announces, 0 for other kinds; looks whether the file can hold what it says."""
    kind = path.suffix.lower()
    if kind == ".stl" and len(data) >= _STL_HEAD and data[:5].lower() != b"solid":
        (count,) = struct.unpack_from("<I", data, _STL_HEAD - 4)
        if _STL_HEAD + count * _STL_TRIANGLE > len(data):
            raise FileError(
                f"{path.name} is cut short or damaged: its header promises {count:,} triangles, and it holds "
                f"{(len(data) - _STL_HEAD) // _STL_TRIANGLE:,}.",
                _AGAIN,
            )
    if kind != ".ply":
        return 0
    head, end, _ = data[:_HEADER].partition(b"end_header")
    if not head.startswith(b"ply") or not end:
        raise FileError(f"{path.name} is no PLY file, or its header is cut short.", _AGAIN)
    counts = {name: int(count[:18]) for name, count in re.findall(rb"element\s+(\w+)\s+(\d+)", head)}
    if sum(counts.values()) > len(data):  # an item takes a byte at the least
        raise FileError(
            f"{path.name} is cut short or damaged: its header promises {max(counts.values()):,} items, and the file "
            f"has {len(data):,} bytes.",
            _AGAIN,
        )
    return counts.get(b"vertex", 0)


def _loaded(data: bytes, path: Path) -> Shape:
    import trimesh

    kind = path.suffix.lower().removeprefix(".")
    try:
        # From memory and without a resolver: no other file (material, texture) is ever opened.
        found: Any = trimesh.load(io.BytesIO(data), file_type=kind, process=False, skip_materials=True)
        found = found.to_mesh() if isinstance(found, trimesh.Scene) and found.geometry else found
        vertices = np.asarray(getattr(found, "vertices", np.zeros((0, 3))), dtype=np.float64)
        faces = np.asarray(getattr(found, "faces", np.zeros((0, 3))), dtype=np.int64).reshape(-1, 3)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file can make the parser fail in any way
        raise FileError(f"{path.name} cannot be read as {kind.upper()}: it is cut short or damaged.", _AGAIN) from error
    if vertices.ndim != 2 or vertices.shape[1:] != (3,) or not len(vertices):
        raise FileError(f"{path.name} holds no points that can be read as {kind.upper()}.", _AGAIN)
    return Shape(vertices, faces.astype(np.int32), *_weights(found.metadata, len(vertices)))


def _weights(metadata: dict[str, Any], count: int) -> tuple[Array | None, str]:
    """The vertex property of a PLY file that is named like a weight, and its name; or (None, "")."""
    try:
        columns = metadata["_ply_raw"]["vertex"]["data"]
        names = columns.dtype.names if isinstance(columns, np.ndarray) else tuple(columns)
        chosen = [name for name in names if str(name).lower().removeprefix("scalar_") in WEIGHT_NAMES]
        values = np.asarray(columns[chosen[0]], dtype=np.float64).ravel()
    except (KeyError, IndexError, TypeError, ValueError):
        return None, ""
    return (values, str(chosen[0])) if len(values) == count else (None, "")
