"""Cursor, timeline, options or view changed: ask what must be asked, paint, show. At most thirty pictures a second."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Hashable, Mapping

import numpy as np
from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal, Slot

from flowviz.core.backend import Backend, BackendEvent
from flowviz.core.frames import Frame
from flowviz.core.queries import Answer, DensityQuery, FieldQuery, ProbeQuery, Query, TransportQuery
from flowviz.core.solver import Solver
from flowviz.core.spec import Array
from flowviz.gui.bridge.paint_thread import PaintJob, PaintThread, Picture
from flowviz.gui.control.fine_metrics import FineMetrics
from flowviz.gui.state.companions import Companions
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.probes import ProbeState
from flowviz.gui.state.run import EngineState, RunState
from flowviz.gui.theme.theme import current_tokens
from flowviz.gui.views.stage import StageView
from flowviz.scene._layer import REFUSED, Companion
from flowviz.scene.resolve import query_key

_GAP_MS = 30  # a little less than the clock's beat, so that every beat is shown
_KEPT_BYTES = 96 * 2**20
_NFE = "nfe"
_NFE_GAP_MS = 700
Key = tuple[Hashable, ...]


def loose_key(query: Query) -> Key:
    """The same for questions whose answers may stand in for each other while the right one is on its way.

    An answer for another slice stands where the new slice is for as long as its own takes, a few pictures.
    """
    match query:
        case DensityQuery():
            return ("density", query.resolution, len(query.extent), query.axis)
        case FieldQuery():
            return ("field", query.points.shape, query.times)
        case ProbeQuery(is_detailed=False):
            return ("hover",)
        case _:
            return (query_key(query),)


def _solver_query(solver: Solver) -> TransportQuery:
    """What a solver costs and where it steps: a few particles are enough."""
    return TransportQuery("noise", (0.0, 1.0), 64, 0, None, solver)


def _nbytes(arrays: Mapping[str, Array]) -> int:
    return sum(array.nbytes for array in arrays.values())


class Answers:
    """Answers of the engine by training step and question: the newest ones, within a byte budget."""

    def __init__(self) -> None:
        self._exact: OrderedDict[Key, Mapping[str, Array]] = OrderedDict()
        self._newest: dict[Key, Mapping[str, Array]] = {}
        self._asked: dict[int, tuple[Key, Key]] = {}
        self._waiting: dict[str, tuple[int, Key]] = {}
        self._nbytes = 0

    def clear(self) -> None:
        """Forget everything (another run)."""
        self._exact.clear()
        self._newest.clear()
        self._asked.clear()
        self._waiting.clear()
        self._nbytes = 0

    def is_known(self, key: Key) -> bool:
        """Whether the answer is here, or asked for (layers may share a question)."""
        return key in self._exact or any(waiting == key for _, waiting in self._waiting.values())

    def asked(self, lane: str, request: int, key: Key, loose: Key) -> None:
        """A question was sent; it replaces the one before in its lane."""
        self._asked[request] = (key, loose)
        self._waiting[lane] = (request, key)
        for old in [number for number in self._asked if number < request - 64]:
            del self._asked[old]

    def arrived(self, answer: Answer) -> bool:
        """File an answer; whether it was one of ours."""
        keys = self._asked.pop(answer.request, None)
        for lane in [lane for lane, (request, _) in self._waiting.items() if request == answer.request]:
            del self._waiting[lane]
        if keys is None:
            return False
        key, loose = keys
        self._nbytes -= _nbytes(self._exact.pop(key, {}))
        arrays = {REFUSED: np.array(answer.error)} if answer.error else answer.arrays
        self._exact[key] = arrays
        self._nbytes += _nbytes(arrays)
        while self._nbytes > _KEPT_BYTES and len(self._exact) > 1:
            self._nbytes -= _nbytes(self._exact.popitem(last=False)[1])
        if answer.arrays:
            self._newest[loose] = answer.arrays
        return True

    def best(self, key: Key, loose: Key) -> Mapping[str, Array] | None:
        """The answer, or the newest one that may stand in for it."""
        exact = self._exact.get(key)
        if exact and REFUSED not in exact:
            return exact
        return self._newest.get(loose) or exact


class Presenter(QObject):
    """Keeps the stage in step with the state.

    Signals:
        shown(object): a Picture is on the stage.
        solver_told(int, object): velocity evaluations per particle of the chosen solver, and the flow times between
            which it takes its steps (an array, maybe empty).
        question_failed(str message, str hint): the engine could not answer.
    """

    shown = Signal(object)
    solver_told = Signal(int, object)
    question_failed = Signal(str, str)

    def __init__(
        self,
        backend: Backend,
        stage: StageView,
        run: RunState,
        cursor: CursorState,
        options: OptionsState,
        draft: DraftState,
        engine: EngineState,
        probes: ProbeState,
        companions: Companions,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._backend, self._stage, self._engine = backend, stage, engine
        self._run, self._cursor, self._options, self._draft = run, cursor, options, draft
        self._probes, self._companions = probes, companions
        self._beside: tuple[Companion, ...] = ()
        self._answers = Answers()
        self._wanted: Mapping[str, Query] = {}
        self._serial = -1
        self._error = ""
        self._busy = False
        self._dirty = False
        self._since = QElapsedTimer()
        self._since.start()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._paint)
        self._nfe_solver: Solver | None = None
        self._nfe_timer = QTimer(self)
        self._nfe_timer.setSingleShot(True)
        self._nfe_timer.timeout.connect(self._ask_nfe)
        self._fine = FineMetrics(backend, run, cursor, engine, self)
        self._thread = PaintThread(self)
        self._thread.painted.connect(self._painted)
        self._thread.failed.connect(self._paint_failed)
        self._thread.start()
        changes = (
            cursor.moved, run.frames_changed, options.changed, stage.view_changed, draft.changed, probes.changed,
        )  # fmt: skip
        for signal in changes:
            signal.connect(self.refresh)

    def close(self) -> None:
        """No more pictures; the paint thread ends."""
        self._timer.stop()
        self._nfe_timer.stop()
        self._thread.close()

    @property
    def is_idle(self) -> bool:
        """Whether the stage shows all that changed."""
        return not (self._busy or self._dirty or self._timer.isActive())

    @Slot()
    def refresh(self) -> None:
        """Something changed: a new picture, soon."""
        self._dirty = True
        if not self._busy and not self._timer.isActive():
            self._timer.start(max(0, _GAP_MS - self._since.elapsed()))

    @property
    def frame(self) -> Frame | None:
        """The frame under the training cursor."""
        return self._run.timeline.nearest(self._cursor.step)

    @Slot()
    def _paint(self) -> None:
        size = self._stage.size().toTuple()
        if min(size) < 64 or not self._stage.is_seen:
            self._dirty = False  # the stage asks again when it is shown
            return
        if self._run.serial != self._serial:
            self._serial = self._run.serial
            self._answers.clear()
            self._wanted = {}
        frame, spec = self.frame, self._run.spec
        shown = spec if spec is not None and frame is not None else self._draft
        target = shown.target
        answers = {}
        self._beside = self._companions.now() if self._options.value.mode == "compare" else ()
        for lane, query in self._wanted.items():
            found = self._found(lane, frame, query)
            if found is not None:
                answers[lane] = found
        self._dirty, self._busy = False, True
        self._since.restart()
        job = PaintJob(
            target,
            frame,
            self._cursor.t,
            self._options.value,
            answers,
            self._stage.gazes,
            size,
            self._stage.margins,
            self._stage.devicePixelRatioF(),
            self._stage.emphasis,
            current_tokens(),
            self._title(target.name),
            shown.source,
            self._stage.is_turning,
            self._stage.draws_by_opengl,
            spec.seed if spec is not None else 0,
            self._probes.value,
            self._companions.name,
            self._beside,
        )
        self._thread.submit(job)

    def _title(self, target: str) -> str:
        spec = self._run.spec
        if self._beside:
            return f"{1 + len(self._beside)} runs on {target}"
        method = self._draft.methods.get(spec.flow.key) if spec is not None and self.frame is not None else None
        return f"{method.label} on {target}" if method is not None and target else target

    def _found(self, lane: str, frame: Frame | None, query: Query) -> Mapping[str, Array] | None:
        """The answer to a question of a lane, or one that may stand in for it."""
        other = self._companion(lane)
        if other is None:
            return self._answers.best(self._key(frame, query), loose_key(query))
        return self._answers.best((other.number, *self._key(other.frame, query)), (other.number, *loose_key(query)))

    def _companion(self, lane: str) -> Companion | None:
        """The run beside the stage's that a lane is about."""
        return next((other for other in self._beside if lane.startswith(other.lane(""))), None)

    @staticmethod
    def _key(frame: Frame | None, query: Query) -> Key:
        return (frame.step if frame is not None else -1, query_key(query))

    @Slot(object)
    def _painted(self, picture: Picture) -> None:
        self._busy = False
        self._stage.show_picture(picture)
        self._ask(picture)
        self.shown.emit(picture)
        if self._dirty:
            self.refresh()

    @Slot(str)
    def _paint_failed(self, message: str) -> None:
        self._busy = False
        if message != self._error:
            self._error = message
            self.question_failed.emit("This picture could not be drawn.", "Switch a layer off; the log file says more.")

    def _ask(self, picture: Picture) -> None:
        frame, spec = picture.job.frame, self._run.spec
        known = {lane: query_key(query) for lane, query in self._wanted.items()}
        self._wanted = picture.wanted
        if frame is None or spec is None or not frame.weights or self._engine.ready is None:
            return
        if self._run.serial != self._serial:
            return
        abilities = self._draft.abilities_of(spec)
        for lane, query in picture.wanted.items():
            needed = getattr(query, "needs", "")
            if needed and needed not in abilities:
                continue
            self._ask_once(lane, frame, query)
            if known.get(lane) != query_key(query) and self._found(lane, frame, query):
                self._dirty = True
        if not self._nfe_timer.isActive():
            self._nfe_timer.start(_NFE_GAP_MS if self._options.value.solver == self._nfe_solver else 0)

    @Slot()
    def _ask_nfe(self) -> None:
        """What the chosen solver costs on the frame in view; asked at leisure, as it changes slowly."""
        frame = self.frame
        if frame is None or not frame.weights or self._engine.ready is None or self._run.serial != self._serial:
            return
        self._nfe_solver = self._options.value.solver
        self._tell_solver(frame, self._nfe_solver)
        self._ask_once(_NFE, frame, _solver_query(self._nfe_solver))

    def _tell_solver(self, frame: Frame, solver: Solver) -> None:
        query = _solver_query(solver)
        found = self._answers.best(self._key(frame, query), loose_key(query))
        if found is not None and "nfe" in found:
            self.solver_told.emit(int(found["nfe"]), found.get("grid", ()))

    def _ask_once(self, lane: str, frame: Frame, query: Query) -> None:
        other, spec = self._companion(lane), self._run.spec
        key, loose = self._key(frame, query), loose_key(query)
        if other is not None:
            frame, spec = other.frame, other.spec
            key, loose = (other.number, *self._key(frame, query)), (other.number, *loose)
        if spec is None or self._answers.is_known(key):
            return
        request = self._backend.ask(spec, frame.weights, query, lane)
        self._answers.asked(lane, request, key, loose)

    @Slot(object)
    def take(self, batch: list[BackendEvent]) -> None:
        """Take in the engine's answers."""
        for message in batch:
            if self._fine.take(message):
                continue
            if isinstance(message, Answer) and self._answers.arrived(message):
                if message.error:
                    logging.getLogger(__name__).warning("a question failed: %s", message.error)
                    if message.error != self._error:
                        self._error = message.error
                        self.question_failed.emit(message.error, message.hint)
                elif "nfe" in message.arrays and self.frame is not None:
                    self._tell_solver(self.frame, self._options.value.solver)
                self.refresh()
