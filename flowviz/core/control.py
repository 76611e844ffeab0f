"""The reins of one stretch of training: safe to hold from any thread."""

from __future__ import annotations

import threading

from flowviz.core.params import ParamValue


class CancelledByUser(Exception):
    """Raised inside the training loop when the person stops the run.

    Attributes:
        quick: whether the last frame and the last metrics are to be left out (another run waits).
    """

    def __init__(self, quick: bool = False) -> None:
        super().__init__("stopped")
        self.quick = quick


class Control:
    """Pause, resume, single step, stop and live parameters of one stretch of training.

    The training loop asks `may_step()` before each step, applies `take_changes()` whether it may step
    or not, and sleeps in `wait()` when it may not; everyone else calls the other methods.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._cancelled = False
        self._quick = False
        self._paused = False
        self._single_steps = 0
        self._after_block = False
        self._woken = False
        self._changes: dict[str, ParamValue] = {}

    def cancel(self, quick: bool = False) -> None:
        """Stop before the next step; `quick` leaves out the last frame and the last metrics."""
        with self._condition:
            self._cancelled = True
            self._quick = self._quick or quick
            self._condition.notify_all()

    def pause(self) -> None:
        """Wait before the next step. Single steps that were asked for and not yet done are dropped."""
        with self._condition:
            self._paused = True
            self._single_steps = 0

    def resume(self) -> None:
        """Go on."""
        with self._condition:
            self._paused = False
            self._single_steps = 0
            self._condition.notify_all()

    def step_once(self) -> None:
        """Do one training step, then wait (a running run pauses after it)."""
        with self._condition:
            self._paused = True
            self._single_steps += 1
            self._condition.notify_all()

    def pause_after_block(self, wanted: bool) -> None:
        """Wait as soon as the block in training is done (or, not wanted any more, go on past it)."""
        with self._condition:
            self._after_block = wanted

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter before the next step, or at once in a run that waits."""
        with self._condition:
            self._changes[name] = value
            self._condition.notify_all()

    @property
    def is_paused(self) -> bool:
        """Whether the run waits or will wait before its next step."""
        with self._condition:
            return self._paused

    @property
    def pauses_after_block(self) -> bool:
        """Whether the run will wait when the block in training is done."""
        with self._condition:
            return self._after_block

    def block_done(self) -> None:
        """For the training loop: a block is trained to its end; pauses if that was asked for."""
        with self._condition:
            if self._after_block:
                self._after_block, self._paused, self._single_steps = False, True, 0

    def wake(self) -> None:
        """End the sleep of a run that waits: there is something to tell of it."""
        with self._condition:
            self._woken = True
            self._condition.notify_all()

    @property
    def makes_way(self) -> bool:
        """Whether the run was stopped because another one waits."""
        with self._condition:
            return self._quick

    @property
    def is_cancelled(self) -> bool:
        """Whether the run was stopped."""
        with self._condition:
            return self._cancelled

    def may_step(self) -> bool:
        """For the training loop: whether one step may be done now; uses up a single step that was asked for.

        Raises:
            CancelledByUser: the run was stopped.
        """
        with self._condition:
            if self._cancelled:
                raise CancelledByUser(self._quick)
            if not self._paused:
                return True
            if self._single_steps:
                self._single_steps -= 1
                return True
            return False

    def seconds_at(self, _step: int, measured: float) -> float:
        """For the training loop: the training time of the stretch that the method is told before a step."""
        return measured

    def take_changes(self) -> dict[str, ParamValue]:
        """For the training loop: the live parameters that changed since the last call."""
        with self._condition:
            changes, self._changes = self._changes, {}
            return changes

    def wait(self) -> None:
        """For the training loop: sleep until there is something to do (a step, a change, the end) or to tell."""
        with self._condition:
            self._condition.wait_for(self._has_something)
            self._woken = False

    def _has_something(self) -> bool:
        may_step = not self._paused or self._single_steps > 0
        return may_step or self._cancelled or self._woken or bool(self._changes)
