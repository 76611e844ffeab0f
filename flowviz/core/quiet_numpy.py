"""Imports numpy, but lets it start no threads of its own: to be imported before anything else that wants numpy.

Its linear algebra here is of a few small matrices; at every start its threads would spin for a tenth of a second of
a processor that the two processes of the window need. Libraries that come later keep theirs.
"""

from __future__ import annotations

import importlib
import os

_NAME = "OPENBLAS_NUM_THREADS"
_given = os.environ.get(_NAME)
os.environ.setdefault(_NAME, "1")
importlib.import_module("numpy")
if _given is None:
    del os.environ[_NAME]
