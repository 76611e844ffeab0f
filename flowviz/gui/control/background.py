"""Short work beside the window: one thread per task, results back in the thread of the owner."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from flowviz.core.errors import UserError

_log = logging.getLogger(__name__)
_LOOK_MS = 8
_PATIENCE_S = 0.7


class Background(QObject):
    """Runs functions in threads of their own and calls back in the thread that made this object.

    The threads know nothing of Qt: they put results into a queue that a timer empties while any are
    awaited. So a thread that outlives the window touches nothing that is gone.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[UserError], None] | None]] = {}
        self._results: SimpleQueue[tuple[int, str, Any]] = SimpleQueue()
        self._next = 0
        self._is_stopped = False
        self._threads: list[threading.Thread] = []
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._deliver)

    def submit(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[UserError], None] | None = None,
    ) -> int:
        """Start `work` in a thread; `done(result)` or `failed(error)` follows here unless forgotten.

        Once stopped, nothing is started any more: nobody would wait for its thread.

        Returns:
            The task's number.
        """
        self._next += 1
        number = self._next
        if self._is_stopped:
            return number
        self._waiting[number] = (done, failed)
        name = f"flowviz-background-{number}"
        thread = threading.Thread(target=_run, args=(number, work, self._results), name=name, daemon=True)
        thread.start()
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        if not self._timer.isActive():
            self._timer.start()
        return number

    def post(self, call: Callable[[], None]) -> None:
        """From a task's thread: run something here while the task goes on."""
        self._results.put((0, "call", call))

    def forget(self, number: int) -> None:
        """Drop a task's result; its thread ends by itself."""
        self._waiting.pop(number, None)

    def stop(self) -> None:
        """Forget everything, and wait a moment for the threads.

        A program that ends amid the compiled code of a thread is aborted; one that reads a huge file is not waited for.
        """
        self._is_stopped = True
        self._waiting.clear()
        self._timer.stop()
        deadline = time.monotonic() + _PATIENCE_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []

    @property
    def is_busy(self) -> bool:
        """Whether results are still awaited."""
        return bool(self._waiting)

    @Slot()
    def _deliver(self) -> None:
        while True:
            try:
                number, kind, result = self._results.get_nowait()
            except Empty:
                break
            if kind == "call":
                result()
                continue
            done, failed = self._waiting.pop(number, (None, None))
            if kind == "done" and done is not None:
                done(result)
            elif kind == "failed" and failed is not None:
                failed(result)
        if not self._waiting:
            self._timer.stop()


def _run(number: int, work: Callable[[], Any], results: SimpleQueue[tuple[int, str, Any]]) -> None:
    try:
        results.put((number, "done", work()))
    except UserError as error:
        results.put((number, "failed", error))
    except MemoryError:
        results.put((number, "failed", UserError("There is not enough memory for this.", "Try a smaller file.")))
    except Exception as error:
        _log.exception("background work failed")
        results.put((number, "failed", UserError(f"This did not work: {error}.", "Details are in the log file.")))
