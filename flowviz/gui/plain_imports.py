"""Imports Qt, but keeps Python's own `import`: to be imported before anything else that wants Qt.

PySide6 puts a function of its own in its place, which reads the source of every module that is imported from then on,
in search of optional features (snake_case names, true properties) that flowviz does not use. The window opens
sooner without.
"""

from __future__ import annotations

import builtins
import importlib

_own = builtins.__import__
for _name in ("QtCore", "QtGui", "QtWidgets", "QtSvg"):
    importlib.import_module(f"PySide6.{_name}")
builtins.__import__ = _own
