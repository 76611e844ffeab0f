"""What the person chose to see on the stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from flowviz.core.solver import Solver
from flowviz.scene.options import StageOptions


class OptionsState(QObject):
    """Holds the StageOptions.

    Signals:
        changed(): `value` is another.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.value = StageOptions(layers=frozenset({"target", "particles", "trails"}))

    def update(self, **changes: Any) -> None:
        """Replace some of the options."""
        self.replace(replace(self.value, **changes))

    def replace(self, value: StageOptions) -> None:
        """Other choices in the place of all these."""
        if value != self.value:
            self.value = value
            self.changed.emit()

    @Slot(object)
    def choose(self, changes: dict[str, Any]) -> None:
        """Replace some of the options, by name."""
        self.update(**changes)

    @Slot(object)
    def choose_solver(self, solver: Solver) -> None:
        """Move the particles with that solver."""
        self.update(solver=solver)

    def toggle_layer(self, key: str) -> None:
        """Switch one layer on or off."""
        self.update(layers=self.value.layers ^ {key})
