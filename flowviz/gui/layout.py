"""Where the panels lie around the stage: the first layout, a person's own, and making room."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabBar, QWidget

from flowviz.gui.theme.theme import current_zoom, zoomed
from flowviz.gui.widgets.docks import make_dock

_VERSION = 2
_LEFT, _RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
_BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea


class WindowLayout(QObject):
    """The docks of a window.

    Args:
        window: the window, its central widget set.
        panels: widgets by "target", "method", "curves", "runs" and "clocks".
    """

    def __init__(self, window: QMainWindow, panels: dict[str, QWidget]) -> None:
        super().__init__(window)
        self._window = window
        self._first = QByteArray()
        self._zoom = 1.0
        self._usual_heights: list[int] = []  # of method and curves, before the interface had another size
        self._made_room: list[QDockWidget] = []
        places = {
            "target": ("Target", _LEFT),
            "method": ("Method", _RIGHT),
            "curves": ("Curves", _RIGHT),
            "runs": ("Runs", _RIGHT),
            "clocks": ("Time", _BOTTOM),
        }
        self.docks = {
            key: make_dock(window, title, panels[key], area) for key, (title, area) in places.items() if key in panels
        }
        self._fitting = QTimer(self)
        self._fitting.setSingleShot(True)
        self._fitting.timeout.connect(self._fit_clocks)
        self.docks["clocks"].installEventFilter(self)
        self.docks["clocks"].setTitleBarWidget(QWidget())
        self.docks["clocks"].setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)

    @property
    def is_laid_out(self) -> bool:
        """Whether the window was shown once."""
        return not self._first.isEmpty()

    def begin(self, saved: object = None) -> None:
        """Lay out for the first time; `saved` is what `state` gave in an earlier session."""
        self.reset()
        self._first = self._window.saveState(_VERSION)
        if isinstance(saved, QByteArray):
            self.restore(saved)

    def state(self) -> QByteArray:
        """The layout, to be restored later."""
        return self._window.saveState(_VERSION)

    def restore(self, state: QByteArray) -> None:
        """A layout that `state` gave; one of another version changes nothing."""
        self._window.restoreState(state, _VERSION)

    def reset(self) -> None:
        """Every panel back to its place."""
        window, docks = self._window, self.docks
        self._usual_heights = []
        if self.is_laid_out:
            self.restore(self._first)
        for dock in docks.values():
            dock.show()
        if "runs" in docks:
            window.tabifyDockWidget(docks["curves"], docks["runs"])
            docks["curves"].raise_()
        for bar in window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setAccessibleName("Panels that share a place")
        self.set_widths()
        tall = max(280, round(0.5 * (window.height() - 190)))
        window.resizeDocks(self._right(), [window.height() - 190 - tall, tall], Qt.Orientation.Vertical)

    def set_widths(self) -> None:
        """The panels at both sides as wide as they were designed, in the interface's size."""
        sides = [self.docks["target"], self.docks["method"]]
        self._window.resizeDocks(sides, [zoomed(264), zoomed(296)], Qt.Orientation.Horizontal)
        self._zoom = current_zoom()
        if self._zoom == 1.0 and self._usual_heights:
            self._window.resizeDocks(self._right(), self._usual_heights, Qt.Orientation.Vertical)

    def _right(self) -> list[QDockWidget]:
        return [self.docks["method"], self.docks["curves"]]

    @Slot()
    def follow_zoom(self) -> None:
        """The interface has another size: the panels follow, and come back as they were with the usual size."""
        if current_zoom() != self._zoom:
            if self._zoom == 1.0:
                self._usual_heights = [dock.height() for dock in self._right()]
            self.set_widths()
            QTimer.singleShot(0, self, self.set_widths)  # what shrinks knows its new least width only then

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """The clocks want another height: a main window does not follow by itself."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fitting.start(0)
        return False

    @Slot()
    def _fit_clocks(self) -> None:
        dock = self.docks["clocks"]
        wanted = dock.widget().sizeHint().height()
        if dock.isVisible() and dock.height() != wanted:
            self._window.resizeDocks([dock], [wanted], Qt.Orientation.Vertical)

    def make_room(self, wanted: bool) -> None:
        """Hide the panels at the right, so that the centre has their place; or bring those back that were hidden."""
        if wanted:
            right = [dock for key, dock in self.docks.items() if key in ("method", "curves", "runs")]
            self._made_room = [dock for dock in right if not dock.isHidden()]
            for dock in self._made_room:
                dock.hide()
        else:
            for dock in self._made_room:
                dock.show()
            self._made_room = []
