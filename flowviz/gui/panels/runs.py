"""The list of runs: what each one was and reached, and what one can do with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSignalBlocker, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QKeyEvent, QPainter, QPaintEvent, QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from flowviz.core.records import RunEntry
from flowviz.gui.panels.top_bar import duration
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.run import RunState
from flowviz.gui.state.runs import RunsState
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.views.trace import number
from flowviz.gui.widgets.flow_layout import FlowLayout

_WHAT = Qt.ItemDataRole.UserRole
_CHECKABLE = Qt.ItemFlag.ItemIsUserCheckable
_HIGH_LEFT = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
_HIGH_RIGHT = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight
_LOW_LEFT = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft
_ROW, _WORDS_LEFT, _GAP_MS = 44, 42, 500
_COLUMNS = {
    "Run": "The run on the stage is marked. A tick keeps an earlier run's curves as grey lines; F2 gives another name",
    "NLL": "Negative log-likelihood of target samples, newest value, in nats",
    "W₂": "Wasserstein distance from generated to target samples, newest value",
    "Time": "Training time, pauses not counted",
}


def swatch(colour: str, is_on_stage: bool, ratio: float) -> QIcon:
    """A run's colour: a full square on the stage, an outline off it."""
    picture = QPixmap(QSize(12, 12) * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setPen(QColor(colour))
    painter.drawRect(1, 1, 9, 9)
    if is_on_stage:
        painter.fillRect(1, 1, 10, 10, QColor(colour))
    painter.end()
    return QIcon(picture)


class _Figures(QStyledItemDelegate):
    """Beside the name, so that the line below is free for what the run was."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The ground over the whole height, the figure in its upper half."""
        ground = QStyleOptionViewItem(option)
        self.initStyleOption(ground, index)
        ground.text = ""  # type: ignore[attr-defined]
        widget: QWidget = option.widget  # type: ignore[attr-defined]
        widget.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, ground, painter, widget)
        box = QRect(option.rect).adjusted(2, 4, -3, -4)  # type: ignore[attr-defined]
        _write(painter, box, str(index.data() or ""), option.font, current_tokens().text, _HIGH_RIGHT)  # type: ignore[attr-defined]


class _TwoLines(QStyledItemDelegate):
    """The name, below which the list writes what the run was; only the name can be edited."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Tick and swatch as usual, and the name above."""
        super().paint(painter, option, index)
        box = QRect(option.rect).adjusted(_WORDS_LEFT, 4, -4, -4)  # type: ignore[attr-defined]
        font = QFont(option.font)  # type: ignore[attr-defined]
        font.setBold(bool((index.data(Qt.ItemDataRole.FontRole) or font).bold()))
        _write(painter, box, str(index.data() or ""), font, current_tokens().text, _HIGH_LEFT)

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """`paint` writes the words itself."""
        super().initStyleOption(option, index)
        option.text = ""  # type: ignore[attr-defined]

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Two lines high."""
        return QSize(super().sizeHint(option, index).width(), _ROW)


def _write(painter: QPainter, box: QRect, text: str, font: QFont, colour: str, place: Qt.AlignmentFlag) -> None:
    painter.save()
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width())
    painter.drawText(box, int(place), shown)
    painter.restore()


class _RunList(QTreeWidget):
    """Rows of two lines: name and figures in columns, and below, over the whole width, what the run was."""

    def drawRow(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The columns, then the line below them."""
        super().drawRow(painter, option, index)
        box = QRect(option.rect)  # type: ignore[attr-defined]
        box = box.adjusted(_WORDS_LEFT, 4, -4, -4)
        what = str(index.sibling(index.row(), 0).data(_WHAT) or "")
        _write(painter, box, what, self.font(), current_tokens().muted, _LOW_LEFT)


class RunsPanel(QWidget):
    """The runs of the session, oldest first.

    Signals:
        bring_back_requested(int number), remove_requested(int number), rename_requested(int number, str name);
        curves_toggled(int number, bool shown); compare_requested(str method).
    """

    bring_back_requested = Signal(int)
    remove_requested = Signal(int)
    rename_requested = Signal(int, str)
    curves_toggled = Signal(int, bool)
    compare_requested = Signal(str)

    def __init__(self, runs: RunsState, run: RunState, draft: DraftState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs, self._run, self._draft = runs, run, draft
        self.setObjectName("runsPanel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(6)
        self.list = self._make_list()
        column.addWidget(self.list, 1)
        self.empty = QLabel("Every run of this session with what it reached.\nThe first appears when you press Run.")
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        column.addWidget(self.empty, 1)
        column.addLayout(self._make_buttons())
        self._is_stale = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        runs.changed.connect(self.refresh)
        run.status_changed.connect(self.refresh)
        for signal in (run.curves_changed, run.frames_changed):
            signal.connect(self._soon)
        self.refresh()

    def _make_list(self) -> QTreeWidget:
        made = _RunList()
        made.setAccessibleName("Runs")
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setAllColumnsShowFocus(True)
        made.setTextElideMode(Qt.TextElideMode.ElideRight)
        made.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        made.setColumnCount(len(_COLUMNS))
        made.setHeaderLabels(list(_COLUMNS))
        made.setItemDelegateForColumn(0, _TwoLines(made))
        figures = _Figures(made)
        for place, tip in enumerate(_COLUMNS.values()):
            made.headerItem().setToolTip(place, f"<p>{tip}</p>")
        header = made.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for place in range(1, len(_COLUMNS)):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.ResizeToContents)
            made.setItemDelegateForColumn(place, figures)
            made.headerItem().setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        made.itemDoubleClicked.connect(self._activated)
        made.itemChanged.connect(self._item_changed)
        made.currentItemChanged.connect(self._show_buttons)
        return made

    def _make_buttons(self) -> FlowLayout:
        row = FlowLayout(gap=4)
        self.back_button = self._button(
            "Bring back",
            "Put the chosen run on the stage with its frames; Continue trains on (Enter)",
            self._bring_back,
        )
        self.remove_button = self._button("Remove", "Forget the chosen run (Delete)", self._remove)
        self.compare_button = self._button(
            "Compare with…", "Train another method on the same target with the same seed, and see both", None
        )
        self.methods = QMenu(self.compare_button)
        self.methods.aboutToShow.connect(self._fill_methods)
        self.compare_button.setMenu(self.methods)
        for button in (self.back_button, self.remove_button, self.compare_button):
            row.addWidget(button)
        return row

    @staticmethod
    def _button(text: str, tip: str, action: Callable[[], None] | None) -> QPushButton:
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.setProperty("compact", True)
        button.setToolTip(f"<p>{tip}</p>")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if action is not None:
            button.clicked.connect(lambda: action())
        return button

    # -- what the person does -------------------------------------------------------------------------------

    @property
    def chosen(self) -> int:
        """Number of the chosen run; 0 when none is."""
        item = self.list.currentItem()
        return int(item.data(1, _WHAT)) if item is not None else 0

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter brings back, Delete removes."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._bring_back()
            case Qt.Key.Key_Delete:
                self._remove()
            case _:
                super().keyPressEvent(event)

    @Slot(QTreeWidgetItem, int)
    def _activated(self, _item: QTreeWidgetItem, _column: int) -> None:
        self._bring_back()

    def _bring_back(self) -> None:
        if self.chosen and self.chosen != self._runs.stage:
            self.bring_back_requested.emit(self.chosen)

    def _remove(self) -> None:
        if self.chosen and self.chosen != self._runs.stage:
            self.remove_requested.emit(self.chosen)

    @Slot(QTreeWidgetItem, int)
    def _item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        number_, entry = int(item.data(1, _WHAT)), self._runs.entry(int(item.data(1, _WHAT)))
        if column != 0 or entry is None:
            return
        if item.text(0) != entry.name:
            self.rename_requested.emit(number_, item.text(0))
        is_shown = item.checkState(0) == Qt.CheckState.Checked
        if number_ != self._runs.stage and is_shown != entry.is_shown:
            self.curves_toggled.emit(number_, is_shown)
        QTimer.singleShot(0, self, self.refresh)  # not within the item's own signal

    @Slot()
    def _fill_methods(self) -> None:
        self.methods.clear()
        spec = self._run.spec
        for key, choice in self._draft.methods.items():
            if spec is not None and key != spec.flow.key:
                action = self.methods.addAction(choice.label)
                action.triggered.connect(lambda *_, key=key: self.compare_requested.emit(key))

    # -- showing --------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        """What was not drawn while nobody looked is drawn now."""
        super().showEvent(event)
        self.refresh()

    @Slot()
    def _soon(self) -> None:
        if not self._is_seen:  # behind another tab: painting tells when it comes to the front
            self._is_stale = True
        elif not self._timer.isActive():
            self._timer.start(_GAP_MS)

    @property
    def _is_seen(self) -> bool:
        return self.isVisible() and not self.visibleRegion().isEmpty()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Out of the shadow of another tab: what changed meanwhile is shown now."""
        super().paintEvent(event)
        if self._is_stale:
            self._is_stale = False
            self._timer.start(0)

    @Slot()
    def refresh(self) -> None:
        """Show the list as it is."""
        entries = self._runs.entries
        self.list.setVisible(bool(entries))
        self.empty.setVisible(not entries)
        with QSignalBlocker(self.list):
            chosen = self.chosen
            while self.list.topLevelItemCount() > len(entries):
                self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
            for place, entry in enumerate(entries):
                item = self.list.topLevelItem(place)
                if item is None:
                    item = QTreeWidgetItem()
                    self.list.addTopLevelItem(item)
                self._fill(item, entry)
                if entry.number == chosen:
                    self.list.setCurrentItem(item)
        self._show_buttons()

    def _fill(self, item: QTreeWidgetItem, entry: RunEntry) -> None:
        facts, tokens = self._runs.facts(entry), current_tokens()
        on_stage = entry.number == self._runs.stage
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setFlags(item.flags() & ~_CHECKABLE if on_stage else item.flags() | _CHECKABLE)
        item.setText(0, entry.name)
        item.setData(1, _WHAT, entry.number)
        item.setIcon(0, swatch(run_colour(entry.number, tokens.series), on_stage, self.devicePixelRatioF()))
        is_shown = on_stage or entry.is_shown
        item.setCheckState(0, Qt.CheckState.Checked if is_shown else Qt.CheckState.Unchecked)
        font = item.font(0)
        font.setBold(on_stage)
        item.setFont(0, font)
        if facts is None:
            return
        choice = self._draft.methods.get(facts.spec.flow.key)
        method = choice.label if choice is not None else facts.spec.flow.key
        target = facts.spec.target.name or facts.spec.target.key.replace("_", " ")
        item.setData(0, _WHAT, f"{method} · {target}")
        figures = [None, facts.nll, facts.w2]
        for place in (1, 2):
            value = figures[place]
            item.setText(place, "–" if value is None else number(value))
        item.setText(3, duration(facts.seconds))
        words = f"{entry.name}: {method} on {target}, seed {facts.spec.seed}, {facts.step:,} training steps"
        for place in range(4):
            item.setToolTip(place, f"<p>{words}{' · on the stage' if on_stage else ''}</p>")
            if place:
                item.setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    @Slot()
    def _show_buttons(self) -> None:
        earlier = bool(self.chosen) and self.chosen != self._runs.stage
        self.back_button.setEnabled(earlier)
        self.remove_button.setEnabled(earlier)
        self.compare_button.setEnabled(self._run.spec is not None and len(self._draft.methods) > 1)


def run_colour(run: int, series: tuple[str, ...]) -> str:
    """The colour of a run in lists, labels and comparisons."""
    return series[(run - 1) % len(series)]
