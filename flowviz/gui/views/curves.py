"""Curves over training: loss and its parts, NLL against the entropy, distances against their noise floors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QTabWidget, QWidget

from flowviz.core.spec import Array
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import RunState
from flowviz.gui.theme.theme import current_tokens, mix

_POINTS = 400


@dataclass(frozen=True, slots=True)
class CurveKind:
    """One tab: its title, its metric ("" is the loss and its parts), and whether its axis is logarithmic."""

    title: str
    metric: str
    log: bool
    tip: str


KINDS = (
    CurveKind("Loss", "", False, "Training loss and its parts"),
    CurveKind("NLL", "nll", False, "Negative log-likelihood in nats; the dashed line is the target's entropy"),
    CurveKind("W₂", "w2", True, "Wasserstein distance to target samples; the band is what two target samples show"),
    CurveKind("Sliced W₂", "sliced_w2", True, "Sliced Wasserstein distance; the band is the noise floor"),
)


def thin(x: Array, y: Array, most: int = _POINTS) -> tuple[Array, Array]:
    """At most that many points, first and last kept."""
    if len(x) <= most:
        return x, y
    index = np.linspace(0, len(x) - 1, most).round().astype(int)
    return x[index], y[index]


def decent_range(values: Array, extra: list[float]) -> tuple[float, float]:
    """The range that shows what matters: the first wild values of a training do not flatten the rest."""
    values = values[np.isfinite(values)]
    if not len(values):
        return (0.0, 1.0)
    low, high = float(values.min()), float(np.percentile(values, 97))
    for number in extra:
        low, high = min(low, number), max(high, number)
    pad = 0.08 * (high - low) or 0.5
    return low - pad, high + pad


class CurvePlot(pg.PlotWidget):
    """One plot of one kind.

    Signals:
        step_requested(int): the person dragged the cursor line.
    """

    step_requested = Signal(int)

    def __init__(self, kind: CurveKind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = kind
        self.setAccessibleName(f"Curve {kind.title}")
        self.setToolTip(kind.tip)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(120)
        self.plotItem.hideButtons()
        self.plotItem.setMenuEnabled(False)
        self.plotItem.setContentsMargins(0, 8, 8, 0)
        self.plotItem.setMouseEnabled(x=False, y=False)
        self.plotItem.getViewBox().disableAutoRange()
        self._lines: dict[str, pg.PlotCurveItem] = {}
        self._legend = pg.TextItem(anchor=(1, 0))
        self.band = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self.band.setZValue(-10)
        self.band.hide()
        self.bound = pg.InfiniteLine(angle=0, movable=False)
        self.bound.hide()
        self.cursor_line = pg.InfiniteLine(angle=90, movable=True)
        self.cursor_line.setZValue(10)
        self.cursor_line.sigDragged.connect(self._dragged)
        for item in (self.band, self.bound, self.cursor_line):
            self.addItem(item, ignoreBounds=True)
        self._legend.setParentItem(self.plotItem.getViewBox())
        if kind.log:
            self.plotItem.getAxis("left").setLogMode(True)
        self.restyle()

    @Slot()
    def _dragged(self) -> None:
        self.step_requested.emit(round(self.cursor_line.value()))

    def show_run(self, run: RunState, step: int) -> None:
        """Draw the run's curves and the cursor."""
        if self.kind.metric:
            history = run.metrics.get(self.kind.metric)
            curves = {self.kind.title: history.curve()} if history is not None else {}
        else:
            names = sorted(run.losses, key=lambda name: name != "loss")
            curves = {name: run.losses[name].curve() for name in names}
        for name in [name for name in self._lines if name not in curves]:
            self.removeItem(self._lines.pop(name))
        everything = []
        first, last = float(run.first_step), float(max(run.step, 1))
        for index, (name, (x, y)) in enumerate(curves.items()):
            x, y = thin(x, y)
            y = np.log10(np.maximum(y, 1e-9)) if self.kind.log else y
            if name not in self._lines:
                self._lines[name] = pg.PlotCurveItem()
                self._lines[name].setZValue(-index)
                self.addItem(self._lines[name], ignoreBounds=True)
                self._pen(name, index)
            self._lines[name].setData(x, y)
            everything.append(y)
            first = min(first, float(x[0])) if len(x) else first
        extra = self._show_marks(run)
        values = np.concatenate(everything) if everything else np.zeros(0)
        low, high = decent_range(values, extra)
        self.plotItem.getViewBox().setRange(QRectF(first, low, max(1.0, last - first), high - low), padding=0)
        self.show_step(step)
        self.cursor_line.setVisible(bool(everything))
        self._show_legend(run, curves)

    def _show_marks(self, run: RunState) -> list[float]:
        extra: list[float] = []
        floor = run.floors.get(self.kind.metric)
        if floor is not None:
            _, low, high = floor
            ends = [float(np.log10(max(v, 1e-9))) if self.kind.log else v for v in (low, high)]
            self.band.setRegion(ends)
            extra += ends
        self.band.setVisible(floor is not None)
        entropy = run.entropy if self.kind.metric == "nll" else None
        if entropy is not None:
            self.bound.setValue(entropy)
            extra.append(entropy)
        self.bound.setVisible(entropy is not None)
        return extra

    def show_step(self, step: int) -> None:
        """Move the cursor line."""
        self.cursor_line.setValue(step)

    def _pen(self, name: str, index: int) -> None:
        tokens = current_tokens()
        self._lines[name].setPen(pg.mkPen(tokens.accent if index == 0 else tokens.series[index % 6], width=1))

    def _show_legend(self, run: RunState, curves: dict[str, tuple[Array, Array]]) -> None:
        tokens = current_tokens()
        parts = []
        for index, (name, (_, y)) in enumerate(curves.items()):
            colour = tokens.accent if index == 0 else tokens.series[index % 6]
            if len(y):
                parts.append(f"<span style='color:{colour}'>{name.replace('_', ' ')} {y[-1]:.4g}</span>")
        if self.kind.metric == "nll" and run.entropy is not None:
            parts.append(f"<span style='color:{tokens.good}'>entropy {run.entropy:.4g}</span>")
        if self.kind.metric in run.floors:
            parts.append(f"<span style='color:{tokens.good}'>floor {run.floors[self.kind.metric][0]:.3g}</span>")
        words = "<br>".join(parts) or f"<span style='color:{tokens.muted}'>Nothing measured yet</span>"
        self._legend.setHtml(f"<div style='text-align:right; font-size:11px'>{words}</div>")
        self._legend.setTextWidth(150)
        box = self.plotItem.getViewBox()
        self._legend.setPos(box.width() - 4, 2)

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours."""
        tokens = current_tokens()
        self.setBackground(QColor(tokens.panel))
        font = QFont(self.font())
        font.setPixelSize(11)
        for name in ("left", "bottom"):
            axis = self.plotItem.getAxis(name)
            axis.setPen(pg.mkPen(tokens.border))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setTickFont(font)
            axis.setStyle(maxTickLevel=0, tickLength=-4)
            axis.enableAutoSIPrefix(False)
        self.plotItem.getAxis("left").setWidth(44)
        self.plotItem.getAxis("bottom").setHeight(22)
        soft = QColor(tokens.good)
        soft.setAlpha(46)
        self.band.setBrush(soft)
        for line in self.band.lines:
            line.setPen(pg.mkPen(mix(tokens.panel, tokens.good, 0.5)))
        self.bound.setPen(pg.mkPen(tokens.good, style=Qt.PenStyle.DashLine))
        self.cursor_line.setPen(pg.mkPen(tokens.muted, width=1))
        self.cursor_line.setHoverPen(pg.mkPen(tokens.accent, width=1))
        for index, name in enumerate(self._lines):
            self._pen(name, index)


class CurvesView(QTabWidget):
    """All curves as tabs; only the one in front is drawn, at most four times a second.

    Signals:
        step_requested(int): the person dragged the cursor line.
    """

    step_requested = Signal(int)

    def __init__(self, run: RunState, cursor: CursorState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run, self._cursor = run, cursor
        self.setAccessibleName("Curves")
        self.setDocumentMode(True)
        self.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.plots: dict[str, CurvePlot] = {}
        for kind in KINDS:
            plot = CurvePlot(kind)
            plot.step_requested.connect(self.step_requested)
            self.plots[kind.metric] = plot
            self.setTabToolTip(self.addTab(plot, kind.title), kind.tip)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self.draw)
        run.curves_changed.connect(self._changed)
        run.frames_changed.connect(self._changed)
        cursor.moved.connect(self._moved)
        self.currentChanged.connect(self.draw)
        self.draw()

    def add_page(self, page: QWidget, title: str, tip: str) -> None:
        """One more tab that is no curve; hidden until `set_page_visible`."""
        self.setTabToolTip(self.addTab(page, title), tip)
        self.setTabVisible(self.indexOf(page), False)

    def set_page_visible(self, page: QWidget, visible: bool) -> None:
        """Show or hide a tab."""
        self.setTabVisible(self.indexOf(page), visible)

    @Slot()
    def _changed(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _moved(self) -> None:
        plot = self.currentWidget()
        if isinstance(plot, CurvePlot) and plot.cursor_line.value() != self._cursor.step and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def draw(self) -> None:
        """Draw the tab in front."""
        plot = self.currentWidget()
        if isinstance(plot, CurvePlot):
            plot.show_run(self._run, self._cursor.step)

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours."""
        for plot in self.plots.values():
            plot.restyle()
        self.draw()
