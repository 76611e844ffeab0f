"""Short work beside the window: one thread per task, results back in the thread of the owner."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from flowviz.core.errors import UserError

_log = logging.getLogger(__name__)


class Background(QObject):
    """Runs functions in threads of their own and calls back in the thread that made this object."""

    _arrived = Signal(int, str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: dict[int, tuple[Callable[[Any], None], Callable[[UserError], None] | None]] = {}
        self._next = 0
        # Queued even from the own thread, so that callbacks never run inside `submit`.
        self._arrived.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[UserError], None] | None = None,
    ) -> int:
        """Start `work` in a thread; `done(result)` or `failed(error)` follows here unless forgotten.

        Returns:
            The task's number.
        """
        self._next += 1
        number = self._next
        self._waiting[number] = (done, failed)
        name = f"flowviz-background-{number}"
        threading.Thread(target=self._run, args=(number, work), name=name, daemon=True).start()
        return number

    def forget(self, number: int) -> None:
        """Drop a task's result; its thread ends by itself."""
        self._waiting.pop(number, None)

    @property
    def is_busy(self) -> bool:
        """Whether results are still awaited."""
        return bool(self._waiting)

    def _run(self, number: int, work: Callable[[], Any]) -> None:
        try:
            kind, result = "done", work()
        except UserError as error:
            kind, result = "failed", error
        except MemoryError:
            kind, result = "failed", UserError("There is not enough memory for this.", "Try a smaller file.")
        except Exception as error:
            _log.exception("background work failed")
            kind, result = "failed", UserError(f"This did not work: {error}.", "Details are in the log file.")
        try:
            self._arrived.emit(number, kind, result)
        except RuntimeError:
            _log.debug("result of background work %d came after the window closed", number)

    @Slot(int, str, object)
    def _deliver(self, number: int, kind: str, result: Any) -> None:
        done, failed = self._waiting.pop(number, (None, None))
        if kind == "done" and done is not None:
            done(result)
        elif kind == "failed" and failed is not None:
            failed(result)
