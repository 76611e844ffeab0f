"""What the tabs that tell of blocks share: which block is chosen, which frame is under the cursor, drawing late."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from flowviz.core.frames import BlockInfo
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState

Blocks = tuple[BlockInfo, ...]


class BlockPage(QWidget):
    """A column that shows the blocks of the frame under the cursor, or a few words while there are none.

    Signals:
        block_chosen(int): the person chose a block.
    """

    block_chosen = Signal(int)

    def __init__(self, run: RunState, cursor: CursorState, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._cursor = run, cursor
        self._chosen: int | None = None
        self._step = 0
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.column = QVBoxLayout(self)
        self.empty = QLabel(empty)
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(12)

    def _follow(self) -> None:
        """Begin to follow run and cursor: everything else is in the column now."""
        self.column.addWidget(self.empty, 1)
        self._run.blocks_changed.connect(self.refresh)
        self._cursor.moved.connect(self._moved)
        self.refresh()

    @abstractmethod
    def _shown_with_blocks(self) -> tuple[QWidget, ...]:
        """What is hidden while there are no blocks."""

    @abstractmethod
    def _show_blocks(self, blocks: Blocks, before: Blocks, chosen: int | None) -> None:
        """Draw the blocks, how they stood before the last round, and which one a person chose (None: the newest)."""

    def choose(self, block: int | None) -> None:
        """Show a block as chosen; None follows the newest."""
        self._chosen = block
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """What was not drawn while nobody looked is drawn now."""
        super().showEvent(event)
        self.refresh()

    @Slot()
    def _moved(self) -> None:
        if self._cursor.step != self._step:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the blocks as they were at the cursor's training step."""
        self._step = self._cursor.step
        blocks, before = self._run.blocks_seen(self._cursor.step, self._cursor.follow_latest)
        self.empty.setVisible(not blocks)
        for widget in self._shown_with_blocks():
            widget.setVisible(bool(blocks))
        if blocks and self.isVisible():
            chosen = None if self._chosen is None else min(self._chosen, len(blocks) - 1)
            self._show_blocks(blocks, before, chosen)
