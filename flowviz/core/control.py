"""The reins of one run: safe to hold from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flowviz.core.params import ParamValue


class CancelledByUser(Exception):
    """Raised inside the training loop when the person stops the run."""


class Control:
    """Pause, resume, single step, stop and live parameters of one run.

    The training loop calls `checkpoint()` once a step; everyone else calls the other methods.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._cancelled = False
        self._paused = False
        self._single_steps = 0
        self._changes: dict[str, ParamValue] = {}

    def cancel(self) -> None:
        """Stop at the next checkpoint."""
        with self._condition:
            self._cancelled = True
            self._condition.notify_all()

    def pause(self) -> None:
        """Wait at the next checkpoint."""
        with self._condition:
            self._paused = True

    def resume(self) -> None:
        """Go on."""
        with self._condition:
            self._paused = False
            self._condition.notify_all()

    def step_once(self) -> None:
        """Do one training step, then wait (a running run pauses after it)."""
        with self._condition:
            self._paused = True
            self._single_steps += 1
            self._condition.notify_all()

    def change(self, name: str, value: ParamValue) -> None:
        """Change a live parameter at the next checkpoint."""
        with self._condition:
            self._changes[name] = value
            self._condition.notify_all()

    @property
    def is_paused(self) -> bool:
        """Whether the run waits or will wait at its next checkpoint."""
        with self._condition:
            return self._paused

    def checkpoint(
        self, on_pause: Callable[[], None] | None = None, on_resume: Callable[[], None] | None = None
    ) -> dict[str, ParamValue]:
        """Called by the training loop before each step: waits while paused, hands over live changes.

        Returns:
            Live parameters that changed since the last checkpoint.

        Raises:
            CancelledByUser: the run was stopped.
        """
        with self._condition:
            waits = self._paused and not self._single_steps and not self._cancelled and not self._changes
        if waits and on_pause:
            on_pause()
        with self._condition:
            while self._paused and not self._single_steps and not self._cancelled and not self._changes:
                self._condition.wait()
            if self._cancelled:
                raise CancelledByUser
            if self._single_steps:
                self._single_steps -= 1
            elif waits and not self._paused and on_resume:
                on_resume()
            changes, self._changes = self._changes, {}
            return changes
