"""A sentence that is never cut off: it shows as many lines as there is room for, and all of it in its tool tip."""

from __future__ import annotations

import html

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent, QResizeEvent, QTextLayout
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget


def broken(text: str, font: QFont, width: int) -> list[str]:
    """A text in lines of at most that width, broken between words."""
    layout = QTextLayout(text, font)
    layout.beginLayout()
    lines = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(1, width))
        lines.append(text[line.textStart() : line.textStart() + line.textLength()].rstrip())
    layout.endLayout()
    return lines


class Story(QLabel):
    """A sentence or two in words.

    It asks for all its lines and is content with one: where it gets fewer than it needs, the last ends in an
    ellipsis. (A label that wraps its words insists on its height, and loses its first line where it cannot have it.)
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def lines(self) -> list[str]:
        """What is shown now, line by line."""
        box, metrics = self._inner(), self.fontMetrics()
        lines = broken(self.text(), self.font(), box.width())
        most = max(1, box.height() // metrics.lineSpacing())
        if len(lines) <= most:
            return lines
        rest = " ".join(lines[most - 1 :])
        return [*lines[: most - 1], metrics.elidedText(rest, Qt.TextElideMode.ElideRight, box.width())]

    @property
    def is_cut(self) -> bool:
        """Whether there is more to say than there is room for."""
        return self.lines() != broken(self.text(), self.font(), self._inner().width())

    def said_at_length(self) -> str:
        """What its tool tip says: all of it where it is cut, and what else there is to know."""
        return (f"<p>{html.escape(self.text())}</p>" if self.is_cut else "") + self.toolTip()

    def _inner(self) -> QRect:
        margin = self.margin()
        return self.contentsRect().adjusted(margin, margin, -margin, -margin)

    def _height_of(self, lines: int) -> int:
        return lines * self.fontMetrics().lineSpacing() + self.height() - self._inner().height()

    def sizeHint(self) -> QSize:
        """As high as all its lines are at its width."""
        return QSize(0, self._height_of(max(1, len(broken(self.text(), self.font(), self._inner().width())))))

    def minimumSizeHint(self) -> QSize:
        """One line."""
        return QSize(0, self._height_of(1))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, other lines."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def event(self, event: QEvent) -> bool:
        """Show the tool tip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.said_at_length(), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The lines there is room for, from the top."""
        painter = QPainter(self)
        self.drawFrame(painter)
        painter.setPen(self.palette().color(self.foregroundRole()))
        box = self._inner()
        for index, line in enumerate(self.lines()):
            top = box.top() + index * self.fontMetrics().lineSpacing()
            row = QRect(box.left(), top, box.width(), self.fontMetrics().lineSpacing())
            painter.drawText(row, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)
        painter.end()
