"""One clock that plays: over flow time, or over training."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Slot

from flowviz.gui.state.cursor import SPEEDS, ClockState, LoopMode

SECONDS_PER_PASS = 10.0
_DWELL_S = 0.7
_BEAT_MS = 33
_LOOPS: tuple[LoopMode, ...] = ("once", "loop", "pingpong")


class Clock(QObject):
    """Carries a place between 0 and 1 along while it plays; speed 1 is ten seconds from end to end.

    While the person scrubs, it stands still but keeps whether it plays.

    Args:
        state: whether and how it plays.
        place: where it stands now, 0 to 1.
        move: takes it to another place.
        is_ready: whether there is anything to play.
    """

    def __init__(
        self,
        state: ClockState,
        place: Callable[[], float],
        move: Callable[[float], object],
        is_ready: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._place, self._move, self._is_ready = state, place, move, is_ready
        self.is_reversed = False
        self._backwards = False
        self._scrubbing = False
        self._dwell_s = 0.0
        self._elapsed = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._tick)
        state.changed.connect(self._state_changed)

    @property
    def _forward(self) -> float:
        """+1 when the place grows: turned round where the clock is reversed, and on the way back of back-and-forth."""
        return -1.0 if self.is_reversed != self._backwards else 1.0

    def toggle(self) -> None:
        """Play or pause; playing from the end starts again."""
        self.play(not self._state.playing)

    def play(self, playing: bool = True) -> None:
        """Play or pause."""
        if playing and self._state.loop != "pingpong" and self._at_end():
            self.to_start()
        self._state.set_playing(playing)

    def _at_end(self) -> bool:
        return self._place() >= 1.0 if self._forward > 0 else self._place() <= 0.0

    def to_start(self) -> None:
        """Where it starts."""
        self._backwards = False
        self._move(1.0 if self.is_reversed else 0.0)

    def to_end(self) -> None:
        """Where it ends."""
        self._move(0.0 if self.is_reversed else 1.0)

    def nudge(self, amount: float) -> None:
        """Move along (negative: back), in shares of a pass."""
        sign = -1.0 if self.is_reversed else 1.0
        self._move(round(self._place() + sign * amount, 6))

    def reverse(self, is_reversed: bool) -> None:
        """Whether it runs from 1 to 0."""
        self.is_reversed, self._backwards = is_reversed, False

    def scrub(self, held: bool) -> None:
        """The person took hold of the clock, or let go."""
        self._scrubbing = held
        self._elapsed.restart()

    def faster(self, places: int) -> None:
        """Go along the table of speeds."""
        near = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self._state.speed))
        self._state.set_speed(SPEEDS[max(0, min(len(SPEEDS) - 1, near + places))])

    def set_speed(self, speed: float) -> None:
        """Set the speed."""
        self._state.set_speed(speed)

    def next_loop(self) -> None:
        """Once, loop, back and forth, in turn."""
        self._backwards = False
        self._state.set_loop(_LOOPS[(_LOOPS.index(self._state.loop) + 1) % len(_LOOPS)])

    @Slot()
    def _state_changed(self) -> None:
        if self._state.playing and not self._timer.isActive():
            self._elapsed.restart()
            self._dwell_s = 0.0
            self._timer.start()
        elif not self._state.playing:
            self._timer.stop()

    @Slot()
    def _tick(self) -> None:
        seconds = self._elapsed.restart() / 1000.0
        if not self._scrubbing and self._is_ready():
            self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let that much time pass on the playing clock."""
        if self._dwell_s > 0:
            self._dwell_s -= seconds
            if self._dwell_s <= 0:
                self._turn()
            return
        place = self._place() + self._forward * seconds * self._state.speed / SECONDS_PER_PASS
        self._move(min(1.0, max(0.0, place)))
        if not 0.0 < place < 1.0 and self._at_end():
            if self._state.loop == "once":
                self._state.set_playing(False)
            else:
                self._dwell_s = _DWELL_S

    def _turn(self) -> None:
        self._dwell_s = 0.0
        if self._state.loop == "pingpong":
            self._backwards = not self._backwards
        else:
            self.to_start()
