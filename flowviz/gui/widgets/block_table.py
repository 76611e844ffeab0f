"""The blocks as a table: a bar for what each one moves, its divergence beside the bound, its stop ratio."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from flowviz.core.frames import BlockInfo, BlockKind
from flowviz.gui.theme.theme import current_tokens, mix, zoomed
from flowviz.gui.widgets.quiet_table import make_quiet
from flowviz.scene.block_story import BlockChain, BlockRow, figure, sentence, step_words

_STATUS = {"waiting": "○", "training": "◐", "trained": "●"}
_WIDE, _ROW = 430, 20
_NARROW = {0: 44, 1: 44, 3: 44, 4: 42, 5: 42}  # by column; the bar takes the rest
_SHARE, _GHOST = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1
_COLUMNS = {
    "Block": "Counted from the data; ○ waits, ◐ trains, ● is trained",
    "h": "The JKO step: the larger, the farther a block moves; the free block has none",
    "W₂²": "Squared Wasserstein distance that the block covers: E|x(1) − x(0)|². Dashed: the round before",
    "KL": "KL divergence to N(0, I) behind the block, in nats",
    "≤": "What the theory allows behind an exact JKO step: KL before it / (1 + h)²",
    "stop": "E|x − T(x)|² / E|T(x)|²: below the stop ratio of the form, further blocks are not worth training",
    "V": "E[V(x(1))]: how far the particles are from noise behind the block",
    "div": "−E∫ div v: the change of entropy along the block",
    "W₂²/2h": "The price of moving",
}
_OF_A_PROCESS = {
    1: ("γ", "How long the block follows the Ornstein-Uhlenbeck process; the free block goes all the way to noise"),
    4: ("≤", "What the process itself leaves: KL before the block · e^(−2γ)"),
}
"""By column, where blocks are stretches of the process and not JKO steps."""
_LOSSES = {"V": "potential", "div": "divergence", "W₂²/2h": "transport"}


class BarDelegate(QStyledItemDelegate):
    """Paints a bar behind the number, and the bar of the round before as an outline."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Bar, outline, number."""
        tokens = current_tokens()
        box = QRectF(option.rect).adjusted(3, 3, -3, -3)  # type: ignore[attr-defined]
        painter.save()
        share, ghost = index.data(_SHARE), index.data(_GHOST)
        if share is not None:
            bar = QRectF(box.left(), box.top(), max(1.0, box.width() * share), box.height())
            painter.fillRect(bar, QColor(mix(tokens.panel, tokens.accent, 0.42)))
        if ghost is not None:
            painter.setPen(QPen(QColor(tokens.text), 1, Qt.PenStyle.DashLine))
            painter.drawRect(QRectF(box.left(), box.top(), max(1.0, box.width() * ghost), box.height()))
        painter.restore()
        super().paint(painter, option, index)


class BlockTable(QTableWidget):
    """One row a block, nearest the data first; Up and Down choose a row once it has the focus.

    Signals:
        block_chosen(int): the person chose a row.
        step_typed(int block, float step): the person gave a block another JKO step.
    """

    block_chosen = Signal(int)
    step_typed = Signal(int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_filling = False
        self._kind: BlockKind = "jko"
        self._in_turn = -1
        self._typed_in: QTableWidgetItem | None = None
        self.setAccessibleName("Blocks")
        make_quiet(self, _COLUMNS)
        header = self.horizontalHeader()
        for place in _NARROW:
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Fixed)
        self._fit()
        self._bars = BarDelegate(self)
        self.setItemDelegateForColumn(2, self._bars)
        self.currentCellChanged.connect(self._cell_changed)
        self.itemChanged.connect(self._item_changed)

    def _fit(self) -> None:
        """Columns and rows as large as the interface."""
        for place, wide in _NARROW.items():
            self.setColumnWidth(place, zoomed(wide))
        self.verticalHeader().setDefaultSectionSize(zoomed(_ROW))

    def changeEvent(self, event: QEvent) -> None:
        """Another size of the interface is another style."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The parts of the loss are shown where there is room."""
        super().resizeEvent(event)
        self._show_columns()

    def _show_columns(self) -> None:
        is_narrow = self.width() < _WIDE or self._kind == "process"
        for place, name in enumerate(_COLUMNS):
            self.setColumnHidden(place, name in _LOSSES and is_narrow)

    def _take_kind(self, kind: BlockKind) -> None:
        """Name the columns for JKO steps, or for stretches of the process, whose losses have no parts."""
        if kind == self._kind:
            return
        self._kind = kind
        names = list(_COLUMNS.items())
        for place, ours in _OF_A_PROCESS.items():
            item = self.horizontalHeaderItem(place)
            name, tip = ours if kind == "process" else names[place]
            if item is not None:
                item.setText(name)
                item.setToolTip(f"<p>{tip}</p>")
        self._show_columns()

    @Slot(int, int, int, int)
    def _cell_changed(self, row: int, _column: int, _old: int, _old_column: int) -> None:
        if not self._is_filling and row >= 0:
            self.block_chosen.emit(row)

    def type_step(self, block: int) -> None:
        """Let the person type the JKO step of a block, in its cell."""
        item = self.item(block, 1)
        if item is not None:
            self._typed_in = item
            self.setFocus()
            self.scrollToItem(item)
            self.editItem(item)

    @Slot(QTableWidgetItem)
    def _item_changed(self, item: QTableWidgetItem) -> None:
        if self._is_filling or item is not self._typed_in:
            return
        self._typed_in = None
        try:
            step = float(item.text().replace(",", "."))
        except ValueError:
            step = math.nan
        self.step_typed.emit(item.row(), step)

    def show_chain(self, chain: BlockChain, before: Sequence[BlockInfo | None], chosen: int) -> None:
        """Show the blocks, those of the round before as outlines, and which block is chosen."""
        self._is_filling = True
        self._take_kind(chain.rows[0].info.kind if chain.rows else "jko")
        self.setRowCount(len(chain.rows))
        ghosts = [None if block is None else block.w2_squared for block in before] or [None] * len(chain.rows)
        costs = [row.info.w2_squared for row in chain.rows]
        most = max((cost or 0.0 for cost in costs + ghosts), default=0.0) or 1.0
        for index, row in enumerate(chain.rows):
            tip = f"<p>{sentence(chain, index)[0]}</p>"
            for place, text in enumerate(_cells(row)):
                self._show_cell(index, place, text, tip)
            self._style(index, row)
            bar = self.item(index, 2)
            if bar is not None:
                share = row.info.w2_squared
                bar.setData(_SHARE, None if share is None else share / most)
                ghost = ghosts[index] if index < len(ghosts) else None
                bar.setData(_GHOST, None if ghost is None else ghost / most)
        if self.currentRow() != chosen:
            self.setCurrentCell(chosen, 0)
        in_turn = max((row.info.index for row in chain.rows if row.info.status != "waiting"), default=0)
        if in_turn != self._in_turn and chain.rows:
            self._in_turn = in_turn
            self.scrollTo(self.model().index(in_turn, 0))
        self._is_filling = False

    def _show_cell(self, row: int, place: int, text: str, tip: str) -> None:
        item = self.item(row, place)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
            self.setItem(row, place, item)
        if item.text() != text:
            item.setText(text)
        if item.toolTip() != tip:
            item.setToolTip(tip)

    def _style(self, index: int, row: BlockRow) -> None:
        tokens = current_tokens()
        for place in range(self.columnCount()):
            item = self.item(index, place)
            if item is None:
                continue
            is_loud = place == 3 and row.is_passed
            colour = tokens.warning if is_loud else tokens.accent if row.info.status == "training" else tokens.text
            item.setForeground(QColor(colour))
            font = QFont(item.font())
            font.setBold(is_loud)
            item.setFont(font)


def _cells(row: BlockRow) -> list[str]:
    info = row.info
    h = step_words(info)
    kl = None if row.kl is None else max(0.0, row.kl)
    bound = None if row.bound is None or row.kl is None else max(0.0, row.bound)
    figures = [info.w2_squared, kl, bound, info.stop_ratio, *(info.losses.get(name) for name in _LOSSES.values())]
    return [f"{_STATUS[info.status]} {info.index + 1}", h, *("–" if x is None else figure(x) for x in figures)]
