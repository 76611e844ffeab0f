"""The flow clock: a person's wishes about time become cursor moves."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Slot

from flowviz.gui.state.cursor import SPEEDS, CursorState, LoopMode
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.run import RunState

SECONDS_PER_PASS = 10.0
_DWELL_S = 0.7
_LOOPS: tuple[LoopMode, ...] = ("once", "loop", "pingpong")


class PlaybackController(QObject):
    """Plays flow time (speed 1 is ten seconds from end to end), scrubs it, and walks over the training frames.

    While the person scrubs, the clock stands still but keeps whether it plays.
    """

    def __init__(
        self, cursor: CursorState, options: OptionsState, run: RunState, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._cursor, self._options, self._run = cursor, options, run
        self._backwards = False
        self._scrubbing = False
        self._dwell_s = 0.0
        self._elapsed = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self._tick)
        cursor.mode_changed.connect(self._mode_changed)
        run.frames_changed.connect(self._frames_changed)
        options.changed.connect(self._options_changed)
        self._direction = options.value.direction

    @property
    def _forward(self) -> float:
        """+1 when t grows: the direction of the flow, turned round on the way back of back-and-forth."""
        sign = 1.0 if self._options.value.direction == "generate" else -1.0
        return -sign if self._backwards else sign

    def toggle(self) -> None:
        """Play or pause; playing from the end starts again."""
        self.play(not self._cursor.playing)

    def play(self, playing: bool = True) -> None:
        """Play or pause."""
        if playing and self._cursor.loop != "pingpong" and self._at_end():
            self.to_start()
        self._cursor.set_playing(playing)

    def _at_end(self) -> bool:
        return self._cursor.t >= 1.0 if self._forward > 0 else self._cursor.t <= 0.0

    def nudge(self, amount: float) -> None:
        """Move along the flow (negative: back), in shares of a pass."""
        sign = 1.0 if self._options.value.direction == "generate" else -1.0
        self._cursor.set_t(round(self._cursor.t + sign * amount, 6))

    def to_start(self) -> None:
        """Where the flow starts: noise, or data when looking from data to noise."""
        self._backwards = False
        self._cursor.set_t(0.0 if self._options.value.direction == "generate" else 1.0)

    def to_end(self) -> None:
        """Where the flow ends."""
        self._cursor.set_t(1.0 if self._options.value.direction == "generate" else 0.0)

    def set_t(self, t: float) -> None:
        """Move the flow clock to a time."""
        self._cursor.set_t(t)

    def scrub(self, held: bool) -> None:
        """The person took hold of the clock, or let go."""
        self._scrubbing = held
        self._elapsed.restart()

    def faster(self, places: int) -> None:
        """Go along the table of speeds."""
        near = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self._cursor.speed))
        self._cursor.set_speed(SPEEDS[max(0, min(len(SPEEDS) - 1, near + places))])

    def set_speed(self, speed: float) -> None:
        """Set the speed."""
        self._cursor.set_speed(speed)

    def next_loop(self) -> None:
        """Once, loop, back and forth, in turn."""
        self._backwards = False
        self._cursor.set_loop(_LOOPS[(_LOOPS.index(self._cursor.loop) + 1) % len(_LOOPS)])

    def flip_direction(self) -> None:
        """Noise to data, or data to noise."""
        now = self._options.value.direction
        self._options.update(direction="encode" if now == "generate" else "generate")

    def show_step(self, step: int) -> None:
        """Look at the kept frame nearest to a training step; the newest one follows what comes."""
        frame = self._run.timeline.nearest(step)
        last = self._run.timeline.last
        if frame is None or last is None:
            return
        self._cursor.set_follow(frame.step == last.step)
        self._cursor.set_step(frame.step)

    def walk_frames(self, places: int) -> None:
        """Look at an older or newer frame."""
        steps = self._run.timeline.steps
        if not steps:
            return
        near = min(range(len(steps)), key=lambda i: abs(steps[i] - self._cursor.step))
        self.show_step(steps[max(0, min(len(steps) - 1, near + places))])

    def follow(self, follow: bool) -> None:
        """Stay at the newest frame, or where one is."""
        self._cursor.set_follow(follow)
        if follow:
            self._frames_changed()

    @Slot()
    def _frames_changed(self) -> None:
        last = self._run.timeline.last
        if last is None:
            self._cursor.set_follow(True)
            self._cursor.set_step(0)
        elif self._cursor.follow_latest:
            self._cursor.set_step(last.step)

    @Slot()
    def _options_changed(self) -> None:
        if self._options.value.direction != self._direction:
            self._direction = self._options.value.direction
            self._backwards = False

    @Slot()
    def _mode_changed(self) -> None:
        if self._cursor.playing and not self._timer.isActive():
            self._elapsed.restart()
            self._dwell_s = 0.0
            self._timer.start()
        elif not self._cursor.playing:
            self._timer.stop()

    @Slot()
    def _tick(self) -> None:
        seconds = self._elapsed.restart() / 1000.0
        if not self._scrubbing and len(self._run.timeline):
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let that much time pass on the playing clock."""
        if self._dwell_s > 0:
            self._dwell_s -= seconds
            if self._dwell_s <= 0:
                self._turn()
            return
        sign = self._forward
        t = self._cursor.t + sign * seconds * self._cursor.speed / SECONDS_PER_PASS
        self._cursor.set_t(t)
        if not 0.0 < t < 1.0 and self._at_end():
            if self._cursor.loop == "once":
                self._cursor.set_playing(False)
            else:
                self._dwell_s = _DWELL_S

    def _turn(self) -> None:
        self._dwell_s = 0.0
        if self._cursor.loop == "pingpong":
            self._backwards = not self._backwards
        else:
            self.to_start()
