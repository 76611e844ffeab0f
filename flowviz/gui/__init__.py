"""The window. PySide6 and pyqtgraph; no torch, no engine."""
