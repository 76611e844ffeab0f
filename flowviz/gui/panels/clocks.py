"""The two clocks at the bottom: flow time t, and the training step. And the solver that moves particles."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QToolButton,
    QWidget,
)

from flowviz.core.solver import METHOD_SOLVER, SOLVER_NAMES, Solver
from flowviz.gui.state.cursor import SPEEDS, CursorState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.run import RunState
from flowviz.gui.theme.icons import set_icon
from flowviz.gui.widgets.bars import flat_button
from flowviz.gui.widgets.track import Segment, Track

_TICKS = 1000
_LOOP_WORDS = {
    "once": ("once", "Plays once"),
    "loop": ("loop", "Plays over and over"),
    "pingpong": ("pingpong", "Plays back and forth"),
}
_SOLVER_WORDS = {"euler": "Euler", "midpoint": "Midpoint", "rk4": "RK4", "dopri5": "Dopri5"}
_STEPS = {"euler": 40, "midpoint": 20, "rk4": 10}


class Clocks(QFrame):
    """Both clocks.

    Signals:
        play_requested(), start_requested(), end_requested(), loop_requested(), direction_requested();
        nudge_requested(float share), t_requested(float), scrub_held(bool), speed_requested(float);
        step_requested(int), frame_walk_requested(int), follow_requested(bool), solver_requested(object Solver).
    """

    play_requested = Signal()
    start_requested = Signal()
    end_requested = Signal()
    loop_requested = Signal()
    direction_requested = Signal()
    nudge_requested = Signal(float)
    t_requested = Signal(float)
    scrub_held = Signal(bool)
    speed_requested = Signal(float)
    step_requested = Signal(int)
    frame_walk_requested = Signal(int)
    follow_requested = Signal(bool)
    solver_requested = Signal(object)

    def __init__(
        self, run: RunState, cursor: CursorState, options: OptionsState, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("clocks")
        self._run, self._cursor, self._options = run, cursor, options
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 14, 9)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(2, 1)
        self._build_flow_row(grid)
        self._build_training_row(grid)
        cursor.moved.connect(self._show_cursor)
        cursor.mode_changed.connect(self._show_modes)
        options.changed.connect(self._show_modes)
        run.frames_changed.connect(self._show_frames)
        run.blocks_changed.connect(self._show_blocks)
        self._show_frames()
        self._show_modes()

    # -- flow time ------------------------------------------------------------------------------------------

    def _build_flow_row(self, grid: QGridLayout) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        self.start_button = self._flat("first", "Start of the flow", "To the start (Home)", self.start_requested)
        self.back_button = self._flat("back", "Flow time back", "A step back (Left; Shift+Left 10 %)")
        self.play_button = self._flat("play", "Play", "Play or pause (Space)", self.play_requested)
        self.play_button.setProperty("flat", False)
        self.forward_button = self._flat("forward", "Flow time forward", "A step forward (Right; Shift+Right 10 %)")
        self.end_button = self._flat("last", "End of the flow", "To the end (End)", self.end_requested)
        self.back_button.clicked.connect(self._back)
        self.forward_button.clicked.connect(self._forward)
        for button in (self.start_button, self.back_button, self.play_button, self.forward_button, self.end_button):
            buttons.addWidget(button)
        grid.addLayout(buttons, 0, 0)
        grid.addWidget(self._caption("Flow time"), 0, 1)
        self.flow_track = Track("Flow time")
        self.flow_track.setRange(0, _TICKS)
        self.flow_track.setToolTip("Flow time: 0 is noise, 1 is data")
        self.flow_track.sliderMoved.connect(self._flow_scrubbed)
        self.flow_track.actionTriggered.connect(self._flow_keyed)
        self.flow_track.sliderPressed.connect(self._held)
        self.flow_track.sliderReleased.connect(self._released)
        grid.addWidget(self.flow_track, 0, 2)
        self.t_box = QDoubleSpinBox()
        self.t_box.setRange(0.0, 1.0)
        self.t_box.setDecimals(3)
        self.t_box.setSingleStep(0.01)
        self.t_box.setKeyboardTracking(False)
        self.t_box.setFixedWidth(78)
        self.t_box.lineEdit().setTextMargins(5, 0, 0, 0)
        self.t_box.setAccessibleName("Flow time t")
        self.t_box.setToolTip("Flow time t; type a number")
        self.t_box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.t_box.valueChanged.connect(self.t_requested)
        grid.addWidget(self.t_box, 0, 3)
        side = QHBoxLayout()
        side.setSpacing(4)
        self.speed_box = QComboBox()
        for speed in SPEEDS:
            self.speed_box.addItem(f"{speed:g}×", speed)
        self.speed_box.setAccessibleName("Speed of the flow clock")
        self.speed_box.setToolTip("Speed (− and +); 1× is ten seconds from end to end")
        self.speed_box.setFixedWidth(74)
        self.speed_box.activated.connect(self._speed_chosen)
        side.addWidget(self.speed_box)
        self.loop_button = self._flat("loop", "Loop mode", "Loop mode", self.loop_requested)
        side.addWidget(self.loop_button)
        self.direction_button = QToolButton()
        self.direction_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.direction_button.setAccessibleName("Direction of the flow")
        self.direction_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.direction_button.setFixedWidth(122)
        self.direction_button.clicked.connect(self.direction_requested)
        side.addWidget(self.direction_button)
        side.addStretch(1)
        grid.addLayout(side, 0, 4)

    @Slot()
    def _back(self) -> None:
        self.nudge_requested.emit(-0.01)

    @Slot()
    def _forward(self) -> None:
        self.nudge_requested.emit(0.01)

    @Slot(int)
    def _flow_scrubbed(self, value: int) -> None:
        self.t_requested.emit(value / _TICKS)

    @Slot(int)
    def _flow_keyed(self, _action: int) -> None:
        if not self.flow_track.isSliderDown():
            self.t_requested.emit(self.flow_track.sliderPosition() / _TICKS)

    @Slot()
    def _held(self) -> None:
        self.scrub_held.emit(True)

    @Slot()
    def _released(self) -> None:
        self.scrub_held.emit(False)

    @Slot()
    def _speed_chosen(self) -> None:
        self.speed_requested.emit(float(self.speed_box.currentData()))

    # -- training -------------------------------------------------------------------------------------------

    def _build_training_row(self, grid: QGridLayout) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        self.older_button = self._flat("back", "Older frame", "An older frame (Down)")
        self.newer_button = self._flat("forward", "Newer frame", "A newer frame (Up)")
        self.older_button.clicked.connect(self._older)
        self.newer_button.clicked.connect(self._newer)
        self.follow_button = QToolButton()
        self.follow_button.setText("Follow latest")
        self.follow_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.follow_button.setCheckable(True)
        set_icon(self.follow_button, "follow")
        self.follow_button.setAccessibleName("Follow latest")
        self.follow_button.setToolTip("Stay at the newest frame while training (F)")
        self.follow_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.follow_button.clicked.connect(self.follow_requested)
        for button in (self.older_button, self.newer_button):
            buttons.addWidget(button)
        buttons.addWidget(self.follow_button, 1)
        grid.addLayout(buttons, 1, 0)
        grid.addWidget(self._caption("Training"), 1, 1)
        self.training_track = Track("Training step")
        self.training_track.setToolTip("Training step: each mark is a kept frame")
        self.training_track.sliderMoved.connect(self.step_requested)
        self.training_track.actionTriggered.connect(self._training_keyed)
        grid.addWidget(self.training_track, 1, 2)
        self.step_box = QSpinBox()
        self.step_box.setRange(0, 0)
        self.step_box.setKeyboardTracking(False)
        self.step_box.setFixedWidth(78)
        self.step_box.lineEdit().setTextMargins(5, 0, 0, 0)
        self.step_box.setAccessibleName("Training step on the stage")
        self.step_box.setToolTip("Training step; type a number to see the nearest frame")
        self.step_box.valueChanged.connect(self.step_requested)
        grid.addWidget(self.step_box, 1, 3)
        grid.addLayout(self._build_solver(), 1, 4)

    def _build_solver(self) -> QHBoxLayout:
        side = QHBoxLayout()
        side.setSpacing(4)
        self.solver_box = QComboBox()
        self.solver_box.addItem("Own solver", "")
        for name in SOLVER_NAMES:
            self.solver_box.addItem(_SOLVER_WORDS.get(name, name), name)
        self.solver_box.setAccessibleName("Solver that moves the particles")
        self.solver_box.setToolTip("ODE solver for looking; never changes the training")
        self.solver_box.setFixedWidth(112)
        self.solver_box.activated.connect(self._solver_chosen)
        side.addWidget(self.solver_box)
        self.solver_steps = QSpinBox()
        self.solver_steps.setRange(1, 200)
        self.solver_steps.setKeyboardTracking(False)
        self.solver_steps.setFixedWidth(52)
        self.solver_steps.lineEdit().setTextMargins(4, 0, 0, 0)
        self.solver_steps.setAccessibleName("Solver steps")
        self.solver_steps.setToolTip("Steps of the solver from t = 0 to t = 1")
        self.solver_steps.valueChanged.connect(self._solver_steps_chosen)
        side.addWidget(self.solver_steps)
        self.nfe = QLabel("NFE –")
        self.nfe.setProperty("role", "muted")
        self.nfe.setMinimumWidth(58)
        self.nfe.setAccessibleName("Velocity evaluations per particle")
        self.nfe.setToolTip("Number of velocity evaluations per particle")
        side.addWidget(self.nfe)
        side.addStretch(1)
        return side

    @Slot()
    def _older(self) -> None:
        self.frame_walk_requested.emit(-1)

    @Slot()
    def _newer(self) -> None:
        self.frame_walk_requested.emit(1)

    @Slot(int)
    def _training_keyed(self, _action: int) -> None:
        if not self.training_track.isSliderDown():
            self.step_requested.emit(self.training_track.sliderPosition())

    @Slot()
    def _solver_chosen(self) -> None:
        name = str(self.solver_box.currentData())
        self.solver_requested.emit(Solver(name, _STEPS.get(name, 0)) if name else METHOD_SOLVER)  # type: ignore[arg-type]

    @Slot(int)
    def _solver_steps_chosen(self, steps: int) -> None:
        solver = self._options.value.solver
        if solver != METHOD_SOLVER and solver.name != "dopri5":
            self.solver_requested.emit(Solver(solver.name, steps))

    # -- showing --------------------------------------------------------------------------------------------

    def _flat(self, icon: str, name: str, tip: str, signal: object = None) -> QToolButton:
        button = flat_button(icon, name, tip)
        if signal is not None:
            button.clicked.connect(signal)
        return button

    @staticmethod
    def _caption(text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("role", "muted")
        return label

    @Slot()
    def _show_cursor(self) -> None:
        cursor = self._cursor
        with QSignalBlocker(self.t_box), QSignalBlocker(self.step_box):
            if not self.t_box.hasFocus() or cursor.playing is False:
                self.t_box.setValue(cursor.t)
            self.step_box.setValue(cursor.step)
        if not self.flow_track.isSliderDown():
            with QSignalBlocker(self.flow_track):
                self.flow_track.setValue(round(cursor.t * _TICKS))
            self.flow_track.update()
        if not self.training_track.isSliderDown():
            with QSignalBlocker(self.training_track):
                self.training_track.setValue(cursor.step)
            self.training_track.update()

    @Slot()
    def _show_modes(self) -> None:
        cursor, options = self._cursor, self._options.value
        icon, name = ("pause", "Pause") if cursor.playing else ("play", "Play")
        if self.play_button.accessibleName() != name:
            self.play_button.setAccessibleName(name)
            set_icon(self.play_button, icon)
        self.speed_box.setCurrentIndex(self.speed_box.findData(cursor.speed))
        icon, words = _LOOP_WORDS[cursor.loop]
        if self.loop_button.toolTip() != f"{words}; press for the next mode":
            set_icon(self.loop_button, icon)
            self.loop_button.setToolTip(f"{words}; press for the next mode")
        generate = options.direction == "generate"
        text = "Noise to data" if generate else "Data to noise"
        if self.direction_button.text() != text:
            self.direction_button.setText(text)
            set_icon(self.direction_button, "to-data" if generate else "to-noise")
            self.direction_button.setToolTip(f"{text}; press to turn round (D)")
        self.follow_button.setChecked(cursor.follow_latest)
        self._show_solver()
        self._show_cursor()

    def _show_solver(self) -> None:
        solver = self._options.value.solver
        own = solver == METHOD_SOLVER
        self.solver_box.setCurrentIndex(0 if own else self.solver_box.findData(solver.name))
        fixed = not own and solver.name != "dopri5"
        self.solver_steps.setVisible(fixed)
        if fixed:
            with QSignalBlocker(self.solver_steps):
                self.solver_steps.setValue(solver.steps)

    @Slot()
    def _show_frames(self) -> None:
        steps = self._run.timeline.steps
        filled = bool(steps)
        for widget in (self.training_track, self.step_box, self.older_button, self.newer_button, self.flow_track):
            widget.setEnabled(filled)
        low, high = (steps[0], steps[-1]) if steps else (0, 0)
        with QSignalBlocker(self.training_track), QSignalBlocker(self.step_box):
            self.training_track.setRange(low, high)
            self.step_box.setRange(low, high)
        span = max(1, high - low)
        self.training_track.set_ticks([(step - low) / span for step in steps])
        if not filled:
            self.show_nfe(0)
        self._show_cursor()

    @Slot()
    def _show_blocks(self) -> None:
        self.flow_track.set_segments(
            [Segment(b.t_start, b.t_end, str(b.index + 1), b.status) for b in self._run.blocks]
        )

    @Slot(int)
    def show_nfe(self, nfe: int) -> None:
        """Velocity evaluations per particle; 0 is unknown."""
        self.nfe.setText(f"NFE {nfe}" if nfe else "NFE –")
