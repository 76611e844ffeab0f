"""The rounds of a method that learns its flow anew: a table, whose rows bring the rounds back on the stage."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import (
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from flowviz.core.frames import RoundInfo
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.theme.theme import current_tokens, zoomed
from flowviz.gui.widgets.quiet_table import make_quiet
from flowviz.gui.widgets.story import Story
from flowviz.scene.round_story import COLUMNS, cells, sentence

_EMPTY = "Every round with the straightness, energy and price of its paths.\nA round appears when it is trained."


class RoundsView(QWidget):
    """One row a round; a chosen one is shown on the stage as it was when it ended.

    Signals:
        step_requested(int): the training step at which the chosen round ended.
    """

    step_requested = Signal(int)

    def __init__(self, run: RunState, cursor: CursorState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._cursor = run, cursor
        self._is_filling = False
        self.setObjectName("roundsPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 4)
        column.setSpacing(4)
        self._is_made = False
        self.empty = QLabel(_EMPTY)
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        column.addWidget(self.empty, 1)
        run.frames_changed.connect(self.refresh)
        cursor.moved.connect(self.refresh)
        cursor.mode_changed.connect(self.refresh)
        self.refresh()

    def _make(self) -> None:
        """Table and words are made when they are first looked at: the window opens sooner without."""
        self._is_made = True
        self.table = self._make_table()
        self._column.insertWidget(0, self.table, 1)
        self.words = Story()
        self.words.setProperty("role", "story")
        self.words.setAccessibleName("What the round did")
        self._column.insertWidget(1, self.words)

    def _make_table(self) -> QTableWidget:
        table = QTableWidget()
        table.setAccessibleName("Rounds of reflow")
        make_quiet(table, COLUMNS)
        table.verticalHeader().setDefaultSectionSize(zoomed(20))
        table.currentCellChanged.connect(self._cell_changed)
        table.cellClicked.connect(self._chosen)
        return table

    @Slot(int, int, int, int)
    def _cell_changed(self, row: int, _column: int, _old: int, _old_column: int) -> None:
        self._chosen(row)

    @Slot(int, int)
    def _chosen(self, row: int, _column: int = 0) -> None:
        rounds = self._run.reflows
        if not self._is_filling and 0 <= row < len(rounds):
            self.step_requested.emit(rounds[row].step)

    def showEvent(self, event: QShowEvent) -> None:
        """What was not drawn while nobody looked is drawn now."""
        if not self._is_made:
            self._make()
        super().showEvent(event)
        self.refresh()

    @property
    def in_view(self) -> int:
        """Index of the round whose flow is on the stage: the one that ends next; -1 where it is still in training."""
        rounds = self._run.reflows
        if self._cursor.follow_latest:
            return len(rounds) - 1
        return next((done.index for done in rounds if self._cursor.step <= done.step), -1)

    @Slot()
    def refresh(self) -> None:
        """Show the rounds, and which one is on the stage."""
        rounds = self._run.reflows
        self.empty.setVisible(not rounds)
        if not self._is_made:
            return
        for widget in (self.table, self.words):
            widget.setVisible(bool(rounds))
        if not rounds or not self.isVisible():
            return
        self._is_filling = True
        self._fill(rounds)
        chosen = self.in_view
        if chosen < 0:
            self.table.clearSelection()
        elif self.table.currentRow() != chosen or not self.table.selectedItems():
            self.table.setCurrentCell(chosen, 0)
        self.words.setText(sentence(rounds, chosen if chosen >= 0 else len(rounds) - 1))
        self._is_filling = False

    def _fill(self, rounds: tuple[RoundInfo, ...]) -> None:
        self.table.setRowCount(len(rounds))
        colour = QColor(current_tokens().text)
        for row, done in enumerate(rounds):
            for place, text in enumerate(cells(done)):
                item = self.table.item(row, place)
                if item is None:
                    item = QTableWidgetItem()
                    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                    self.table.setItem(row, place, item)
                item.setText(text)
                item.setForeground(colour)
                item.setToolTip(f"<p>{sentence(rounds, row)}</p>")
