"""NPZ: numpy's own."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from flowviz.core.tables import Table
from flowviz.export.tables._base import TABLES, TableWriter


@TABLES.register(".npz")
class NpzWriter(TableWriter):
    """Arrays in their natural shape, and one text array "about" with title, units and details as JSON."""

    label = "NumPy archive"
    summary = "Arrays in their natural shape for Python; np.load opens it, without pickle."

    def encode(self, table: Table) -> bytes:
        """The whole file."""
        about = json.dumps({"title": table.title, "units": dict(table.units), **table.details})
        file = io.BytesIO()
        arrays: dict[str, Any] = {name: np.asarray(array) for name, array in table.arrays.items()}
        np.savez_compressed(file, about=np.array(about), **arrays)
        return file.getvalue()
