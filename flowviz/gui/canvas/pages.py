"""The drawing pages of both ends of the flow, one of which takes the place of the stage."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from flowviz.gui.canvas.canvas import DrawingCanvas, DrawingPage
from flowviz.gui.canvas.sculpt_canvas import SculptCanvas
from flowviz.gui.canvas.surface import DrawingSurface
from flowviz.gui.control.ends import Ends


class DrawingPages(QStackedWidget):
    """A page for each end of the flow and each dimension, made when it is first shown.

    Args:
        ends: whose drawings they are.
    """

    def __init__(self, ends: Ends, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends = ends
        self._pages: dict[tuple[str, int], DrawingPage] = {}
        self.show_place("target", 2)

    @property
    def page(self) -> DrawingPage:
        """The page that is shown."""
        return next(page for page in self._pages.values() if page is self.currentWidget())

    @property
    def surface(self) -> DrawingSurface:
        """The paper of the page that is shown."""
        return self.page.surface

    @Slot(str, int)
    def show_place(self, side: str, dim: int) -> None:
        """Show the page of one end ("target" or "source") in 2 or 3 dimensions."""
        if (side, dim) not in self._pages:
            end = self._ends.target if side == "target" else self._ends.source
            page = DrawingCanvas(end) if dim == 2 else SculptCanvas(end)
            self._pages[side, dim] = page
            self.addWidget(page)
        self.setCurrentWidget(self._pages[side, dim])
