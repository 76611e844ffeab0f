"""The two clocks: a person's wishes about time become cursor moves."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from flowviz.core.timeline import EARLY
from flowviz.gui.control.clock import Clock
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.run import RunState


class PlaybackController(QObject):
    """Plays, scrubs and steps both clocks.

    Attributes:
        flow: the clock of flow time; it runs from 1 to 0 when looking from data to noise.
        training: the clock over the kept frames of the run.
    """

    def __init__(
        self, cursor: CursorState, options: OptionsState, run: RunState, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._cursor, self._options, self._run = cursor, options, run
        self._place = 1.0
        self.flow = Clock(cursor.flow, lambda: cursor.t, cursor.set_t, lambda: len(run.timeline) > 0, self)
        self.training = Clock(
            cursor.training, self._training_place, self._move_training, lambda: len(run.timeline) > 1, self
        )
        run.frames_changed.connect(self._frames_changed)
        options.changed.connect(self._options_changed)
        self._options_changed()

    # -- flow time ------------------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play or pause flow time."""
        self.flow.toggle()

    def play(self, playing: bool = True) -> None:
        """Play or pause flow time; a pause stops the training clock too."""
        self.flow.play(playing)
        if not playing:
            self.training.play(False)

    def nudge(self, amount: float) -> None:
        """Move along the flow (negative: back), in shares of a pass."""
        self.flow.nudge(amount)

    def walk_flow(self, places: int) -> None:
        """Move along the flow by hundredths of a pass."""
        self.flow.nudge(0.01 * places)

    def to_start(self) -> None:
        """Where the flow starts: noise, or data when looking from data to noise."""
        self.flow.to_start()

    def to_end(self) -> None:
        """Where the flow ends."""
        self.flow.to_end()

    def set_t(self, t: float) -> None:
        """Move the flow clock to a time."""
        self._cursor.set_t(t)

    def flip_direction(self) -> None:
        """Noise to data, or data to noise."""
        now = self._options.value.direction
        self._options.update(direction="encode" if now == "generate" else "generate")

    @Slot()
    def _options_changed(self) -> None:
        is_reversed = self._options.value.direction == "encode"
        if is_reversed != self.flow.is_reversed:
            self.flow.reverse(is_reversed)

    # -- training -------------------------------------------------------------------------------------------

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

    def walk_training(self, share: float) -> None:
        """Move along the training (negative: back), in shares of its frames; by one frame at least."""
        places = max(1, round(abs(share) * len(self._run.timeline)))
        self.walk_frames(places if share > 0 else -places)

    def follow(self, follow: bool) -> None:
        """Stay at the newest frame, or where one is."""
        self._cursor.set_follow(follow)
        if follow:
            self.training.play(False)
            self._frames_changed()

    def _training_place(self) -> float:
        """Where the training clock stands, 0 to 1; between two frames it remembers its exact place."""
        timeline = self._run.timeline
        if self._step_at(self._place) != self._cursor.step and timeline.last is not None:
            first, last = timeline.frames[0].step, timeline.last.step
            self._place = ((self._cursor.step - first) / max(1, last - first)) ** (1 / EARLY)
        return min(1.0, max(0.0, self._place))

    def _step_at(self, place: float) -> int:
        timeline = self._run.timeline
        if timeline.last is None:
            return 0
        first, last = timeline.frames[0].step, timeline.last.step
        frame = timeline.nearest(round(first + place**EARLY * (last - first)))
        return frame.step if frame is not None else 0

    def _move_training(self, place: float) -> None:
        self._place = min(1.0, max(0.0, place))
        self.show_step(self._step_at(self._place))

    @Slot()
    def _frames_changed(self) -> None:
        last = self._run.timeline.last
        if last is None:
            self._cursor.set_follow(True)
            self._cursor.set_step(0)
        elif self._cursor.follow_latest and not self._cursor.training.playing:
            self._cursor.set_step(last.step)
