"""From the engine to the window: everything that arrived, thirty times a second, as one signal."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from flowviz.core.backend import Backend


class Pump(QObject):
    """Drains a backend in the GUI thread.

    Signals:
        batch(object): a non-empty list of BackendEvent, in order.
    """

    batch = Signal(object)

    def __init__(self, backend: Backend, parent: QObject | None = None, interval_ms: int = 33) -> None:
        super().__init__(parent)
        self._backend = backend
        self._timer = QTimer(self)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self.drain)
        self._timer.start()

    @Slot()
    def drain(self) -> None:
        """Send on what arrived."""
        events = self._backend.drain()
        if events:
            self.batch.emit(events)

    def stop(self) -> None:
        """No more events."""
        self._timer.stop()
