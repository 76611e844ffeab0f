"""The JKO tab: what every block did to the divergence, how far it moved the samples, and a sentence about one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.widgets.block_chart import BlockChart
from flowviz.scene.block_story import chain_of, sentence

_RELATIVE = "The entropy of this target is unknown, so KL is known up to a constant: the lowest point is drawn at 0."


class JkoPage(QWidget):
    """Chart and sentence of the blocks of the frame under the cursor.

    Signals:
        block_chosen(int): the person chose a block.
    """

    block_chosen = Signal(int)

    def __init__(self, run: RunState, cursor: CursorState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._cursor = run, cursor
        self._chosen: int | None = None
        self._step = 0
        self.setObjectName("jkoPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 5, 2, 5)
        column.setSpacing(3)
        self.chart = BlockChart()
        self.chart.block_chosen.connect(self.block_chosen)
        column.addWidget(self.chart, 1)
        self.words = QLabel()
        self.words.setAccessibleName("What the block did")
        self.words.setWordWrap(True)
        self.words.setMargin(3)
        self.words.setProperty("role", "story")
        column.addWidget(self.words)
        self.empty = QLabel("KL behind every block against its bound, and how far each block moves the samples.")
        self.empty.setText(self.empty.text() + "\nIt appears here as soon as a run trains.")
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(12)
        column.addWidget(self.empty, 1)
        run.blocks_changed.connect(self.refresh)
        cursor.moved.connect(self._moved)
        self.refresh()

    def choose(self, block: int | None) -> None:
        """Tell of a block; None follows the newest."""
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
        run, self._step = self._run, self._cursor.step
        blocks, before = run.blocks_seen(self._cursor.step, self._cursor.follow_latest)
        for widget, is_shown in ((self.chart, bool(blocks)), (self.words, bool(blocks)), (self.empty, not blocks)):
            widget.setVisible(is_shown)
        if not self.isVisible() or not blocks:
            return
        chain = chain_of(blocks, run.entropy)
        chosen = chain.newest if self._chosen is None else min(self._chosen, len(blocks) - 1)
        self.chart.show_chain(chain, chain_of(before, run.entropy), chosen)
        text, warns = sentence(chain, chosen)
        self.words.setToolTip(f"<p>{_RELATIVE}</p>" if chain.is_relative else "")
        if self.words.text() != text or self.words.property("warns") != warns:
            self.words.setText(text)
            self.words.setProperty("warns", warns)
            self.words.style().unpolish(self.words)
            self.words.style().polish(self.words)
