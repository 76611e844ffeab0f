"""The two ends of a flow, source and target: chosen alike, of one dimension, and exchanged."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoStack

from flowviz.core.params import ParamValue
from flowviz.core.session import DRAWINGS
from flowviz.core.spec import Array, TargetSpec, frozen_array
from flowviz.gui.control.draw import DrawController
from flowviz.gui.control.painting import Painting
from flowviz.targets import dim_of

_STANDARD: dict[int, tuple[str, Mapping[str, ParamValue]]] = {
    2: ("gaussian", {"mean_x": 0.0, "mean_y": 0.0, "sd_x": 1.0, "sd_y": 1.0, "correlation": 0.0}),
    3: (
        "gaussian_3d",
        {
            **dict.fromkeys(("mean_x", "mean_y", "mean_z", "turn_x", "turn_y", "turn_z"), 0.0),
            **dict.fromkeys(("sd_1", "sd_2", "sd_3"), 1.0),
        },
    ),
}
"""N(0, I) as a target."""


class Ends(QObject):
    """Owns what is chosen and drawn at both ends, over one undo stack.

    A source whose dimension is not the target's waits: noise is used until the dimensions agree again.

    Attributes:
        target, source: what is chosen and drawn there.

    Args:
        undo_stack: the one history.
        parent: Qt's owner.
    """

    target_changed = Signal(object)
    """TargetSpec: the person (or undo) chose another target."""
    source_changed = Signal(object)
    """TargetSpec, or None for noise: the flow begins elsewhere."""

    def __init__(self, undo_stack: QUndoStack, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.target = DrawController(self, undo_stack)
        self.source = DrawController(self, undo_stack, has_noise=True)
        self._told: TargetSpec | None = None
        self.target.target_changed.connect(self._target_changed)
        self.source.target_changed.connect(self._tell_source)

    @property
    def used_source(self) -> TargetSpec | None:
        """Where the next flow begins; None is noise."""
        source, target = self.source.target, self.target.target
        if source is None or target is None or dim_of(source) != dim_of(target):
            return None
        return source

    def show(self, target: TargetSpec, source: TargetSpec | None) -> None:
        """A program chose both (a run was opened): no undo step, no signal."""
        self.target.show_target(target)
        if source != self.used_source:  # a source that waits goes on waiting
            self.source.show_target(source)
        self._told = source

    def drawings(self) -> dict[str, Array]:
        """The ink on the canvases, by their names in core.session, where something else was chosen in its place."""
        return {
            name: frozen_array(paper.ink)
            for name, paper in self._papers().items()
            if not paper.is_empty and ((chosen := paper.chosen()) is None or chosen.key != paper.key)
        }

    def take_drawings(self, drawings: Mapping[str, Array]) -> None:
        """A program brings other ink to all canvases: no undo step, no signal of a target."""
        for name, paper in self._papers().items():
            paper.take_ink(drawings.get(name))

    def _papers(self) -> dict[str, Painting]:
        papers = (self.target, self.source, self.target.space, self.source.space)
        return dict(zip(DRAWINGS, papers, strict=True))

    def swap(self) -> None:
        """Let the flow run the other way round, as one undo step; noise becomes a Gaussian that can be changed."""
        target, source = self.target.target, self.used_source
        if target is None:
            return
        key, params = _STANDARD[dim_of(target)]
        is_noise = target.key == key and dict(target.params) == dict(params)
        stack = self.target.undo_stack
        stack.beginMacro("Swap source and target")
        self.target.choose(source or TargetSpec(key, params, {}, "Gaussian"), "Target")
        self.source.choose(None if is_noise else target, "Source")
        stack.endMacro()

    @Slot(object)
    def _target_changed(self, spec: TargetSpec) -> None:
        if self.used_source is None:  # never a source of another dimension than the target, not for a moment
            self._tell_source()
        self.target_changed.emit(spec)
        self._tell_source()

    @Slot()
    def _tell_source(self) -> None:
        source = self.used_source
        if source != self._told:
            self._told = source
            self.source_changed.emit(source)
