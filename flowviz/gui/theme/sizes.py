"""Sizes that style sheets do not know: fixed widths and heights, and icons, follow the size of the interface."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from flowviz.gui.theme.theme import current_zoom

_WIDTH, _HEIGHT, _ICON = "flowvizWidth", "flowvizHeight", "flowvizIconSize"
_UNBOUND = 16777215
_FRAME = QSize(8, 36)
"""What a window's frame takes at most, as long as it is not known."""


def room_of(window: QWidget) -> QSize:
    """The largest that a window may be on its screen, within its frame."""
    frame = (window.frameGeometry().size() - window.size()).expandedTo(_FRAME)
    return window.screen().availableGeometry().size() - frame


def refresh_sizes(application: QApplication, zoom: float) -> None:
    """Make everything that has a fixed size so many times as large as it was made."""
    for widget in application.allWidgets():
        _fit(widget, zoom)


def fit_sizes(root: QWidget) -> None:
    """The same for what has just been made while the interface has another size than usual, and for what it holds."""
    if current_zoom() != 1.0:
        for widget in root.findChildren(QWidget):
            _fit(widget, current_zoom())


def _fit(widget: QWidget, zoom: float) -> None:
    if widget.isWindow() or widget.objectName().startswith("qt_"):
        return
    width = _base(widget, _WIDTH, widget.minimumWidth(), widget.maximumWidth())
    if width:
        widget.setFixedWidth(round(width * zoom))
    height = _base(widget, _HEIGHT, widget.minimumHeight(), widget.maximumHeight())
    if height:
        widget.setFixedHeight(round(height * zoom))
    if isinstance(widget, QAbstractButton) and not widget.icon().isNull():
        side = widget.property(_ICON) or widget.iconSize().width()
        widget.setProperty(_ICON, side)
        widget.setIconSize(QSize(round(side * zoom), round(side * zoom)))


def _base(widget: QWidget, name: str, least: int, most: int) -> int:
    """The fixed size with which a widget was made; 0 where it has none."""
    base = widget.property(name)
    if base is None and least == most and 0 < least < _UNBOUND:
        base = least
        widget.setProperty(name, base)
    return int(base or 0)
