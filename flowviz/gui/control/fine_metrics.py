"""While training waits there is time: exact W2 between more points than a live measurement has."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot

from flowviz.core.backend import Backend, BackendEvent
from flowviz.core.events import FloorsReady, MetricsReady
from flowviz.core.queries import Answer, MetricQuery
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.run import EngineState, RunState
from flowviz.gui.views.traces import FINE_POINTS, FINE_W2

_REST_MS = 700
_LANE = "fine W2"
_QUERY = MetricQuery("w2", FINE_POINTS)


class FineMetrics(QObject):
    """Asks for the frame under the cursor when a run is paused or over and nothing has moved for a moment."""

    def __init__(
        self, backend: Backend, run: RunState, cursor: CursorState, engine: EngineState, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._backend, self._run, self._cursor, self._engine = backend, run, cursor, engine
        self._asked: dict[int, int] = {}  # training step by request, of the run on the stage
        self._serial = -1
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._ask)
        self._step = -1
        for signal in (run.status_changed, run.frames_changed, engine.ready_changed):
            signal.connect(self._wait)
        cursor.moved.connect(self._moved)

    @Slot()
    def _moved(self) -> None:
        if self._cursor.step != self._step:  # the clock of flow time may play on
            self._step = self._cursor.step
            self._wait()

    @Slot()
    def _wait(self) -> None:
        if self._is_idle:
            self._timer.start()
        else:
            self._timer.stop()

    @property
    def _is_idle(self) -> bool:
        return self._run.status not in ("starting", "running") and len(self._run.timeline) > 0

    @Slot()
    def _ask(self) -> None:
        run, spec = self._run, self._run.spec
        frame = run.timeline.nearest(self._cursor.step)
        if spec is None or frame is None or not frame.weights or self._engine.ready is None or not self._is_idle:
            return
        if run.serial != self._serial:
            self._serial, self._asked = run.serial, {}
        if frame.step not in self._asked.values():
            self._asked[self._backend.ask(spec, frame.weights, _QUERY, _LANE)] = frame.step

    def take(self, message: BackendEvent) -> bool:
        """Take in an answer; whether it was one of ours."""
        if not isinstance(message, Answer) or message.request not in self._asked:
            return False
        if message.arrays and self._run.serial == self._serial:
            low = message.arrays["floor"].tolist()
            floors = dict(self._run.floors) | {FINE_W2: (low[0], low[1], low[2])}
            values = {FINE_W2: float(message.arrays["value"])}
            self._run.apply([FloorsReady(floors), MetricsReady(self._asked[message.request], values)])
        return True
