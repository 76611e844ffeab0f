"""Where the Tab key leads: through the panels in the order in which one reads the window, row by row in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QScrollArea, QWidget

from flowviz.gui.widgets.focus_ring import FocusRing


class FocusOrder:
    """The order of everything in a window that takes the focus by Tab.

    Qt's own chain is the order in which things were made, and forms are made anew all the time.

    Args:
        window: the window.
        panels: its parts, in reading order; what lies in none of them comes last.
    """

    def __init__(self, window: QWidget, panels: Sequence[QWidget]) -> None:
        self._window, self._panels = window, tuple(panels)
        self.ring = FocusRing(window)

    def widgets(self) -> list[QWidget]:
        """All that can be reached now, in order."""
        hidden = [panel for panel in self._panels if panel.visibleRegion().isEmpty()]  # behind another one's tab
        reachable = [w for w in _reachable(self._window) if not any(panel.isAncestorOf(w) for panel in hidden)]
        places = [(self._panel(widget), _area(widget, self._window), widget) for widget in reachable]
        result: list[QWidget] = []
        for panel in range(len(self._panels) + 1):
            mine = [(area, widget) for number, area, widget in places if number == panel]
            result += [widget for row in _rows(mine) for _, widget in row]
        return result

    def move(self, forward: bool) -> bool:
        """Give the focus to the next one, or the one before; whether there is any."""
        widgets, now = self.widgets(), self._window.focusWidget()
        if not widgets:
            return False
        place = widgets.index(now) if now in widgets else (-1 if forward else 0)
        chosen = widgets[(place + (1 if forward else -1)) % len(widgets)]
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        chosen.setFocus(reason)
        _scroll_to(chosen)
        self.ring.surround(chosen)
        return True

    def _panel(self, widget: QWidget) -> int:
        return next((i for i, panel in enumerate(self._panels) if panel.isAncestorOf(widget)), len(self._panels))


def _reachable(window: QWidget) -> Iterator[QWidget]:
    for widget in window.findChildren(QWidget):
        is_stop = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
        if is_stop and widget.isVisible() and widget.isEnabled() and widget.window() is window:
            yield widget


def _area(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def _rows(places: Sequence[tuple[QRect, QWidget]]) -> list[list[tuple[QRect, QWidget]]]:
    """From top to bottom; what stands beside each other is one row, from left to right."""
    rows: list[list[tuple[QRect, QWidget]]] = []
    for area, widget in sorted(places, key=lambda place: place[0].top()):
        if rows and area.center().y() < rows[-1][0][0].bottom() and rows[-1][0][0].center().y() > area.top():
            rows[-1].append((area, widget))
        else:
            rows.append([(area, widget)])
    return [sorted(row, key=lambda place: place[0].left()) for row in rows]


def _scroll_to(widget: QWidget) -> None:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()
