"""The blocks of a method that trains them one after another: which one trains, its step, cost and losses."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from flowviz.core.frames import BlockInfo
from flowviz.gui.state.run import RunState
from flowviz.gui.theme.theme import current_tokens

_STATUS = {"waiting": "○", "training": "◐", "trained": "●"}
_STATUS_WORDS = {"waiting": "waits", "training": "is in training", "trained": "is trained"}
_TIPS = {
    "block": "Counted from the data; ○ waits, ◐ trains, ● is trained",
    "h": "The JKO step: the larger, the farther a block moves",
    "w2": "Squared Wasserstein distance that the block covers: E|x(1) − x(0)|²",
    "potential": "E[V(x(1))]: how far the particles are from noise behind the block",
    "divergence": "−E∫ div v: the change of entropy along the block",
    "transport": "W₂² / 2h: the price of moving",
}
_LOSSES = {"potential": "V", "divergence": "div", "transport": "W₂²/2h", "loss": "sum"}


class BlocksView(QWidget):
    """A table of the blocks, nearest the data first, and what one can do with them.

    Signals:
        pause_after_block_requested(bool), add_block_requested().
    """

    pause_after_block_requested = Signal(bool)
    add_block_requested = Signal()

    def __init__(self, run: RunState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self._in_turn = -1
        self.setObjectName("blocksPage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 4)
        column.setSpacing(4)
        row = QHBoxLayout()
        self.pause_button = QPushButton("Pause after block")
        self.pause_button.setCheckable(True)
        self.pause_button.setToolTip("Finish the block in training, then pause (B)")
        self.pause_button.clicked.connect(self.pause_after_block_requested)
        self.add_button = QPushButton("Add block")
        self.add_button.setToolTip("One more block; the trained ones stay as they are")
        self.add_button.clicked.connect(self.add_block_requested)
        for button, stretch in ((self.pause_button, 2), (self.add_button, 1)):
            button.setAccessibleName(button.text())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button, stretch)
        column.addLayout(row)
        self.table = QTableWidget()
        self.table.setAccessibleName("Blocks")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(20)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setMinimumSectionSize(24)
        column.addWidget(self.table, 1)
        self.empty = QLabel("Every block with its step h, its distance and its losses.\nThey appear when a run trains.")
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        column.addWidget(self.empty, 1)
        run.blocks_changed.connect(self.refresh)
        run.status_changed.connect(self.refresh)
        self.refresh()

    def _header(self, place: int) -> str:
        item = self.table.horizontalHeaderItem(place)
        return item.text() if item is not None else ""

    def set_pauses(self, pauses: bool) -> None:
        """Whether training will pause after this block."""
        with QSignalBlocker(self.pause_button):
            self.pause_button.setChecked(pauses)

    @Slot()
    def refresh(self) -> None:
        """Show the blocks as they are."""
        blocks = self._run.blocks
        self.pause_button.setEnabled(self._run.status == "running" and bool(blocks))
        self.add_button.setEnabled(bool(blocks) and self._run.status != "failed")
        terms: list[str] = []
        for block in blocks:
            terms += [name for name in block.losses if name not in terms and name != "loss"]
        headers = ["Block", "h", "W₂²", *(_LOSSES.get(name, name.replace("_", " ")) for name in terms)]
        self.empty.setVisible(not blocks)
        self.table.setVisible(bool(blocks))
        if self.table.columnCount() != len(headers):
            self.table.setColumnCount(len(headers))
        if [self._header(place) for place in range(len(headers))] != headers:
            self.table.setHorizontalHeaderLabels(headers)
            for place, name in enumerate(["block", "h", "w2", *terms]):
                header = self.table.horizontalHeaderItem(place)
                if header is not None:
                    header.setToolTip(_TIPS.get(name, name.replace("_", " ")))
        self.table.setRowCount(len(blocks))
        tokens = current_tokens()
        for row, block in enumerate(blocks):
            for place, text in enumerate(_cells(block, terms)):
                item = self.table.item(row, place)
                if item is None:
                    item = QTableWidgetItem()
                    self.table.setItem(row, place, item)
                if item.text() != text:
                    item.setText(text)
                    item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                item.setToolTip(f"Block {block.index + 1} {_STATUS_WORDS[block.status]}")
                item.setForeground(QColor(tokens.accent if block.status == "training" else tokens.text))
        in_turn = max((block.index for block in blocks if block.status != "waiting"), default=0)
        if blocks and in_turn != self._in_turn:
            self._in_turn = in_turn
            self.table.scrollTo(self.table.model().index(in_turn, 0))


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"


def _cells(block: BlockInfo, terms: list[str]) -> list[str]:
    cost = _figure(block.w2_squared)
    losses = [_figure(block.losses.get(name)) for name in terms]
    return [f"{_STATUS[block.status]} {block.index + 1}", f"{block.step_size:.2f}", cost, *losses]
