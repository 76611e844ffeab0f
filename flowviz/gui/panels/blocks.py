"""The blocks of a method that trains them one after another, and what one can do with them."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from flowviz.core.block_edits import LEAST_STEP, MOST_STEP, Retime
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.theme.sizes import fit_sizes
from flowviz.gui.widgets.block_page import BlockPage, Blocks
from flowviz.scene.block_story import aligned, chain_of, change_words


class BlocksView(BlockPage):
    """Buttons above a table of the blocks of the frame under the cursor.

    Signals:
        pause_after_block_requested(bool), add_block_requested(), edit_requested(object BlockEdit);
        refused(str message, str hint): something typed makes no sense.
    """

    pause_after_block_requested = Signal(bool)
    add_block_requested = Signal()
    edit_requested = Signal(object)
    refused = Signal(str, str)

    def __init__(self, run: RunState, cursor: CursorState, parent: QWidget | None = None) -> None:
        empty = "Every block with its step h, its distance and its KL.\nThey appear when a run trains."
        super().__init__(run, cursor, empty, parent)
        self.setObjectName("blocksPage")
        self.column.setContentsMargins(8, 6, 8, 4)
        self.column.setSpacing(4)
        self._is_made = self._pauses = False
        run.status_changed.connect(self.refresh)
        self._follow()

    def showEvent(self, event: QShowEvent) -> None:
        """Buttons and table are made when they are first looked at: the window opens sooner without."""
        if not self._is_made:
            self._is_made = True
            for place, widget in enumerate(self._make()):
                self.column.insertWidget(place, widget, 1 if widget is self.table else 0)
            fit_sizes(self)
        super().showEvent(event)

    def _make(self) -> tuple[QWidget, ...]:
        from flowviz.gui.panels.block_buttons import BlockButtons
        from flowviz.gui.panels.block_surgery import BlockSurgery
        from flowviz.gui.widgets.block_table import BlockTable

        self.buttons = BlockButtons(self._run)
        self.buttons.pause_after_block_requested.connect(self.pause_after_block_requested)
        self.buttons.add_block_requested.connect(self.add_block_requested)
        self.buttons.edit_requested.connect(self.edit_requested)
        self.buttons.set_pauses(self._pauses)
        self.table = BlockTable()
        self.table.block_chosen.connect(self.block_chosen)
        self.table.step_typed.connect(self._step_typed)
        self.change = QLabel()
        self.change.setProperty("role", "muted")
        self.change.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )  # words must not widen the panel
        self.change.setAccessibleName("The chosen block before and after the last edit")
        self.change.setVisible(False)
        self.surgery = BlockSurgery(self._run)
        self.surgery.edit_requested.connect(self.edit_requested)
        self.surgery.retime_requested.connect(self.table.type_step)
        return self.buttons, self.table, self.change, self.surgery

    @property
    def pause_button(self) -> QWidget:
        """The button that pauses after the block in training; made when the page is first looked at."""
        return self.buttons.pause

    def set_pauses(self, pauses: bool) -> None:
        """Whether training will pause after this block."""
        self._pauses = pauses
        if self._is_made:
            self.buttons.set_pauses(pauses)

    @Slot(int, float)
    def _step_typed(self, block: int, step: float) -> None:
        if LEAST_STEP <= step <= MOST_STEP:
            self.edit_requested.emit(Retime(block, step))
        else:
            self.refused.emit(f"A JKO step is a number from {LEAST_STEP:g} to {MOST_STEP:g}.", "")
        self.refresh()

    def _shown_with_blocks(self) -> tuple[QWidget, ...]:
        return (self.table, self.surgery, self.change) if self._is_made else ()

    def _show_blocks(self, blocks: Blocks, before: Blocks, chosen: int | None) -> None:
        chain = chain_of(blocks, self._run.entropy)
        chosen = chain.newest if chosen is None else chosen
        old = aligned(before, blocks) if before else ()
        self.table.show_chain(chain, old, chosen)
        self.surgery.choose(chosen)
        self.surgery.setVisible(blocks[0].kind == "jko")
        words = change_words(old[chosen], blocks[chosen]) if chosen < len(old) else ""
        self.change.setText(words)
        self.change.setToolTip(f"<p>Block {chosen + 1} before the last edit and now: {words}</p>")
        self.change.setVisible(bool(words))
