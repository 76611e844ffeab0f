"""Docks and the box that says what this program is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QWidget

from flowviz import __version__


def make_dock(window: QMainWindow, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
    """A panel at the edge of the window that can be moved and closed; View brings it back."""
    dock = QDockWidget(title, window)
    dock.setObjectName(f"dock{title}")
    dock.setWidget(widget)
    dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable)
    window.addDockWidget(area, dock)
    return dock


def show_about(window: QMainWindow) -> None:
    """Name, version, one sentence."""
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle("About flowviz")
    box.setText(f"<b>flowviz {__version__}</b>")
    box.setInformativeText("Draw a distribution, train a generative flow on it, and watch probability move.")
    box.open()
