"""One tab of the curves: the legend, the plot, and what it says in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QLabel, QToolButton, QVBoxLayout, QWidget

from flowviz.core.records import RunEntry
from flowviz.gui.state.run import RunState
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.views.earlier_curves import earlier_traces, named_of
from flowviz.gui.views.start_words import start_words
from flowviz.gui.views.trace import CurveKind, Trace
from flowviz.gui.views.traces import FINE_POINTS, FINE_W2, OTHER_KINDS, has_finest, main_term, traces, unit_of
from flowviz.gui.widgets.flow_layout import FlowLayout
from flowviz.gui.widgets.story import Story
from flowviz.scene.run_story import fine_distance, story

if TYPE_CHECKING:
    from flowviz.gui.views.curve_plot import CurvePlot

_SWATCH = QSize(14, 12)


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
        self.is_log = kind.log
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
        self.log_button = _switch("Logarithmic axis", "Logarithmic or linear axis", self.set_log)
        self._kinds = (kind, OTHER_KINDS.get(kind.metric, kind))
        self.kind_button = _switch(self._kinds[1].title, self._kinds[1].tip, self._kind_clicked)
        self.empty = QLabel(f"{kind.tip}.\nIt appears here as soon as a run trains.")
        self.empty.setProperty("role", "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setMargin(12)
        self._column.addWidget(self.empty, 1)
        self.words = Story()
        self.words.setProperty("role", "muted")
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
            self.plot.set_log(self.is_log and self._has_logarithm)
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

    @property
    def _has_logarithm(self) -> bool:
        values = [trace.y for trace in self._traces if len(trace.y)]
        return bool(values) and all((y[np.isfinite(y)] > 0).all() for y in values)

    def _show_log_button(self) -> None:
        """Offered where a logarithm exists; it and the other kind are always the last of the row."""
        for button in (self._others, self.kind_button, self.log_button):
            self._row.removeWidget(button)
            self._row.addWidget(button)
        self.kind_button.setVisible(self._kinds[0] is not self._kinds[1] and self.plot is not None)
        self.kind_button.setText(self._kinds[self.kind is self._kinds[0]].in_a_row)
        self.log_button.setVisible(self._has_logarithm and self.plot is not None)
        self.log_button.setChecked(self.is_log)
        self.log_button.setText("log axis" if self.is_log else "linear axis")

    def set_log(self, is_log: bool) -> None:
        """Make the vertical axis logarithmic, wherever there is a logarithm, or linear from now on."""
        if is_log == self.is_log:
            return
        self.is_log = is_log
        self.choice_changed.emit()

    def _kind_clicked(self, is_other: bool) -> None:
        self.kind = self._kinds[is_other]
        self.choice_changed.emit()

    def _clicked(self, key: str, is_on: bool) -> None:
        self.toggle(key, is_on)
        self.choice_changed.emit()
