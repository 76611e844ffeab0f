"""The one history of what a person did: everything that can be undone goes through here, with its name."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

MOST_STEPS = 200


class History(QObject):
    """An undo stack whose steps are pairs of functions.

    Attributes:
        stack: Qt's own; its actions stand in the Edit menu, and the canvas pushes its strokes there.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(MOST_STEPS)

    def do(self, text: str, redo: Callable[[], object], undo: Callable[[], object], merge_key: str = "") -> None:
        """Do something now, so that it can be undone.

        Args:
            text: what it is called in the menu ("Learning rate").
            redo, undo: called now and on redo, and on undo. Neither may push a step itself.
            merge_key: steps in a row with equal, non-empty keys become one (a slider that is dragged).
        """
        self.stack.push(_Step(text, redo, undo, merge_key))

    def clear(self) -> None:
        """Forget all steps: another document."""
        self.stack.clear()


class _Step(QUndoCommand):
    def __init__(self, text: str, redo: Callable[[], object], undo: Callable[[], object], merge_key: str) -> None:
        super().__init__(text)
        self._redo, self._undo, self._merge_key = redo, undo, merge_key

    def id(self) -> int:
        return 2 if self._merge_key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Step) or other._merge_key != self._merge_key:
            return False
        self._redo = other._redo
        return True

    def redo(self) -> None:
        self._redo()

    def undo(self) -> None:
        self._undo()
