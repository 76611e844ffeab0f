"""Strokes of a pointer on a grid of ink, in the plane or in space: tools, and one undo step each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from flowviz.core.spec import Array, TargetSpec, frozen_array
from flowviz.targets._grid import EXTENT
from flowviz.targets._strokes import Stroke

Tool = Literal["brush", "spray", "eraser"]

SMALLEST, LARGEST = 0.06, 3.0


@dataclass(frozen=True, slots=True)
class Brush:
    """What the pointer draws with.

    Attributes:
        tool: brush, spray or eraser.
        size: diameter in world units.
        softness: share of the radius that fades out, 0 (hard) to 1 (soft to the centre).
        strength: how fast density gathers, 0.05 to 3; 1 is usual.
    """

    tool: Tool = "brush"
    size: float = 0.6
    softness: float = 0.6
    strength: float = 1.0


class Painting(QObject):
    """Owns a grid of ink and the tools that change it. Abstract: what the ink is a drawing of is the heir's matter.

    Args:
        ink: (n, n) or (n, n, n) float32, zero, on [-4, 4]^d; row 0 (layer 0) at -4.
        key: the registered target that the ink makes.
        undo_stack: the one history.
        parent: Qt's owner.
    """

    density_changed = Signal(int, int, int, int)
    """Rows and columns [row_low, row_high, column_low, column_high) of `grid` that changed."""
    brush_changed = Signal()
    guide_changed = Signal()
    done_requested = Signal()
    """The person has finished drawing; the target panel leaves draw mode."""
    start_from_requested = Signal()
    """The person wants the chosen target as the base of the drawing; the target panel brings it."""

    def __init__(self, ink: Array, key: str, undo_stack: QUndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ink = ink
        self.key = key
        self.resolution = int(ink.shape[0])
        self.undo_stack = undo_stack
        self.brush = Brush()
        self.is_guide_shown = True
        self._before: Array | None = None
        self._points: list[tuple[float, float, float]] = []
        self._last_end: tuple[float, float] | None = None
        self._at_anchor: Array | None = None
        self._anchor_count = 0
        self._seed = 0

    # ---- what the heir says ----------------------------------------------------------------------

    @property
    def grid(self) -> Array:
        """The ink (n, n) of the plane that one draws on."""
        raise NotImplementedError

    @property
    def guide(self) -> Array | None:
        """Points (n, 2) shown faintly behind the drawing, or None."""
        raise NotImplementedError

    def rasterise(self, stroke: Stroke, first: int) -> None:
        """Put a stroke's ink on the grid from its point `first` on."""
        raise NotImplementedError

    def chosen(self) -> TargetSpec | None:
        """The target that is chosen."""
        raise NotImplementedError

    def announce(self, spec: TargetSpec | None) -> None:
        """Make this the chosen target; no undo step."""
        raise NotImplementedError

    def show_guide(self, is_shown: bool) -> None:
        """Whether the guide is seen."""
        self.is_guide_shown = is_shown
        self.guide_changed.emit()

    # ---- tools -------------------------------------------------------------------------------

    def set_brush(
        self,
        tool: Tool | None = None,
        size: float | None = None,
        softness: float | None = None,
        strength: float | None = None,
    ) -> None:
        """Change the tool or its measures; values are kept within their ranges."""
        brush = self.brush
        new = Brush(
            tool or brush.tool,
            brush.size if size is None else min(max(size, SMALLEST), LARGEST),
            brush.softness if softness is None else min(max(softness, 0.0), 1.0),
            brush.strength if strength is None else min(max(strength, 0.05), 3.0),
        )
        if new != brush:
            self.brush = new
            self.brush_changed.emit()

    def scale_brush(self, factor: float) -> None:
        """Make the brush larger or smaller."""
        self.set_brush(size=self.brush.size * factor)

    # ---- strokes -----------------------------------------------------------------------------

    @property
    def is_drawing(self) -> bool:
        """Whether a stroke is under way."""
        return self._before is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is drawn."""
        return not bool(self.ink.any())

    def begin(self, x: float, y: float, straight: bool = False) -> None:
        """Press the pointer at (x, y); `straight` draws a line from the end of the last stroke."""
        self._before = self.ink.copy()
        self._at_anchor = None
        self._seed += 1
        if straight and self._last_end is not None:
            self._points = [(*self._last_end, 0.0)]
            self._extend(x, y, 0.0)
        else:
            self._points = [(x, y, 0.0)]

    def move(self, x: float, y: float, seconds: float = 0.0, straight: bool = False) -> None:
        """Draw on to (x, y), `seconds` after the last event; `straight` draws a line from where it was asked for."""
        if self._before is None:
            return
        if not straight:
            self._at_anchor = None
            self._extend(x, y, seconds)
            return
        if self._at_anchor is None:
            self._at_anchor, self._anchor_count = self.ink.copy(), len(self._points)
        else:
            self._undo_line(self._at_anchor)
        self._extend(x, y, 0.0)

    def dwell(self, seconds: float) -> None:
        """The pointer was held still for so long: more density gathers under it."""
        if self._before is not None and self._at_anchor is None:
            x, y, _ = self._points[-1]
            self._extend(x, y, seconds)

    def end(self) -> None:
        """Lift the pointer: the stroke becomes one undo step, the drawing becomes the target."""
        if self._before is not None and all(point[:2] == self._points[0][:2] for point in self._points):
            self._click()
        before, self._before, self._at_anchor = self._before, None, None
        if before is not None:
            self._last_end = self._points[-1][:2]
            name = {"brush": "Brush stroke", "spray": "Spray", "eraser": "Erase"}[self.brush.tool]
            self._push(name, before)

    def cancel(self) -> None:
        """Take the stroke under way back."""
        if self._before is not None:
            before, self._before, self._at_anchor = self._before, None, None
            self.show_ink(before)

    def clear(self) -> None:
        """Wipe the drawing, as one undo step. The target on screen stays until something is drawn."""
        self.cancel()
        before = self.ink.copy()
        self.ink[...] = 0.0
        self._last_end = None
        self._push("Clear", before)

    def replace(self, ink: Array, text: str) -> None:
        """Other ink in the place of all that is there, as one undo step named `text`."""
        self.cancel()
        before = self.ink.copy()
        self.ink[...] = ink
        self._push(text, before)

    def start_from(self, density: Array) -> None:
        """Make a density of the ink's shape the drawing, as one undo step, to draw on or erase from."""
        self.replace(density, "Start from the target")

    def _click(self) -> None:
        # Only strokes that stay in place get this ink: at the start of a line it would be a blot.
        points = np.array(self._points[:1], dtype=np.float64)
        self._extend_ink(points, first=0)
        self._tell_changed(points)

    def _extend(self, x: float, y: float, seconds: float) -> None:
        self._points.append((x, y, seconds))
        # Only the last stretch is new, and only the last two points matter for it.
        points = np.array(self._points[-2:], dtype=np.float64)
        self._extend_ink(points, first=len(points) - 1)
        self._tell_changed(points)

    def _extend_ink(self, points: Array, first: int) -> None:
        """Put the new stretch on the grid."""
        brush = self.brush
        # Each stretch scatters its own specks; the seed keeps them the same for the same stroke.
        seed = self._seed * 100_003 + len(self._points)
        self.rasterise(Stroke(brush.tool, points, brush.size, brush.softness, seed, brush.strength), first)

    def _undo_line(self, ink: Array) -> None:
        ends = np.array(self._points[self._anchor_count - 1 :])
        self.ink[...] = ink
        del self._points[self._anchor_count :]
        self._tell_changed(ends)

    def _tell_changed(self, points: Array) -> None:
        reach = self.brush.size * 0.6 + 0.1
        column_low, column_high = _cells(points[:, 0], reach, self.resolution)
        row_low, row_high = _cells(points[:, 1], reach, self.resolution)
        self.density_changed.emit(row_low, row_high, column_low, column_high)

    # ---- undo ------------------------------------------------------------------------------------

    def _push(self, text: str, before: Array) -> None:
        changed = before != self.ink
        if not changed.any():
            return
        axes = range(changed.ndim)
        area = tuple(_span(changed.any(axis=tuple(other for other in axes if other != axis))) for axis in axes)
        target = self.chosen()
        change = _Change(area, before[area].copy(), self.ink[area].copy())
        self.undo_stack.push(_Paint(self, text, change, target, target is None or target.key != self.key))
        self.announce_drawing()
        self._tell_all()

    def paint(self, area: tuple[slice, ...], values: Array) -> None:
        """Put earlier or later ink back; no undo step."""
        self.ink[area] = values
        self._tell_all()

    def show_ink(self, ink: Array) -> None:
        """Other ink that a program chose; no undo step."""
        self.ink[...] = ink
        self._tell_all()

    def take_ink(self, ink: Array | None) -> None:
        """A program brings other ink, or none: no undo step, no signal of a target."""
        self.cancel()
        self.show_ink(ink if ink is not None and ink.shape == self.ink.shape else np.zeros_like(self.ink))

    def _tell_all(self) -> None:
        self.density_changed.emit(0, self.resolution, 0, self.resolution)

    def spec(self) -> TargetSpec:
        """The drawing as a target."""
        return TargetSpec(self.key, {}, {"density": frozen_array(self.ink)}, "Drawing")

    def announce_drawing(self) -> None:
        """Choose the drawing as the target, unless it is empty."""
        if not self.is_empty:
            self.announce(self.spec())


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """A part of the ink, before and after."""

    area: tuple[slice, ...]
    before: Array
    after: Array


class _Paint(QUndoCommand):
    """One stroke: the part of the ink that it touched, and the target that it took the place of."""

    def __init__(
        self, painting: Painting, text: str, change: _Change, target: TargetSpec | None, replaces: bool
    ) -> None:
        super().__init__(text)
        self._painting, self._change, self._target, self._replaces = painting, change, target, replaces
        self._is_done = True  # push() calls redo(), and the stroke is on the grid already

    def redo(self) -> None:
        if self._is_done:
            self._is_done = False
            return
        self._painting.paint(self._change.area, self._change.after)
        self._painting.announce_drawing()

    def undo(self) -> None:
        self._painting.paint(self._change.area, self._change.before)
        if self._replaces:
            self._painting.announce(self._target)
        else:
            self._painting.announce_drawing()


def _span(flags: Array) -> slice:
    where = np.flatnonzero(flags)
    return slice(int(where[0]), int(where[-1]) + 1)


def _cells(values: Array, reach: float, resolution: int) -> tuple[int, int]:
    per_cell = (EXTENT[1] - EXTENT[0]) / resolution
    low = math.floor((float(values.min()) - reach - EXTENT[0]) / per_cell)
    high = math.ceil((float(values.max()) + reach - EXTENT[0]) / per_cell) + 1
    return min(max(low, 0), resolution), min(max(high, 0), resolution)
