"""What a person draws: tools, strokes, one undo step each, and the target that comes of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from flowviz.core.spec import Array, TargetSpec, frozen_array
from flowviz.targets._grid import EXTENT
from flowviz.targets._strokes import Stroke, rasterise_onto

Tool = Literal["brush", "spray", "eraser"]

RESOLUTION = 256
SMALLEST, LARGEST = 0.06, 3.0
_CLEAN = 0.02
"""Less ink than this is nothing: the eraser leaves no haze."""


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


class DrawController(QObject):
    """Owns the drawing (a density grid), the tools and the undo stack; knows which target is chosen.

    The grid is (256, 256) float32 on [-4, 4]^2, row 0 at y = -4.

    Args:
        parent: Qt's owner.
        undo_stack: the one history; None makes one.
        has_noise: whether no target stands for noise that can be chosen (of a source), and not for nothing yet.
    """

    target_changed = Signal(object)
    """TargetSpec, or None for noise: another target was chosen, by the person or by undo."""
    density_changed = Signal(int, int, int, int)
    """Rows and columns [row_low, row_high, column_low, column_high) of the grid that changed."""
    brush_changed = Signal()
    guide_changed = Signal()
    done_requested = Signal()
    """The person has finished drawing; the target panel leaves draw mode."""
    start_from_requested = Signal()
    """The person wants the chosen target as the base of the drawing; the target panel brings it."""

    def __init__(
        self, parent: QObject | None = None, undo_stack: QUndoStack | None = None, has_noise: bool = False
    ) -> None:
        super().__init__(parent)
        self.grid: Array = np.zeros((RESOLUTION, RESOLUTION), dtype=np.float32)
        self.brush = Brush()
        self.undo_stack = QUndoStack(self) if undo_stack is None else undo_stack
        self.has_noise = has_noise
        self.target: TargetSpec | None = None
        self.guide: Array | None = None
        self.is_guide_shown = True
        self._before: Array | None = None
        self._points: list[tuple[float, float, float]] = []
        self._last_end: tuple[float, float] | None = None
        self._at_anchor: Array | None = None
        self._anchor_count = 0
        self._seed = 0

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
        return not bool(self.grid.any())

    def begin(self, x: float, y: float, straight: bool = False) -> None:
        """Press the pointer at (x, y); `straight` draws a line from the end of the last stroke."""
        self._before = self.grid.copy()
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
            self._at_anchor, self._anchor_count = self.grid.copy(), len(self._points)
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
            self._push_grid(name, before)

    def cancel(self) -> None:
        """Take the stroke under way back."""
        if self._before is not None:
            before, self._before, self._at_anchor = self._before, None, None
            self._show_grid(before)

    def clear(self) -> None:
        """Wipe the drawing, as one undo step. The target on screen stays until something is drawn."""
        self.cancel()
        before = self.grid.copy()
        self.grid[...] = 0.0
        self._last_end = None
        self._push_grid("Clear", before)

    def start_from(self, density: Array) -> None:
        """Make a density (256, 256) the drawing, as one undo step, to draw on or erase from."""
        self.cancel()
        before = self.grid.copy()
        self.grid[...] = density
        self._push_grid("Start from the target", before)

    def _click(self) -> None:
        # Only strokes that stay in place get this ink: at the start of a line it would be a blot.
        points = np.array(self._points[:1], dtype=np.float64)
        self._ink(points, first=0)
        self._tell_changed(points)

    def _extend(self, x: float, y: float, seconds: float) -> None:
        self._points.append((x, y, seconds))
        # Only the last stretch is new, and only the last two points matter for it.
        points = np.array(self._points[-2:], dtype=np.float64)
        self._ink(points, first=len(points) - 1)
        self._tell_changed(points)

    def _ink(self, points: Array, first: int) -> None:
        """Put the new stretch on the grid; strength scales its ink."""
        brush, strength = self.brush, self.brush.strength
        # Each stretch scatters its own specks; the seed keeps them the same for the same stroke.
        seed = self._seed * 100_003 + len(self._points)
        stroke = Stroke(brush.tool, points, brush.size, brush.softness, seed)
        if strength == 1.0:
            rasterise_onto(self.grid, stroke, EXTENT, first)
            return
        if brush.tool == "eraser":
            wiped = np.ones_like(self.grid)
            rasterise_onto(wiped, stroke, EXTENT, first)
            self.grid *= wiped**strength
            self.grid[self.grid < _CLEAN] = 0.0
            return
        fresh = np.zeros_like(self.grid)
        rasterise_onto(fresh, stroke, EXTENT, first)
        self.grid += np.float32(strength) * fresh

    def _undo_line(self, grid: Array) -> None:
        ends = np.array(self._points[self._anchor_count - 1 :])
        self.grid[...] = grid
        del self._points[self._anchor_count :]
        self._tell_changed(ends)

    def _tell_changed(self, points: Array) -> None:
        reach = self.brush.size * 0.6 + 0.1
        column_low, column_high = _cells(points[:, 0], reach)
        row_low, row_high = _cells(points[:, 1], reach)
        self.density_changed.emit(row_low, row_high, column_low, column_high)

    # ---- targets and undo ----------------------------------------------------------------------

    def spec(self) -> TargetSpec:
        """The drawing as a target."""
        return TargetSpec("drawing", {}, {"density": frozen_array(self.grid)}, "Drawing")

    def show_target(self, spec: TargetSpec | None) -> None:
        """A program chose another target (a run was opened): no undo step, no signal."""
        self.target = spec
        if spec is not None and spec.key == "drawing" and not np.array_equal(spec.data["density"], self.grid):
            self._show_grid(spec.data["density"])

    def take_grid(self, grid: Array | None) -> None:
        """A program brings another drawing, or none: no undo step, no signal of a target."""
        self.cancel()
        fits = grid is not None and grid.shape == self.grid.shape
        self._show_grid(grid if fits and grid is not None else np.zeros_like(self.grid))

    def choose(self, spec: TargetSpec | None, text: str, merge_key: str = "") -> None:
        """The person chose another target: one undo step; steps in a row with equal merge keys become one."""
        if spec != self.target:
            self.undo_stack.push(_Choose(self, text, self.target, spec, merge_key))

    def show_guide(self, is_shown: bool) -> None:
        """Whether the guide is seen."""
        self.is_guide_shown = is_shown
        self.guide_changed.emit()

    def set_guide(self, points: Array | None) -> None:
        """Points (n, 2) shown faintly behind the drawing, or None."""
        self.guide = points
        self.guide_changed.emit()

    def _push_grid(self, text: str, before: Array) -> None:
        changed = before != self.grid
        if not changed.any():
            return
        rows, columns = _span(changed.any(axis=1)), _span(changed.any(axis=0))
        area = (rows, columns)
        change = _Change(area, before[area].copy(), self.grid[area].copy())
        command = _Paint(self, text, change, self.target, self.target is None or self.target.key != "drawing")
        self.undo_stack.push(command)
        self._announce_drawing()
        self.density_changed.emit(rows.start, rows.stop, columns.start, columns.stop)

    def _paint(self, area: tuple[slice, slice], values: Array) -> None:
        self.grid[area] = values
        rows, columns = area
        self.density_changed.emit(rows.start, rows.stop, columns.start, columns.stop)

    def _show_grid(self, grid: Array) -> None:
        self.grid[...] = grid
        self.density_changed.emit(0, RESOLUTION, 0, RESOLUTION)

    def _announce_drawing(self) -> None:
        if not self.is_empty:
            self._announce(self.spec())

    def _announce(self, spec: TargetSpec | None) -> None:
        if spec is not None or self.has_noise:
            self.show_target(spec)
            self.target_changed.emit(spec)


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """A part of the grid, before and after."""

    area: tuple[slice, slice]
    before: Array
    after: Array


class _Paint(QUndoCommand):
    """One stroke: the part of the grid that it touched, and the target that it took the place of."""

    def __init__(
        self, controller: DrawController, text: str, change: _Change, target: TargetSpec | None, replaces: bool
    ) -> None:
        super().__init__(text)
        self._controller, self._change, self._target, self._replaces = controller, change, target, replaces
        self._is_done = True  # push() calls redo(), and the stroke is on the grid already

    def redo(self) -> None:
        if self._is_done:
            self._is_done = False
            return
        self._controller._paint(self._change.area, self._change.after)
        self._controller._announce_drawing()

    def undo(self) -> None:
        self._controller._paint(self._change.area, self._change.before)
        if self._replaces:
            self._controller._announce(self._target)
        else:
            self._controller._announce_drawing()


class _Choose(QUndoCommand):
    """Another preset, file, text or parameter."""

    def __init__(
        self,
        controller: DrawController,
        text: str,
        before: TargetSpec | None,
        after: TargetSpec | None,
        merge_key: str,
    ) -> None:
        super().__init__(text)
        self._controller, self._before, self._after, self._merge_key = controller, before, after, merge_key
        self._grid = controller.grid.copy() if after is not None and after.key == "drawing" else None

    def id(self) -> int:
        return 1 if self._merge_key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Choose) or other._merge_key != self._merge_key:
            return False
        self._after = other._after
        return True

    def redo(self) -> None:
        self._controller._announce(self._after)

    def undo(self) -> None:
        if self._grid is not None:
            self._controller._show_grid(self._grid)
        self._controller._announce(self._before)


def _span(flags: Array) -> slice:
    where = np.flatnonzero(flags)
    return slice(int(where[0]), int(where[-1]) + 1)


def _cells(values: Array, reach: float) -> tuple[int, int]:
    per_cell = (EXTENT[1] - EXTENT[0]) / RESOLUTION
    low = math.floor((float(values.min()) - reach - EXTENT[0]) / per_cell)
    high = math.ceil((float(values.max()) + reach - EXTENT[0]) / per_cell) + 1
    return min(max(low, 0), RESOLUTION), min(max(high, 0), RESOLUTION)
