"""CSV: every program reads it."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from flowviz.core.tables import Table
from flowviz.export.tables._base import TABLES, TableWriter

_ROWS = 2048


@TABLES.register(".csv")
class CsvWriter(TableWriter):
    """One row of names with units in square brackets, then numbers that read back exactly; empty where none is."""

    label = "CSV table"
    summary = "Plain text for spreadsheets and every program; units stand in the first row."

    def write(self, table: Table, file: BinaryIO) -> None:
        """The whole file, UTF-8, some thousand rows at a time."""
        names = [f"{column.name} [{column.unit}]" if column.unit else column.name for column in table.columns]
        file.write((",".join(names) + "\n").encode())
        count = len(table.columns[0].values)
        for start in range(0, count, _ROWS):
            texts = [_texts(column.values[start : start + _ROWS]) for column in table.columns]
            file.write("".join(",".join(row) + "\n" for row in zip(*texts, strict=True)).encode())


def _texts(values: np.ndarray) -> list[str]:
    """Shortest texts that read back as the same numbers."""
    if np.issubdtype(values.dtype, np.integer):
        return [str(value) for value in values.tolist()]
    kind = np.float32 if values.dtype == np.float32 else np.float64
    return ["" if np.isnan(value) else np.format_float_positional(kind(value), trim="-") for value in values]
