"""The row above everything: run, step, stop, restart; the step counter, speed, time left; the device."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from flowviz.gui.state.run import EngineState, RunState
from flowviz.gui.theme.icons import set_icon

_WORDS = {
    "idle": "Ready",
    "starting": "Starting…",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "failed": "Failed",
}


def duration(seconds: float) -> str:
    """As people write it: 0:42, 12:05, 1:03:20."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


class TopBar(QFrame):
    """Training at a glance and under the hand.

    Signals:
        run_requested(), step_requested(), stop_requested(), restart_requested().
    """

    run_requested = Signal()
    step_requested = Signal()
    stop_requested = Signal()
    restart_requested = Signal()

    def __init__(self, run: RunState, engine: EngineState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self._run, self._engine = run, engine
        self._continues = False
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 14, 8)
        row.setSpacing(8)
        self.run_button = QPushButton("Run")
        self.run_button.setProperty("primary", True)
        self.run_button.setMinimumWidth(124)
        self.run_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.run_button.clicked.connect(self.run_requested)
        row.addWidget(self.run_button)
        self.step_button = self._button("step", "Step", "One training step, then pause (.)", self.step_requested)
        self.stop_button = self._button("stop", "Stop", "End this stretch of training", self.stop_requested)
        self.restart_button = self._button(
            "restart", "Restart", "Train from the beginning, with the same seed (Ctrl+R)", self.restart_requested
        )
        for button in (self.step_button, self.stop_button, self.restart_button):
            row.addWidget(button)
        row.addSpacing(14)
        self.counter = self._label("counter", "Training step")
        self.counter.setToolTip("Training steps done")
        row.addWidget(self.counter)
        row.addSpacing(6)
        column = QVBoxLayout()
        column.setSpacing(4)
        self.words = self._label("muted", "State of the training")
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(5)
        self.progress.setMinimumWidth(140)
        self.progress.setMaximumWidth(320)
        self.progress.setAccessibleName("Progress of the training")
        column.addStretch(1)
        column.addWidget(self.words)
        column.addWidget(self.progress)
        column.addStretch(1)
        row.addLayout(column, 1)
        row.addStretch(0)
        self.device = self._label("chip", "Device")
        row.addWidget(self.device)
        for signal in (run.status_changed, run.progress_changed, engine.ready_changed):
            signal.connect(self.refresh)
        self.refresh()

    def _button(self, icon: str, text: str, tip: str, signal: object) -> QToolButton:
        button = QToolButton()
        set_icon(button, icon)
        button.setText(text)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(signal)
        return button

    @staticmethod
    def _label(role: str, name: str) -> QLabel:
        label = QLabel()
        label.setProperty("role", role)
        label.setAccessibleName(name)
        return label

    def set_continues(self, continues: bool) -> None:
        """Whether the big button would go on with the run that is over."""
        self._continues = continues
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the run and the engine say."""
        run, ready = self._run, self._engine.ready
        status = run.status
        over = self._continues and not run.is_active
        text, icon = ("Pause", "pause") if status in ("running", "starting") else ("Run", "play")
        text = "Resume" if status == "paused" else "Continue" if over else text
        if self.run_button.text() != text or self.run_button.icon().isNull():
            self.run_button.setText(text)
            self.run_button.setAccessibleName(text)
            self.run_button.setToolTip(f"{text} the training (Ctrl+Enter)")
            set_icon(self.run_button, icon, "accent_text")
        self.run_button.setEnabled(ready is not None and status != "starting")
        self.step_button.setEnabled(ready is not None and status not in ("starting", "finished", "stopped"))
        self.stop_button.setEnabled(run.is_active)
        self.restart_button.setEnabled(ready is not None and run.spec is not None)
        self._set(self.counter, f"{run.step:06d}")
        self._set(self.words, self._sentence())
        self.progress.setValue(round(1000 * run.progress))
        self._set(self.device, run.device or (ready.device if ready else "Engine is starting"))
        self.device.setToolTip("Where the training runs")

    def _sentence(self) -> str:
        run = self._run
        if self._engine.ready is None:
            return "Starting the engine…"
        parts = [_WORDS[run.status]]
        if run.status in ("running", "paused") and run.phase:
            parts.append(run.phase)
        if run.status == "running" and run.steps_per_second > 0:
            parts.append(f"{run.steps_per_second:.0f} steps/s")
            if run.seconds_left is not None:
                parts.append(f"{duration(run.seconds_left)} left")
        return "  ·  ".join(parts)

    @staticmethod
    def _set(label: QLabel, text: str) -> None:
        if label.text() != text:
            label.setText(text)
