"""Parquet: typed columns for pandas, polars, DuckDB, R."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from flowviz.core.errors import UserError
from flowviz.core.tables import Table
from flowviz.export.tables._base import TABLES, TableWriter


@TABLES.register(".parquet")
class ParquetWriter(TableWriter):
    """By arro3, the Rust Arrow writer: a third of pyarrow's size. Units are metadata of the columns."""

    label = "Parquet table"
    summary = "Typed, compressed columns for pandas, polars, DuckDB and R; units in the columns' metadata."

    def write(self, table: Table, file: BinaryIO) -> None:
        """The whole file.

        Raises:
            UserError: arro3 is not installed.
        """
        try:
            import arro3.core as arrow
            import arro3.io
        except ImportError:
            hint = 'Install it with: pip install "flowviz-explorer[parquet]", or choose CSV.'
            raise UserError("Parquet files need the package arro3.", hint) from None
        arrays = [arrow.Array.from_numpy(np.ascontiguousarray(column.values)) for column in table.columns]
        fields = [
            arrow.Field(column.name, array.type, nullable=False, metadata={"unit": column.unit})
            for column, array in zip(table.columns, arrays, strict=True)
        ]
        schema = arrow.Schema(fields, metadata={"title": table.title, **table.details})
        batch = arrow.RecordBatch.from_arrays(arrays, schema=schema)
        arro3.io.write_parquet(batch, file)
