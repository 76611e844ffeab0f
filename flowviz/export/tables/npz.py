"""NPZ: numpy's own."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import numpy as np

from flowviz.core.tables import Table
from flowviz.export.tables._base import TABLES, TableWriter


@TABLES.register(".npz")
class NpzWriter(TableWriter):
    """Arrays in their natural shape, and one text array "about" with title, units and details as JSON."""

    label = "NumPy archive"
    summary = "Arrays in their natural shape for Python; np.load opens it, without pickle."

    def write(self, table: Table, file: BinaryIO) -> None:
        """The whole file."""
        about = json.dumps({"title": table.title, "units": dict(table.units), **table.details})
        arrays: dict[str, Any] = {name: np.asarray(array) for name, array in table.arrays.items()}
        np.savez_compressed(file, about=np.array(about), **arrays)
