"""The solver that moves particles when looking, and what it costs."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSpinBox

from flowviz.core.solver import METHOD_SOLVER, SOLVER_NAMES, Solver
from flowviz.gui.state.options import OptionsState

_WORDS = {"euler": "Euler", "midpoint": "Midpoint", "rk4": "RK4", "dopri5": "Dopri5"}
_RANDOM = "SDE paths"
_TOOL_TIP = Qt.ItemDataRole.ToolTipRole
_STEPS = {"euler": 40, "midpoint": 20, "rk4": 10, "sde": 100}


class SolverChoice(QObject):
    """Solver, its steps, and the number of velocity evaluations.

    Signals:
        solver_requested(object): a Solver.
    """

    solver_requested = Signal(object)

    def __init__(self, options: OptionsState) -> None:
        super().__init__(options)
        self._options = options
        self._is_hidden = False
        self.box = QComboBox()
        self.box.addItem("Own solver", "")
        for name in SOLVER_NAMES:
            if name in _WORDS:
                self.box.addItem(_WORDS[name], name)
        self.box.setAccessibleName("Solver that moves the particles")
        self.box.setToolTip("Solver for looking; never changes the training")
        self.box.setFixedWidth(116)
        self.box.activated.connect(self._chosen)
        self.steps = QSpinBox()
        self.steps.setRange(1, 200)
        self.steps.setKeyboardTracking(False)
        self.steps.setFixedWidth(52)
        self.steps.lineEdit().setTextMargins(4, 0, 0, 0)
        self.steps.setAccessibleName("Solver steps")
        self.steps.setToolTip("Steps of the solver from t = 0 to t = 1")
        self.steps.valueChanged.connect(self._steps_chosen)
        self.nfe = QLabel("NFE –")
        self.nfe.setProperty("role", "muted")
        self.nfe.setMinimumWidth(58)
        self.nfe.setAccessibleName("Velocity evaluations per particle")
        self.nfe.setToolTip("Number of velocity evaluations per particle")
        options.changed.connect(self._show)
        self._show()

    def place(self, grid: QGridLayout, column: int) -> None:
        """Put the controls into a column of a grid, two rows high."""
        grid.addWidget(self.box, 0, column)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.steps)
        line.addWidget(self.nfe, 1)
        grid.addLayout(line, 1, column)

    def offer_random(self, offered: bool) -> None:
        """Whether the method on the stage has random paths to choose; one that has none gets its own solver back."""
        place = self.box.findData("sde")
        if offered and place < 0:
            self.box.addItem(_RANDOM, "sde")
            self.box.setItemData(self.box.count() - 1, "Rough paths of the same marginals", _TOOL_TIP)
            self._show()
        elif not offered and place >= 0:
            self.box.removeItem(place)
            if self._options.value.solver.is_random:
                self.solver_requested.emit(METHOD_SOLVER)

    @Slot()
    def _chosen(self) -> None:
        name = str(self.box.currentData())
        self.solver_requested.emit(Solver(name, _STEPS.get(name, 0)) if name else METHOD_SOLVER)  # type: ignore[arg-type]

    @Slot(int)
    def _steps_chosen(self, steps: int) -> None:
        solver = self._options.value.solver
        if solver != METHOD_SOLVER and solver.name != "dopri5":
            self.solver_requested.emit(Solver(solver.name, steps))

    @Slot()
    def _show(self) -> None:
        solver = self._options.value.solver
        own = solver == METHOD_SOLVER
        self.box.setCurrentIndex(0 if own else self.box.findData(solver.name))
        fixed = not own and solver.name != "dopri5"
        self.steps.setVisible(fixed and not self._is_hidden)
        if fixed:
            with QSignalBlocker(self.steps):
                self.steps.setValue(solver.steps)

    def set_visible(self, visible: bool) -> None:
        """Show or hide all of it."""
        self._is_hidden = not visible
        for widget in (self.box, self.nfe):
            widget.setVisible(visible)
        self._show()

    def show_nfe(self, nfe: int) -> None:
        """Velocity evaluations per particle; 0 is unknown."""
        self.nfe.setText(f"NFE {nfe}" if nfe else "NFE –")
