"""One end of the flow: which distribution is chosen there, and what a person draws for it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from flowviz.core.spec import Array, TargetSpec
from flowviz.gui.control.painting import Painting
from flowviz.gui.control.sculpt import SculptController
from flowviz.targets._grid import EXTENT
from flowviz.targets._strokes import Stroke, rasterise_onto

RESOLUTION = 256


class DrawController(Painting):
    """Owns the drawing in the plane (256, 256) and the one in space; knows which target is chosen.

    Attributes:
        space: the drawing in space.

    Args:
        parent: Qt's owner.
        undo_stack: the one history; None makes one.
        has_noise: whether no target stands for noise that can be chosen (of a source), and not for nothing yet.
    """

    target_changed = Signal(object)
    """TargetSpec, or None for noise: another target was chosen, by the person or by undo."""

    def __init__(
        self, parent: QObject | None = None, undo_stack: QUndoStack | None = None, has_noise: bool = False
    ) -> None:
        ink = np.zeros((RESOLUTION, RESOLUTION), dtype=np.float32)
        super().__init__(ink, "drawing", QUndoStack() if undo_stack is None else undo_stack, parent)
        self.has_noise = has_noise
        self.target: TargetSpec | None = None
        self._guide: Array | None = None
        self.space = SculptController(self.undo_stack, self.chosen, self.announce, self)

    @property
    def grid(self) -> Array:
        return self.ink

    @property
    def guide(self) -> Array | None:
        return None if self._guide is None else self._guide[:, :2]

    def rasterise(self, stroke: Stroke, first: int) -> None:
        rasterise_onto(self.ink, stroke, EXTENT, first)

    def chosen(self) -> TargetSpec | None:
        return self.target

    def announce(self, spec: TargetSpec | None) -> None:
        if spec is not None or self.has_noise:
            self.show_target(spec)
            self.target_changed.emit(spec)

    def show_target(self, spec: TargetSpec | None) -> None:
        """A program chose another target (a run was opened): no undo step, no signal."""
        self.target = spec
        paper = self.paper_of(spec)
        if spec is not None and paper is not None and not np.array_equal(spec.data["density"], paper.ink):
            paper.show_ink(spec.data["density"])

    def paper_of(self, spec: TargetSpec | None) -> Painting | None:
        """What a target is drawn on, where it is a drawing."""
        return next((paper for paper in (self, self.space) if spec is not None and spec.key == paper.key), None)

    def choose(self, spec: TargetSpec | None, text: str, merge_key: str = "") -> None:
        """The person chose another target: one undo step; steps in a row with equal merge keys become one."""
        if spec != self.target:
            self.undo_stack.push(_Choose(self, text, self.target, spec, merge_key))

    def set_guide(self, points: Array | None) -> None:
        """Points (n, d) shown faintly behind the drawings, or None."""
        self._guide = points
        self.guide_changed.emit()
        self.space.set_guide(points)


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
        self._paper = controller.paper_of(after)
        self._ink = None if self._paper is None else self._paper.ink.copy()

    def id(self) -> int:
        return 1 if self._merge_key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Choose) or other._merge_key != self._merge_key:
            return False
        self._after = other._after
        return True

    def redo(self) -> None:
        self._controller.announce(self._after)

    def undo(self) -> None:
        if self._paper is not None and self._ink is not None:
            self._paper.show_ink(self._ink)
        self._controller.announce(self._before)
