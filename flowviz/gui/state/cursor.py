"""The two clocks: training step and flow time. Every picture is a function of both."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal

LoopMode = Literal["once", "loop", "pingpong"]
SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)


class ClockState(QObject):
    """Whether and how one clock plays.

    Signals:
        changed(): playing, speed or loop mode is another.
    """

    changed = Signal()

    def __init__(self, loop: LoopMode, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.playing = False
        self.speed = 1.0
        self.loop = loop

    def set_playing(self, playing: bool) -> None:
        """Whether it runs."""
        if playing != self.playing:
            self.playing = playing
            self.changed.emit()

    def set_speed(self, speed: float) -> None:
        """How fast it runs; 1 is ten seconds a pass."""
        if speed != self.speed:
            self.speed = speed
            self.changed.emit()

    def set_loop(self, loop: LoopMode) -> None:
        """What happens at the end of a pass."""
        if loop != self.loop:
            self.loop = loop
            self.changed.emit()


class CursorState(QObject):
    """Where the person looks.

    Signals:
        moved(): step or t is another.
        mode_changed(): playing, speed or loop mode of a clock, or follow-latest is another.

    Attributes:
        flow, training: how the clocks of flow time and of training play.
    """

    moved = Signal()
    mode_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.step = 0
        self.t = 1.0
        self.follow_latest = True
        self.flow = ClockState("loop", self)
        self.training = ClockState("once", self)
        for clock in (self.flow, self.training):
            clock.changed.connect(self.mode_changed)

    @property
    def playing(self) -> bool:
        """Whether a clock runs."""
        return self.flow.playing or self.training.playing

    def set_t(self, t: float) -> None:
        """Move the flow clock; t is clipped to [0, 1]."""
        t = min(1.0, max(0.0, t))
        if t != self.t:
            self.t = t
            self.moved.emit()

    def set_step(self, step: int) -> None:
        """Move the training clock."""
        if step != self.step:
            self.step = step
            self.moved.emit()

    def set_follow(self, follow: bool) -> None:
        """Whether the training clock stays at the newest frame."""
        if follow != self.follow_latest:
            self.follow_latest = follow
            self.mode_changed.emit()
