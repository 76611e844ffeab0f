"""The drawing pages of both ends of the flow, one of which takes the place of the stage."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QWidget

from flowviz.gui.canvas.canvas import DrawingCanvas
from flowviz.gui.control.ends import Ends


class DrawingPages(QStackedWidget):
    """A canvas for the target, and one for the source.

    Args:
        ends: whose drawings they are.
    """

    def __init__(self, ends: Ends, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvases = {"target": DrawingCanvas(ends.target), "source": DrawingCanvas(ends.source)}
        for canvas in self.canvases.values():
            self.addWidget(canvas)

    @property
    def surface(self) -> QWidget:
        """The paper of the canvas that is shown."""
        return self.canvases[self.side].surface

    @property
    def side(self) -> str:
        """Which end that is: "target" or "source"."""
        return next(side for side, canvas in self.canvases.items() if canvas is self.currentWidget())

    def show_side(self, side: str) -> None:
        """Show the canvas of one end."""
        self.setCurrentWidget(self.canvases[side])
