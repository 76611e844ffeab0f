"""What is known of the run on the stage. Holds and signals, nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from PySide6.QtCore import QObject, Signal

from flowviz.core.backend import Ready
from flowviz.core.block_edits import Add, BlockEdit, Drop, Equalise, Refine, Retime, Split
from flowviz.core.course import Course
from flowviz.core.course_log import noted
from flowviz.core.events import (
    Cancelled,
    ChangeRefused,
    Failed,
    Finished,
    FloorsReady,
    FrameReady,
    Losses,
    MetricsReady,
    Paused,
    Resumed,
    RunEvent,
    Started,
)
from flowviz.core.frames import BlockInfo, Frame, RoundInfo
from flowviz.core.losses import Terms
from flowviz.core.records import RunFile
from flowviz.core.spec import RunSpec
from flowviz.core.timeline import Timeline
from flowviz.gui.state.curves import CurveStore, History, together
from flowviz.scene.block_story import begins_round

Status = Literal["idle", "starting", "running", "paused", "finished", "stopped", "failed"]
ACTIVE: tuple[Status, ...] = ("starting", "running", "paused")


class RunState(QObject):
    """One run: its spec, where it stands, its frames, its curves.

    Signals:
        status_changed(str): idle, starting, running, paused, finished, stopped, failed.
        frames_changed(): frames came or went.
        curves_changed(): losses, metrics, floors or entropy changed.
        progress_changed(): step counter, speed, time left.
        blocks_changed(): the method's blocks.
        leaving(), entered(): before and after another run takes the place of this one.
        failed(str message, str hint, str details).
        change_refused(str parameter, str message, str hint): a live change was not taken.
    """

    status_changed = Signal(str)
    frames_changed = Signal()
    curves_changed = Signal()
    progress_changed = Signal()
    blocks_changed = Signal()
    leaving = Signal()
    entered = Signal()
    failed = Signal(str, str, str)
    change_refused = Signal(str, str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.serial = 0
        self.spec: RunSpec | None = None
        self.status: Status = "idle"
        self._clear()

    def _clear(self) -> None:
        self.timeline = Timeline()
        self.device = ""
        self.parameters = 0
        self.step = 0
        self.first_step = 0
        self.phase = ""
        self.steps_per_second = 0.0
        self.progress = 0.0
        self.seconds_left: float | None = None
        self.entropy: float | None = None
        self.floors: Mapping[str, tuple[float, float, float]] = {}
        self.terms: Terms = ()
        self.losses: dict[str, CurveStore] = {}
        self.metrics: dict[str, History] = {}
        self.blocks: tuple[BlockInfo, ...] = ()
        self.rounds: list[tuple[int, tuple[BlockInfo, ...]]] = []
        self.course: Course = ()

    def blocks_seen(self, step: int, newest: bool) -> tuple[tuple[BlockInfo, ...], tuple[BlockInfo, ...]]:
        """The blocks at a training step (or the newest), and as they stood when the round before ended; () without."""
        step = self.step if newest else step
        frame = None if newest else self.timeline.nearest(step)
        before = next((blocks for begin, blocks in reversed(self.rounds) if begin <= step), ())
        return (self.blocks if frame is None else frame.blocks), before

    def why_no_edit(self, edit: BlockEdit) -> str:
        """Why the blocks cannot be edited now, in a sentence; "" when they can."""
        trained = sum(block.status == "trained" for block in self.blocks)
        if self.blocks and self.blocks[0].kind == "process" and not isinstance(edit, Add):
            return "A stretch of the process has no JKO step to change."
        if isinstance(edit, Refine | Equalise) and trained < (least := 2 if isinstance(edit, Equalise) else 1):
            return "It needs two trained blocks." if least == 2 else "It needs a trained block."
        if self.status not in ("finished", "stopped"):
            return "Stop the training first." if self.is_active else "Continue the training first."
        if isinstance(edit, Refine | Equalise | Add):
            return "" if self.blocks else "It needs a method that trains blocks."
        block = self.blocks[edit.index] if 0 <= edit.index < len(self.blocks) else None
        if block is None or block.status != "trained":
            return "This block is not trained yet."
        if block.is_free and isinstance(edit, Split | Retime):
            return "The free block has no JKO step."
        return "It is the only one." if isinstance(edit, Drop) and len(self.blocks) == 1 else ""

    @property
    def why_no_block(self) -> str:
        """Why no block can be added now, in a sentence; "" when one can: a JKO flow takes one while it trains, too."""
        if not self.blocks:
            return "It needs a method that trains blocks."
        if self.status == "failed":
            return "Continue the training first."
        return "Stop the training first." if self.is_active and self.blocks[0].kind == "process" else ""

    @property
    def reflows(self) -> tuple[RoundInfo, ...]:
        """Rounds of reflow that are trained to their ends."""
        return self.timeline.last.rounds if self.timeline.last is not None else ()

    @property
    def is_active(self) -> bool:
        """Whether the engine is at work on it (or waits in a pause)."""
        return self.status in ACTIVE

    def begin(self, spec: RunSpec, keep: bool = False) -> None:
        """A new run was asked for; with `keep`, it goes on from this one's frames and curves."""
        if not keep:
            self._replace(spec, "starting")
        self.spec = spec
        self.set_status("starting")
        self.progress_changed.emit()

    def _replace(self, spec: RunSpec | None, status: Status, record: RunFile | None = None) -> None:
        self.leaving.emit()
        self.serial += 1
        self._clear()
        self.spec = spec
        if record is not None:
            self._take_record(record)
        self.entered.emit()
        self.set_status(status)
        for signal in (self.frames_changed, self.curves_changed, self.blocks_changed, self.progress_changed):
            signal.emit()

    def record(self) -> RunFile | None:
        """All that is kept of the run, or None without a frame; shares its arrays."""
        if self.spec is None or not len(self.timeline):
            return None
        steps, losses = together({name: store.curve() for name, store in self.losses.items()})
        metrics = {name: np.stack(history.curve(), axis=1) for name, history in self.metrics.items()}
        measured = (steps, losses, metrics, dict(self.floors), self.entropy)
        return RunFile(self.spec, self.timeline.frames, *measured, terms=self.terms, course=self.course)

    def restore(self, record: RunFile | None, status: Status = "stopped") -> None:
        """Put a kept run in the place of this one, or (None) none."""
        self._replace(record.spec if record else None, status if record else "idle", record)

    def _take_record(self, record: RunFile) -> None:
        for frame in record.frames:
            self.timeline.append(frame)
            self._take_blocks(frame)
        self.step, self.phase, self.progress = record.last.step, record.last.phase, 1.0
        for name, values in record.losses.items():
            self.losses.setdefault(name, CurveStore()).add(record.loss_steps, values)
        for name, pairs in record.metrics.items():
            for step, value in pairs.tolist():
                self._take_metrics(int(step), {name: value})
        self.floors, self.entropy = record.floors, record.entropy
        self.terms, self.course = record.terms, record.course

    def set_status(self, status: Status) -> None:
        """Where the run stands."""
        if status != self.status:
            self.status = status
            self.status_changed.emit(status)

    def apply(self, events: list[RunEvent]) -> None:
        """Take in a batch of events of this run, then signal once per kind."""
        kinds = {self._take(event) for event in events}
        for kind, signal in (
            ("frames", self.frames_changed),
            ("curves", self.curves_changed),
            ("progress", self.progress_changed),
            ("blocks", self.blocks_changed),
        ):
            if kind in kinds or (kind == "blocks" and "frames" in kinds) or (kind == "progress" and kinds):
                signal.emit()

    def _take(self, event: RunEvent) -> str:
        self.course = noted(self.course, event)
        match event:
            case Losses():
                return self._take_losses(event)
            case FrameReady(frame):
                self.timeline.append(frame)
                self.step = max(self.step, frame.step)
                self.phase = frame.phase or self.phase
                self._take_blocks(frame)
                self._take_metrics(frame.step, frame.metrics)
                return "frames"
            case MetricsReady(step, values):
                self._take_metrics(step, values)
                return "curves"
            case FloorsReady(floors):
                self.floors = floors
                return "curves"
            case ChangeRefused(name, message, hint):
                self.change_refused.emit(name, message, hint)
            case Started():
                self._take_started(event)
                return "curves"
            case Paused(step):
                self.step = step
                self.set_status("paused")
            case Resumed():
                self.set_status("running")
            case Finished(step) | Cancelled(step):
                self.step = step
                self.seconds_left = None
                self.progress = 1.0 if isinstance(event, Finished) else self.progress
                self.set_status("finished" if isinstance(event, Finished) else "stopped")
            case Failed(step, message, hint, details):
                self.step = max(step, self.step)
                self.set_status("failed")
                self.failed.emit(message, hint, details)
        return "progress"

    def _take_blocks(self, frame: Frame) -> None:
        if frame.blocks and begins_round(self.blocks, frame.blocks):
            self.rounds.append((frame.step, self.blocks))
        self.blocks = frame.blocks or self.blocks

    def _take_started(self, event: Started) -> None:
        self.device, self.parameters = event.device, event.parameters
        self.step = self.first_step = event.step
        self.entropy = event.entropy if event.entropy is not None else self.entropy
        self.floors = event.floors or self.floors
        self.terms = event.terms or self.terms
        self.set_status("running")

    def _take_losses(self, event: Losses) -> str:
        for name, values in event.values.items():
            self.losses.setdefault(name, CurveStore()).add(event.steps, values)
        if len(event.steps):
            self.step = int(event.steps[-1])
        self.phase = event.phase
        self.steps_per_second = event.steps_per_second
        self.progress = event.progress
        self.seconds_left = event.seconds_left
        return "curves"

    def _take_metrics(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.metrics.setdefault(name, History()).add(step, value)


class EngineState(QObject):
    """Whether the engine is warm, and what it offers.

    Signals:
        ready_changed(): `ready` is another (None while an engine starts).
    """

    ready_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ready: Ready | None = None

    def set_ready(self, ready: Ready | None) -> None:
        """The engine is warm, or (None) gone."""
        self.ready = ready
        self.ready_changed.emit()
