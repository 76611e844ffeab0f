"""The blocks of a method that trains them one after another, and what one can do with them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from flowviz.core.block_edits import LEAST_STEP, MOST_STEP, Retime
from flowviz.gui.panels.block_buttons import BlockButtons
from flowviz.gui.panels.block_surgery import BlockSurgery
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.widgets.block_table import BlockTable
from flowviz.scene.block_story import aligned, chain_of, change_words


class BlocksView(QWidget):
    """Buttons above a table of the blocks of the frame under the cursor.

    Signals:
        pause_after_block_requested(bool), add_block_requested(), edit_requested(object BlockEdit);
        block_chosen(int): the person chose a row; refused(str message, str hint): something typed makes no sense.
    """

    pause_after_block_requested = Signal(bool)
    add_block_requested = Signal()
    edit_requested = Signal(object)
    block_chosen = Signal(int)
    refused = Signal(str, str)

    def __init__(self, run: RunState, cursor: CursorState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._cursor = run, cursor
        self._chosen: int | None = None
        self._step = 0
        self.setObjectName("blocksPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 4)
        column.setSpacing(4)
        self.buttons = BlockButtons(run)
        self.buttons.pause_after_block_requested.connect(self.pause_after_block_requested)
        self.buttons.add_block_requested.connect(self.add_block_requested)
        self.buttons.edit_requested.connect(self.edit_requested)
        column.addWidget(self.buttons)
        self.table = BlockTable()
        self.table.block_chosen.connect(self.block_chosen)
        self.table.step_typed.connect(self._step_typed)
        column.addWidget(self.table, 1)
        self.change = QLabel()
        self.change.setProperty("role", "muted")
        self.change.setAccessibleName("The chosen block before and after the last edit")
        column.addWidget(self.change)
        self.surgery = BlockSurgery(run)
        self.surgery.edit_requested.connect(self.edit_requested)
        self.surgery.retime_requested.connect(self.table.type_step)
        column.addWidget(self.surgery)
        self.empty = QLabel("Every block with its step h, its distance and its KL.\nThey appear when a run trains.")
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        column.addWidget(self.empty, 1)
        run.blocks_changed.connect(self.refresh)
        run.status_changed.connect(self.refresh)
        cursor.moved.connect(self._moved)
        self.refresh()

    @property
    def pause_button(self) -> QWidget:
        """The button that pauses after the block in training."""
        return self.buttons.pause

    def set_pauses(self, pauses: bool) -> None:
        """Whether training will pause after this block."""
        self.buttons.set_pauses(pauses)

    def choose(self, block: int | None) -> None:
        """Show a block as chosen; None follows the newest."""
        self._chosen = block
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """What was not drawn while nobody looked is drawn now."""
        super().showEvent(event)
        self.refresh()

    @Slot(int, float)
    def _step_typed(self, block: int, step: float) -> None:
        if LEAST_STEP <= step <= MOST_STEP:
            self.edit_requested.emit(Retime(block, step))
        else:
            self.refused.emit(f"A JKO step is a number from {LEAST_STEP:g} to {MOST_STEP:g}.", "")
        self.refresh()

    @Slot()
    def _moved(self) -> None:
        if self._cursor.step != self._step:
            self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the blocks as they were at the cursor's training step."""
        run, self._step = self._run, self._cursor.step
        blocks, before = run.blocks_seen(self._cursor.step, self._cursor.follow_latest)
        self.empty.setVisible(not blocks)
        for widget in (self.table, self.surgery):
            widget.setVisible(bool(blocks))
        self.change.setVisible(False)
        if self.isVisible():
            chain = chain_of(blocks, run.entropy)
            chosen = chain.newest if self._chosen is None else min(self._chosen, max(0, len(blocks) - 1))
            old = aligned(before, blocks) if before else ()
            self.table.show_chain(chain, old, chosen)
            self.surgery.choose(chosen)
            words = change_words(old[chosen], blocks[chosen]) if chosen < len(old) else ""
            self.change.setText(f"Block {chosen + 1}, before → now: {words}")
            self.change.setVisible(bool(words))
