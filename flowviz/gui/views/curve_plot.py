"""One plot of curves over training. The only file that imports pyqtgraph: it is loaded once the window is up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QWidget

from flowviz.core.spec import Array
from flowviz.gui.theme.theme import current_tokens, mix, zoomed
from flowviz.gui.views.trace import CurveKind, Trace
from flowviz.scene.ticks import log_ticks

_LEAST = 1e-9
_DOT_ROOM = 0.02

Range = tuple[float, float]
_SPARE = 0.05
"""Room on the right for the steps to come, as a share of those that were."""


def decent_range(values: Array, extra: Sequence[float]) -> tuple[float, float]:
    """The range that shows what matters: the first wild values of a training do not flatten the rest."""
    values = values[np.isfinite(values)]
    if not len(values):
        return (min(extra) - 0.5, max(extra) + 0.5) if extra else (0.0, 1.0)
    low, high = float(values.min()), float(np.percentile(values, 97))
    for number in extra:
        low, high = min(low, number), max(high, number)
    pad = 0.08 * (high - low) or 0.5
    return low - pad, high + pad


def steady_range(old: Range, wanted: Range, spare: float = 0.0) -> Range:
    """The old range as long as it will do, for new axes are the larger part of what drawing a curve costs.

    Args:
        old: (low, high) on the screen.
        wanted: (low, high) with its margins, most of which may be lost before the range changes.
        spare: what a new range has at its end beyond what is wanted, as a share of it.
    """
    low, high = wanted
    give, span = 0.055 * (high - low) if not spare else 0.0, high - low
    if old[0] <= low + give and old[1] >= high - give and span > 0.85 * (old[1] - old[0]):
        return old
    return low, high + spare * span


class LogAxis(pg.AxisItem):
    """Round numbers on a linear or a logarithmic axis, there also within one decade."""

    is_log = True

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """As pyqtgraph asks: (spacing, places) by level."""
        if not self.is_log:
            return super().tickValues(minVal, maxVal, size)  # type: ignore[no-any-return]
        return [(1.0, log_ticks(minVal, maxVal, max(2, int(size // 22))))]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """The numbers, not their logarithms."""
        if not self.is_log:
            return super().tickStrings(values, scale, spacing)  # type: ignore[no-any-return]
        return [f"{10.0**value:.3g}" for value in values]


class StepAxis(pg.AxisItem):
    """Training steps; the first number says what it counts."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """As pyqtgraph asks."""
        words = [f"{value:,.0f}" if value == round(value) else "" for value in values]
        first = next((index for index, word in enumerate(words) if word and values[index] > 0), None)
        if first is not None:
            words[first] = f"step {words[first]}"
        return words


class CurvePlot(pg.PlotWidget):
    """One plot of one kind.

    Signals:
        step_requested(int): the person dragged the cursor line.
    """

    step_requested = Signal(int)

    def __init__(self, kind: CurveKind, parent: QWidget | None = None) -> None:
        left = LogAxis("left")
        left.is_log = self.is_log = kind.log
        super().__init__(parent, axisItems={"left": left, "bottom": StepAxis("bottom")})
        self.kind, self.unit = kind, kind.unit
        self.setAccessibleName(f"Curve {kind.title}")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(90)
        self.plotItem.hideButtons()
        self.plotItem.setMenuEnabled(False)
        self.plotItem.setContentsMargins(0, 4, 8, 0)
        self.plotItem.setMouseEnabled(x=False, y=False)
        self.plotItem.getViewBox().disableAutoRange()
        self._lines: dict[str, pg.PlotCurveItem] = {}
        self._traces: tuple[Trace, ...] = ()
        self.scene().sigMouseMoved.connect(self._hovered)
        self.band = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self.band.setZValue(-10)
        self.bounds: dict[str, pg.InfiniteLine] = {}
        self.dots = pg.ScatterPlotItem(size=9, symbol="d", pxMode=True)
        self.dots.setZValue(5)
        self.cursor_line = pg.InfiniteLine(angle=90, movable=True)
        self.cursor_line.setZValue(10)
        self.cursor_line.sigDragged.connect(self._dragged)
        for item in (self.band, self.dots, self.cursor_line):
            item.hide()
            self.addItem(item, ignoreBounds=True)
        self.restyle()

    def set_log(self, is_log: bool) -> None:
        """Make the vertical axis logarithmic, or linear."""
        if is_log == self.is_log:
            return
        self.is_log = self.plotItem.getAxis("left").is_log = is_log
        self.plotItem.getAxis("left").picture = None
        self.plotItem.getAxis("left").update()

    @Slot(object)
    def _hovered(self, place: QPointF) -> None:
        """Say the step and the values under the pointer."""
        box = self.plotItem.getViewBox()
        if not self._traces or not box.sceneBoundingRect().contains(place):
            self.setToolTip("")
            return
        self.setToolTip(self.values_at(box.mapSceneToView(place).x()))

    def values_at(self, step: float) -> str:
        """The training step and the value of every line there, as words."""
        lines = [f"step {step:,.0f}"]
        for trace in self._traces:
            inside = trace.style == "line" and len(trace.x) and trace.x[0] <= step <= trace.x[-1]
            if inside:
                name = trace.name or trace.label.rsplit(" ", 1)[0]
                lines.append(f"{name} {np.interp(step, trace.x, trace.y):.4g}")
        return "\n".join(lines)

    @Slot()
    def _dragged(self) -> None:
        self.step_requested.emit(round(self.cursor_line.value()))

    def _height(self, value: float) -> float:
        return math.log10(max(value, _LEAST)) if self.is_log else value

    def show_traces(self, traces: Sequence[Trace], first: int, last: int) -> None:
        """Draw these over the training steps from first to last."""
        self._traces = tuple(traces)
        lines = [trace for trace in traces if trace.style == "line"]
        for name in set(self._lines) - {trace.key for trace in lines}:
            self.removeItem(self._lines.pop(name))
        everything: list[Array] = []
        begin, end = float(first), float(max(last, 1))
        for index, trace in enumerate(lines):
            y = self._heights(trace.y)
            if trace.key not in self._lines:
                self._lines[trace.key] = pg.PlotCurveItem(antialias=True)
                self.addItem(self._lines[trace.key], ignoreBounds=True)
            line = self._lines[trace.key]
            line.setZValue(-index)
            line.setData(trace.x, y, pen=pg.mkPen(trace.colour, width=1))
            everything.append(y)
            begin = min(begin, float(trace.x[0]))
        dots = self._show_dots(traces)
        everything += dots
        end += _DOT_ROOM * (end - begin) if dots else 0.0
        levels = self._show_levels(traces)
        low, high = decent_range(np.concatenate(everything) if everything else np.zeros(0), levels)
        old_x, old_y = self.plotItem.getViewBox().viewRange()
        known = (begin, old_x[1]) if old_x[0] == begin else (begin, begin)
        left, right = steady_range(known, (begin, max(begin + 1.0, end)), _SPARE)
        low, high = steady_range((old_y[0], old_y[1]), (low, high))
        self.plotItem.getViewBox().setRange(QRectF(left, low, right - left, high - low), padding=0)
        self.cursor_line.setVisible(bool(everything))
        self.scene().prepareForPaint()  # else the first painting would ask for a second one

    def _heights(self, values: Array) -> Array:
        return np.log10(np.maximum(values, _LEAST)) if self.is_log else values

    def _show_dots(self, traces: Sequence[Trace]) -> list[Array]:
        shown = next((trace for trace in traces if trace.style == "dots" and len(trace.x)), None)
        self.dots.setVisible(shown is not None)
        if shown is None:
            return []
        heights = self._heights(shown.y)
        self.dots.setData(shown.x, heights, brush=pg.mkBrush(shown.colour), pen=pg.mkPen(current_tokens().panel))
        return [heights]

    def _show_levels(self, traces: Sequence[Trace]) -> list[float]:
        levels: list[float] = []
        band = next((trace for trace in traces if trace.style == "band"), None)
        if band is not None:
            levels += [self._height(level) for level in band.levels]
            self.band.setRegion(levels)
        self.band.setVisible(band is not None)
        dashes = {trace.key: trace for trace in traces if trace.style == "dash"}
        for key in set(self.bounds) - set(dashes):
            self.removeItem(self.bounds.pop(key))
        for key, trace in dashes.items():
            if key not in self.bounds:
                self.bounds[key] = pg.InfiniteLine(angle=0, movable=False)
                self.addItem(self.bounds[key], ignoreBounds=True)
            self.bounds[key].setValue(self._height(trace.levels[0]))
            self.bounds[key].setPen(pg.mkPen(trace.colour, width=1.5, style=Qt.PenStyle.DashLine))
            levels.append(self.bounds[key].value())
        return levels

    def show_step(self, step: int) -> None:
        """Move the cursor line."""
        if self.cursor_line.value() != step:
            self.cursor_line.setValue(step)

    def set_unit(self, unit: str) -> None:
        """The unit of the vertical axis."""
        if unit != self.unit:
            self.unit = unit
            self.restyle()

    @Slot()
    def restyle(self) -> None:
        """Take on the theme's colours."""
        tokens = current_tokens()
        self.setBackground(QColor(tokens.panel))
        font = QFont(self.font())
        font.setPixelSize(zoomed(11))
        for name in ("left", "bottom"):
            axis = self.plotItem.getAxis(name)
            axis.setPen(pg.mkPen(tokens.border))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setTickFont(font)
            axis.setStyle(maxTickLevel=0, tickLength=-4)
            axis.enableAutoSIPrefix(False)
        left = self.plotItem.getAxis("left")
        left.setLabel(self.unit, **{"color": tokens.muted, "font-size": f"{zoomed(11)}px"})
        left.setWidth(zoomed(52))
        self.plotItem.getAxis("bottom").setHeight(zoomed(22))
        soft = QColor(tokens.good)
        soft.setAlpha(60)
        self.band.setBrush(soft)
        for line in self.band.lines:
            line.setPen(pg.mkPen(mix(tokens.panel, tokens.good, 0.6)))
        self.cursor_line.setPen(pg.mkPen(tokens.muted, width=1))
        self.cursor_line.setHoverPen(pg.mkPen(tokens.accent, width=1))
