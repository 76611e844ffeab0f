"""The two clocks at the bottom: flow time t, and the training step. And the solver that moves particles."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDoubleSpinBox, QFrame, QGridLayout, QSpinBox, QToolButton, QWidget

from flowviz.gui.panels.clock_row import ClockRow, RowWords
from flowviz.gui.panels.solver_choice import SolverChoice
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.run import RunState
from flowviz.gui.theme.icons import set_icon
from flowviz.gui.widgets.track import Segment, Track

_TICKS = 1000
_FLOW = RowWords(
    "Flow time",
    ("Start of the flow", "To the start (Home)"),
    ("Flow time back", "A step back (Left; Shift+Left 10 %)"),
    ("Play", "Play or pause (Space)"),
    ("Flow time forward", "A step forward (Right; Shift+Right 10 %)"),
    ("End of the flow", "To the end (End)"),
    ("Flow time", "Flow time: 0 is noise, 1 is data; marks below are the steps of the solver that moves the particles"),
    ("Speed of the flow clock", "Speed (− and +); 1× is ten seconds from end to end"),
    ("Loop mode", " (L)"),
)
_TRAINING = RowWords(
    "Training",
    ("First frame of the training", "To the first frame (Ctrl+Home)"),
    ("Older frame", "An older frame (Down; Shift+Down 10 %)"),
    ("Play the training", "Play or pause the training's frames (Shift+Space)"),
    ("Newer frame", "A newer frame (Up; Shift+Up 10 %)"),
    ("Newest frame of the training", "To the newest frame (Ctrl+End)"),
    ("Training step", "Training step: each mark is a kept frame"),
    ("Speed of the training clock", "Speed (Shift+− and *); 1× is ten seconds for the whole training"),
    ("Loop mode of the training clock", " (Shift+L)"),
)


class Clocks(QFrame):
    """Both clocks, as `flow` and `training`.

    Signals:
        direction_requested(), t_requested(float), step_requested(int), follow_requested(bool),
        solver_requested(object Solver); typed(), when Enter or Esc ends what one types.
    """

    direction_requested = Signal()
    t_requested = Signal(float)
    step_requested = Signal(int)
    follow_requested = Signal(bool)
    solver_requested = Signal(object)
    typed = Signal()

    def __init__(
        self, run: RunState, cursor: CursorState, options: OptionsState, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("clocks")
        self._run, self._cursor, self._options = run, cursor, options
        self._make_boxes()
        self._make_side_buttons()
        self.flow = ClockRow(_FLOW, self.t_box, cursor.flow, self)
        self.training = ClockRow(_TRAINING, self.step_box, cursor.training, self)
        self.flow.track.setRange(0, _TICKS)
        self.flow.value_requested.connect(self._flow_scrubbed)
        self.training.value_requested.connect(self.step_requested)
        self.solver = SolverChoice(options)
        self.solver.solver_requested.connect(self.solver_requested)
        self._place()
        cursor.moved.connect(self._show_cursor)
        cursor.mode_changed.connect(self._show_modes)
        options.changed.connect(self._show_modes)
        run.frames_changed.connect(self._show_frames)
        run.blocks_changed.connect(self._show_blocks)
        self._show_frames()
        self._show_modes()

    def _place(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 14, 9)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(2, 1)
        self.flow.place(grid, 0, self.direction_button)
        self.training.place(grid, 1, self.follow_button)
        self.solver.place(grid, 5)

    def _make_boxes(self) -> None:
        self.t_box = QDoubleSpinBox()
        self.t_box.setRange(0.0, 1.0)
        self.t_box.setDecimals(3)
        self.t_box.setSingleStep(0.01)
        self.t_box.setAccessibleName("Flow time t")
        self.t_box.setToolTip("Flow time t; type a number")
        self.step_box = QSpinBox()
        self.step_box.setRange(0, 0)
        self.step_box.setAccessibleName("Training step on the stage")
        self.step_box.setToolTip("Training step; type a number to see the nearest frame")
        for box in (self.t_box, self.step_box):
            box.setKeyboardTracking(False)
            box.setFixedWidth(78)
            box.lineEdit().setTextMargins(5, 0, 0, 0)
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            box.installEventFilter(self)
        self.t_box.valueChanged.connect(self.t_requested)
        self.step_box.valueChanged.connect(self.step_requested)

    def _make_side_buttons(self) -> None:
        self.direction_button, self.follow_button = QToolButton(), QToolButton()
        self.direction_button.setAccessibleName("Direction of the flow")
        self.direction_button.clicked.connect(self.direction_requested)
        self.follow_button.setText("Follow latest")
        self.follow_button.setCheckable(True)
        set_icon(self.follow_button, "follow")
        self.follow_button.setAccessibleName("Follow latest")
        self.follow_button.setToolTip("Stay at the newest frame while training (F)")
        self.follow_button.clicked.connect(self.follow_requested)
        for button in (self.direction_button, self.follow_button):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setFixedWidth(122)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter takes the typed number, Esc does not; a number that keeps the focus would stand still amid the play."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.typed.emit()
            return True
        if event.key() == Qt.Key.Key_Escape:
            with QSignalBlocker(watched):
                self.typed.emit()
            self._show_cursor()
            return True
        return False

    @Slot(int)
    def _flow_scrubbed(self, value: int) -> None:
        self.t_requested.emit(value / _TICKS)

    # -- showing --------------------------------------------------------------------------------------------

    @Slot()
    def _show_cursor(self) -> None:
        cursor = self._cursor
        with QSignalBlocker(self.t_box), QSignalBlocker(self.step_box):
            if not self.t_box.hasFocus() or not cursor.flow.playing:
                self.t_box.setValue(cursor.t)
            if not self.step_box.hasFocus() or not cursor.training.playing:
                self.step_box.setValue(cursor.step)
        self.flow.show_value(round(cursor.t * _TICKS))
        self.training.show_value(cursor.step)

    @Slot()
    def _show_modes(self) -> None:
        cursor, options = self._cursor, self._options.value
        generate = options.direction == "generate"
        text = "Noise to data" if generate else "Data to noise"
        if self.direction_button.text() != text:
            self.direction_button.setText(text)
            set_icon(self.direction_button, "to-data" if generate else "to-noise")
            self.direction_button.setToolTip(f"{text}; press to turn round (D)")
        self.follow_button.setChecked(cursor.follow_latest)
        self._show_cursor()

    @Slot()
    def _show_frames(self) -> None:
        steps = self._run.timeline.steps
        filled = bool(steps)
        self.flow.set_enabled(filled)
        self.training.set_enabled(filled)
        low, high = (steps[0], steps[-1]) if steps else (0, 0)
        with QSignalBlocker(self.training.track), QSignalBlocker(self.step_box):
            self.training.track.setRange(low, high)
            self.step_box.setRange(low, high)
        span = max(1, high - low)
        self.training.track.set_ticks([(step - low) / span for step in steps])
        if not filled:
            self.show_solver(0, ())
        self._show_cursor()

    @Slot()
    def _show_blocks(self) -> None:
        self.flow.track.set_segments(
            [Segment(b.t_start, b.t_end, str(b.index + 1), b.status) for b in self._run.blocks]
        )

    def tracks(self) -> tuple[Track, Track]:
        """The tracks of flow time and of training."""
        return self.flow.track, self.training.track

    def flow_value(self, t: float) -> int:
        """Where a flow time stands on its track."""
        return round(t * _TICKS)

    def show_only_flow(self, only_flow: bool) -> None:
        """Leave out everything but the clock of flow time; or not."""
        self.training.set_visible(not only_flow)
        self.solver.set_visible(not only_flow)

    @Slot(int, object)
    def show_solver(self, nfe: int, grid: Sequence[float]) -> None:
        """Velocity evaluations per particle (0 is unknown), and the flow times between the solver's steps."""
        self.solver.show_nfe(nfe)
        self.flow.track.set_ticks([float(t) for t in grid])
