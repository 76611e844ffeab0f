"""Signals that end a command: nothing half-written stays behind, and what was reached is kept."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupted(KeyboardInterrupt):
    """A signal asked the process to end.

    Attributes:
        status: the exit status that says so, 128 and the signal's number.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


class Stop:
    """Whether a signal asked for an orderly end, and which exit status tells of it."""

    status = 128 + signal.SIGINT


@contextlib.contextmanager
def ends_in_order() -> Iterator[None]:
    """Within it, Ctrl+C, a request to end and a closed terminal raise `Interrupted`, so that files are cleared away."""

    def interrupt(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled(interrupt):
        yield


@contextlib.contextmanager
def stops(stop: Callable[[], None]) -> Iterator[Stop]:
    """Within it, the first signal calls `stop`; a second one raises `Interrupted`."""
    told = Stop()

    def first(number: int, _: FrameType | None) -> None:
        for each in _signals():
            signal.signal(each, second)
        told.status = 128 + number
        stop()

    def second(number: int, _: FrameType | None) -> None:
        raise Interrupted(number)

    with _handled(first):
        yield told


@contextlib.contextmanager
def _handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {each: signal.signal(each, handler) for each in _signals()}
    try:
        yield
    finally:
        for each, old in before.items():
            signal.signal(each, signal.SIG_DFL if old is None else old)


def _signals() -> list[signal.Signals]:
    """The signals of this system, but those that somebody chose to ignore (nohup). Only the main thread has any."""
    if threading.current_thread() is not threading.main_thread():
        return []
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    return [each for each in known if each is signal.SIGINT or signal.getsignal(each) is not signal.SIG_IGN]
