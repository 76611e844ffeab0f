"""Curves over training: loss and its parts, NLL against the entropy, distances against their noise floors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QHideEvent, QIcon, QPainter, QPen, QPixmap, QShowEvent
from PySide6.QtWidgets import QLabel, QTabWidget, QToolButton, QVBoxLayout, QWidget

from flowviz.core.records import RunEntry
from flowviz.gui.panels.blocks import BlocksView
from flowviz.gui.panels.rounds import RoundsView
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.state.runs import RunsState
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.views.earlier_curves import earlier_traces, named_of
from flowviz.gui.views.jko import JkoPage
from flowviz.gui.views.probe_page import ProbePage
from flowviz.gui.views.start_words import start_words
from flowviz.gui.views.trace import CurveKind, Trace
from flowviz.gui.views.traces import FINE_POINTS, FINE_W2, KINDS, OTHER_KINDS, has_finest, main_term, traces, unit_of
from flowviz.gui.widgets.flow_layout import FlowLayout
from flowviz.scene.run_story import fine_distance, story

if TYPE_CHECKING:
    from flowviz.gui.views.curve_plot import CurvePlot

_SWATCH = QSize(14, 12)
_WARM_UP_MS = 150
_GAP_MS = 450
_SCRUB_GAP_MS = 60


def swatch(trace: Trace, is_shown: bool, ratio: float) -> QIcon:
    """How a trace looks in the plot: a line, a dashed line, a dot or a band; an outline of it when it is hidden."""
    picture = QPixmap(_SWATCH * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    colour = QColor(trace.colour)
    colour.setAlphaF(1.0 if is_shown else 0.35)
    if trace.style == "band":
        soft = QColor(colour)
        soft.setAlphaF(0.35 if is_shown else 0.12)
        painter.fillRect(QRectF(0, 2, 14, 8), soft)
        painter.setPen(QPen(colour, 1))
        painter.drawLine(0, 2, 14, 2)
        painter.drawLine(0, 9, 14, 9)
    elif trace.style == "dots":
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon([QPointF(7, 1), QPointF(12, 6), QPointF(7, 11), QPointF(2, 6)])
    else:
        pen = QPen(colour, 2.4)
        if trace.style == "dash":
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
            pen.setDashPattern([1.5, 0.9])
        painter.setPen(pen)
        painter.drawLine(0, 6, 14, 6)
    painter.end()
    return QIcon(picture)


def _switch(name: str, tip: str, clicked: Callable[[bool], None]) -> QToolButton:
    """A button of the legend's row that stays pressed."""
    button = QToolButton()
    button.setProperty("legend", True)
    button.setCheckable(True)
    button.setAccessibleName(name)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(clicked)
    button.hide()
    return button


class LegendEntry(QToolButton):
    """One trace with its newest value; a click hides or shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("legend", True)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(_SWATCH)
        self._look: tuple[object, ...] = ()

    def sizeHint(self) -> QSize:
        """As small as swatch and words allow: three fit side by side."""
        words = self.fontMetrics().size(0, self.text())
        return QSize(_SWATCH.width() + words.width() + 12, words.height() + 5)

    def show_trace(self, trace: Trace, is_shown: bool) -> None:
        """Take on name, value and colour of a trace."""
        if self.text() != trace.label:
            self.setText(trace.label)
            self.setAccessibleName(trace.label)
        self.setChecked(is_shown)
        look = (trace.colour, trace.style, trace.tip, is_shown)
        if look != self._look:
            self._look = look
            self.setIcon(swatch(trace, is_shown, self.devicePixelRatioF()))
            self.setToolTip(f"{trace.tip}. Click to {'hide' if is_shown else 'show'} it.".replace("..", "."))


class CurvePage(QWidget):
    """One tab: the legend in a row of its own, the plot below it.

    Signals:
        step_requested(int): the person dragged the cursor line.
        choice_changed(): a trace was hidden or shown.
    """

    step_requested = Signal(int)
    choice_changed = Signal()

    def __init__(self, kind: CurveKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curvePage")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.kind = kind
        self.plot: CurvePlot | None = None
        self.step = 0
        self._entries: dict[str, LegendEntry] = {}
        self._chosen: dict[str, bool] = {}  # what the person hid or showed; the rest follows its size
        self._traces: list[Trace] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(8, 4, 0, 0)
        self._column.setSpacing(0)
        self._legend = QWidget()
        self._row = FlowLayout(self._legend, gap=3)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._column.addWidget(self._legend)
        self._others = QLabel()
        self._others.setProperty("role", "muted")
        self._others.setToolTip("Older runs that are drawn too; the list of runs switches each of them off and on")
        self._others.hide()
        self.log_button = _switch("Logarithmic axis", "Logarithmic or linear axis", self._log_clicked)
        self._kinds = (kind, OTHER_KINDS.get(kind.metric, kind))
        self.kind_button = _switch(self._kinds[1].title, self._kinds[1].tip, self._kind_clicked)
        self.empty = QLabel(f"{kind.tip}.\nIt appears here as soon as a run trains.")
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(12)
        self._column.addWidget(self.empty, 1)
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        self.words.setContentsMargins(2, 0, 8, 5)
        self.words.hide()
        self._column.addWidget(self.words)

    def build(self) -> None:
        """Make the plot; pyqtgraph is loaded with the first one."""
        if self.plot is None:
            from flowviz.gui.views.curve_plot import CurvePlot

            self.plot = CurvePlot(self.kind)
            self.plot.setVisible(False)
            self.plot.step_requested.connect(self.step_requested)
            self._column.insertWidget(self._column.indexOf(self.words), self.plot, 1)

    def show_run(self, run: RunState, step: int, earlier: Sequence[RunEntry] = ()) -> None:
        """Draw the run's curves, those of earlier runs in grey, and the cursor."""
        self.step = step
        self._traces = traces(self.kind, run, current_tokens())
        self._traces += earlier_traces(self.kind, earlier, current_tokens(), main_term(run))
        has_lines = any(trace.style == "line" for trace in self._traces)
        if has_lines:
            self.build()
        self.empty.setVisible(not has_lines)
        self._show_legend()
        if self.plot is not None:
            self.plot.setVisible(has_lines)
            self.plot.set_unit(unit_of(self.kind, run))
            shown = [trace for trace in self._traces if self.is_shown(trace)]
            last = max((int(trace.x[-1]) for trace in shown if len(trace.x)), default=0)
            self.plot.show_traces(shown, run.first_step, max(run.step, last))
            self.plot.show_step(step)
        self._say(run, earlier)

    def _say(self, run: RunState, earlier: Sequence[RunEntry]) -> None:
        """What the curve says, in words."""
        newest = {name: history.last for name, history in run.metrics.items() if history.last is not None}
        text = story(self.kind.metric, newest, run.floors, run.entropy)
        if self.kind.metric == "w2" and has_finest(run):
            text = fine_distance(newest[FINE_W2], run.floors[FINE_W2], FINE_POINTS)
        if self.kind.metric == "nll":
            text = start_words(run, earlier) or text
        self.words.setVisible(bool(text))
        if text != self.words.text():
            self.words.setText(text)

    def is_shown(self, trace: Trace) -> bool:
        """Whether a trace is drawn: as the person chose, else unless it is tiny."""
        return self._chosen.get(trace.key, not trace.is_minor)

    def toggle(self, key: str, is_on: bool) -> None:
        """Hide or show one trace from now on."""
        self._chosen[key] = is_on

    @property
    def entries(self) -> dict[str, LegendEntry]:
        """The legend by trace."""
        return self._entries

    def _show_legend(self) -> None:
        named, count = named_of(self._traces)
        self._others.setText(f"and {count} more")
        keys = [trace.key for trace in named]
        if list(self._entries) != keys:
            for entry in self._entries.values():
                self._row.removeWidget(entry)
                entry.hide()
                entry.deleteLater()
            self._entries = {}
            for key in keys:
                entry = LegendEntry()
                entry.clicked.connect(lambda is_on, key=key: self._clicked(key, is_on))
                self._row.addWidget(entry)
                self._entries[key] = entry
        self._show_log_button()
        self._others.setVisible(count > 0)
        for trace in named:
            self._entries[trace.key].show_trace(trace, self.is_shown(trace))

    def _show_log_button(self) -> None:
        """Offered where a logarithm exists; it and the other kind are always the last of the row."""
        values = [trace.y for trace in self._traces if len(trace.y)]
        can = bool(values) and all((y[np.isfinite(y)] > 0).all() for y in values)
        for button in (self._others, self.kind_button, self.log_button):
            self._row.removeWidget(button)
            self._row.addWidget(button)
        self.kind_button.setVisible(self._kinds[0] is not self._kinds[1] and self.plot is not None)
        self.kind_button.setText(self._kinds[self.kind is self._kinds[0]].title.lower())
        self.log_button.setVisible(can and self.plot is not None)
        is_log = self.plot is not None and self.plot.is_log
        self.log_button.setChecked(is_log)
        self.log_button.setText("log axis" if is_log else "linear axis")

    def _log_clicked(self, is_log: bool) -> None:
        if self.plot is not None:
            self.plot.set_log(is_log)
            self.choice_changed.emit()

    def _kind_clicked(self, is_other: bool) -> None:
        self.kind = self._kinds[is_other]
        self.choice_changed.emit()

    def _clicked(self, key: str, is_on: bool) -> None:
        self.toggle(key, is_on)
        self.choice_changed.emit()


class CurvesView(QTabWidget):
    """All curves as tabs; only the one in front is drawn, about twice a second.

    Signals:
        step_requested(int): the person dragged the cursor line.
        built(): the first plot is made; the window has all it needs now.
    """

    step_requested = Signal(int)
    built = Signal()

    def __init__(self, run: RunState, cursor: CursorState, runs: RunsState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._cursor, self._runs = run, cursor, runs
        self._had_pins, self._before_probe = False, 0
        self.setAccessibleName("Curves")
        self.setMinimumHeight(216)
        self.setDocumentMode(True)
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabBar().setAccessibleName("Kinds of curves")
        self.pages: dict[str, CurvePage] = {}
        for kind in KINDS:
            page = CurvePage(kind)
            page.step_requested.connect(self.step_requested)
            page.choice_changed.connect(self.draw)
            self.pages[kind.metric] = page
            self.setTabToolTip(self.addTab(page, kind.tab or kind.title), kind.tip)
        self._add_block_pages()
        self.probe = ProbePage()
        self.setTabToolTip(self.addTab(self.probe, "Probe"), "What happens to the pinned points along the flow")
        self.setTabVisible(self.indexOf(self.probe), False)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.draw)
        self._warm_up = QTimer(self)
        self._warm_up.setSingleShot(True)
        self._warm_up.setInterval(_WARM_UP_MS)
        self._warm_up.timeout.connect(self.build)
        run.curves_changed.connect(self._changed)
        runs.changed.connect(self._changed)
        run.frames_changed.connect(self._changed)
        cursor.moved.connect(self._moved)
        self.currentChanged.connect(self.draw)

    def showEvent(self, event: QShowEvent) -> None:
        """The window comes first; the plots are made when it stands."""
        super().showEvent(event)
        if self.pages[""].plot is None:
            self._warm_up.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """What is not seen needs no plots."""
        super().hideEvent(event)
        self._warm_up.stop()

    @Slot()
    def build(self) -> None:
        """Make the plots that are not made yet."""
        for page in self.pages.values():
            page.build()
        self.draw()
        self.built.emit()

    def _add_block_pages(self) -> None:
        self.jko = JkoPage(self._run, self._cursor)
        self.blocks = BlocksView(self._run, self._cursor)
        self._blocks_of = -1
        for page, title, tip in (
            (self.jko, "JKO", "KL behind every block against the bound of theory, and how far each block moves"),
            (self.blocks, "Blocks", "The blocks that are trained one after another, and what one can do with them"),
        ):
            self.setTabToolTip(self.addTab(page, title), tip)
            page.block_chosen.connect(self._block_chosen)
        self.show_block_pages(False)
        self.rounds = RoundsView(self._run, self._cursor)
        self.rounds.step_requested.connect(self.step_requested)
        self.setTabToolTip(self.addTab(self.rounds, "Rounds"), "How straight the paths of every round of reflow are")
        self.show_rounds_page(False)

    def show_rounds_page(self, visible: bool) -> None:
        """Show or hide the tab of methods that learn their flow round after round."""
        self.setTabVisible(self.indexOf(self.rounds), visible)

    def show_block_pages(self, visible: bool, is_process: bool = False) -> None:
        """Show or hide the tabs of methods that train blocks: JKO steps, or stretches of a process."""
        self.setTabText(self.indexOf(self.jko), "KL" if is_process else "JKO")
        for page in (self.jko, self.blocks):
            self.setTabVisible(self.indexOf(page), visible)
        if self._run.serial != self._blocks_of:
            self._blocks_of = self._run.serial
            self._choose(None)

    def show_probe_page(self, has_pins: bool) -> None:
        """Bring the probe's curves to the front with the first pin, and the page before back when all are gone."""
        is_front = self.currentWidget() is self.probe
        self.setTabVisible(self.indexOf(self.probe), has_pins)
        if has_pins and not is_front and not self._had_pins:
            self._before_probe = self.currentIndex()
            self.setCurrentWidget(self.probe)
        elif not has_pins and is_front and self._had_pins:
            self.setCurrentIndex(self._before_probe)
        self._had_pins = has_pins

    @Slot(int)
    def _block_chosen(self, block: int) -> None:
        self._choose(block)

    def _choose(self, block: int | None) -> None:
        self.jko.choose(block)
        self.blocks.choose(block)

    @Slot()
    def _changed(self) -> None:
        if not self._timer.isActive():
            self._timer.start(_GAP_MS)

    @Slot()
    def _moved(self) -> None:
        page = self.currentWidget()
        if isinstance(page, CurvePage) and page.step != self._cursor.step and not self._timer.isActive():
            self._timer.start(_GAP_MS if self._cursor.follow_latest else _SCRUB_GAP_MS)

    @Slot()
    def draw(self) -> None:
        """Draw the tab in front."""
        page = self.currentWidget()
        if isinstance(page, CurvePage):
            page.show_run(self._run, self._cursor.step, self._runs.earlier)

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours."""
        for page in self.pages.values():
            if page.plot is not None:
                page.plot.restyle()
        self.jko.refresh()
        self.blocks.refresh()
        self.rounds.refresh()
        self.draw()
