"""The drawing pages of both ends of the flow, one of which takes the place of the stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from flowviz.gui.control.draw import DrawController
from flowviz.gui.control.ends import Ends

if TYPE_CHECKING:
    from flowviz.gui.canvas.canvas import DrawingPage
    from flowviz.gui.canvas.surface import DrawingSurface


class DrawingPages(QStackedWidget):
    """A page for each end of the flow and each dimension, made when it is first shown.

    Args:
        ends: whose drawings they are.
    """

    def __init__(self, ends: Ends, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ends = ends
        self._pages: dict[tuple[str, int], DrawingPage] = {}
        self._place = ("target", 2)

    @property
    def page(self) -> DrawingPage:
        """The page that is shown."""
        if self._place not in self._pages:
            side, dim = self._place
            end = self._ends.target if side == "target" else self._ends.source
            page = _page(end, dim)
            self._pages[self._place] = page
            self.addWidget(page)
        return self._pages[self._place]

    @property
    def surface(self) -> DrawingSurface:
        """The paper of the page that is shown."""
        return self.page.surface

    @Slot(str, int)
    def show_place(self, side: str, dim: int) -> None:
        """Show the page of one end ("target" or "source") in 2 or 3 dimensions."""
        self._place = (side, dim)
        if self._pages or self.isVisible():
            self.setCurrentWidget(self.page)

    def showEvent(self, event: QShowEvent) -> None:
        """The first page is made when one begins to draw, so that the window opens without it."""
        self.setCurrentWidget(self.page)
        super().showEvent(event)


def _page(end: DrawController, dim: int) -> DrawingPage:
    if dim == 2:
        from flowviz.gui.canvas.canvas import DrawingCanvas  # on first use: the window opens without it

        return DrawingCanvas(end)
    from flowviz.gui.canvas.sculpt_canvas import SculptCanvas

    return SculptCanvas(end)
