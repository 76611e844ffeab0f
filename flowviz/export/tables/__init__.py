"""Tables to files, one file per format. No Qt."""

from flowviz.export.tables._base import TABLES as TABLES
from flowviz.export.tables._base import TableWriter as TableWriter
