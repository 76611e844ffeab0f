"""The runs of the session: the one on the stage, and the earlier ones that are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal, Slot

from flowviz.core.frames import Frame
from flowviz.core.records import Ending, RunEntry, RunFile, thinned
from flowviz.core.spec import RunSpec
from flowviz.core.timeline import checkpoint
from flowviz.gui.state.run import RunState

KEPT_FRAMES = 80
KEPT_BYTES = 256 * 2**20
"""Of the frames of all runs off the stage together; beyond it the longest are thinned."""
_LEAST_FRAMES = 8


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the list says of a run: figures are the newest ones, None where nothing was measured."""

    spec: RunSpec
    step: int
    seconds: float
    nll: float | None
    w2: float | None


class RunsState(QObject):
    """All runs, oldest first. A run that leaves the stage is kept here; one without a frame is forgotten.

    Signals:
        changed(): runs, their names, or which of them is on the stage.
    """

    changed = Signal()

    def __init__(self, run: RunState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self._entries: list[RunEntry] = []
        self._given = 0
        self._entering: RunEntry | None = None
        self.stage = 0
        run.leaving.connect(self._keep)
        run.entered.connect(self._enter)

    @property
    def entries(self) -> tuple[RunEntry, ...]:
        """All runs, oldest first; the one on the stage among them."""
        return tuple(self._entries)

    @property
    def earlier(self) -> tuple[RunEntry, ...]:
        """Those that are not on the stage."""
        return tuple(entry for entry in self._entries if entry.number != self.stage)

    def entry(self, number: int) -> RunEntry | None:
        """The run of that number."""
        return next((entry for entry in self._entries if entry.number == number), None)

    def facts(self, entry: RunEntry) -> RunFacts | None:
        """Its figures; None for a run that has no frame yet."""
        if entry.number != self.stage:
            return _kept_facts(entry.record) if entry.record is not None else None
        last, spec = self._run.timeline.last, self._run.spec
        if spec is None:
            return None
        newest = {name: history.last for name, history in self._run.metrics.items()}
        seconds = last.wall_s if last is not None else 0.0
        return RunFacts(spec, self._run.step, seconds, newest.get("nll"), newest.get("w2"))

    # -- what happens to the list ---------------------------------------------------------------------------

    def bring_back(self, number: int) -> None:
        """Put a kept run on the stage; the one there is kept. The engine must have let go of it."""
        entry = self.entry(number)
        if entry is not None and entry.record is not None and number != self.stage:
            self._entering = entry
            self._run.restore(entry.record, entry.status)

    def put_on_stage(self, record: RunFile, status: Ending) -> None:
        """Put another state of the run that is on the stage there (undo of an edit of it)."""
        entry = self.entry(self.stage)
        if entry is not None:
            self._entering = entry
            self._run.restore(record, status)

    def change(self, number: int, name: str | None = None, is_shown: bool | None = None) -> None:
        """Another name, or whether its curves are shown."""
        for place, entry in enumerate(self._entries):
            if entry.number == number:
                shown = entry.is_shown if is_shown is None else is_shown
                self._entries[place] = replace(entry, name=name or entry.name, is_shown=shown)
                self.changed.emit()

    def remove(self, number: int) -> None:
        """Forget a run that is not on the stage."""
        self._entries = [entry for entry in self._entries if entry.number != number or number == self.stage]
        self.changed.emit()

    def insert(self, entry: RunEntry) -> None:
        """Take a removed run in again, in its place."""
        self._entries = sorted([*self._entries, entry], key=lambda other: other.number)
        self.changed.emit()

    def replace_all(self, entries: Iterable[RunEntry], stage: int) -> None:
        """The runs of another session, and the number of the one that goes on the stage (0: none)."""
        self.stage = 0  # what is on the stage belongs to no run of the list any more
        self._entries = sorted(entries, key=lambda entry: entry.number)
        self._given = max((entry.number for entry in self._entries), default=0)
        entry = self.entry(stage)
        if entry is not None:
            self.bring_back(stage)
        else:
            self._run.restore(None)
        self.changed.emit()

    # -- leaving and entering the stage ---------------------------------------------------------------------

    @Slot()
    def _keep(self) -> None:
        entry = self.entry(self.stage)
        if entry is None or (self._entering is not None and self._entering.number == entry.number):
            return
        record = self._run.record()
        if record is None:
            self._entries.remove(entry)
            return
        kept = replace(record, frames=thinned(record.frames, KEPT_FRAMES))
        self._entries[self._entries.index(entry)] = replace(entry, status=self.ending(), record=kept)
        self._keep_within()

    def ending(self) -> Ending:
        """How the training of the run on the stage ended, or would if it were stopped now."""
        match self._run.status:
            case "finished" | "failed" as status:
                return status
        return "stopped"

    def everything(self) -> tuple[RunEntry, ...]:
        """All runs that have a frame with what is kept of them, the one on the stage included: values for a file."""
        result = []
        for entry in self._entries:
            if entry.number == self.stage:
                entry = replace(entry, status=self.ending(), record=self._run.record())
            if entry.record is not None:
                result.append(entry)
        return tuple(result)

    def _keep_within(self) -> None:
        """Thin the heaviest kept runs until all fit."""
        while True:
            sizes = {e.number: _nbytes(e.record.frames) for e in self._entries if e.record is not None}
            kept = [(e, e.record) for e in self._entries if e.record is not None]
            lighter = [(e, record, _lighter(record.frames)) for e, record in kept if _lighter(record.frames)]
            if sum(sizes.values()) <= KEPT_BYTES or not lighter:
                return
            worst, record, frames = max(lighter, key=lambda item: sizes[item[0].number])
            self._entries[self._entries.index(worst)] = replace(worst, record=replace(record, frames=frames))

    @Slot()
    def _enter(self) -> None:
        entry, self._entering = self._entering, None
        if entry is not None:
            self.stage = entry.number
            self._entries = [replace(e, record=None) if e.number == entry.number else e for e in self._entries]
        elif self._run.spec is None:
            self.stage = 0
        else:
            self._given += 1
            self.stage = self._given
            self._entries.append(RunEntry(self._given, f"Run {self._given}"))
        self.changed.emit()


def _lighter(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """Fewer paths, or else fewer frames; () where neither is possible."""
    checkpoints = (*(checkpoint(frame) for frame in frames[:-1]), frames[-1])
    if any(a is not b for a, b in zip(frames, checkpoints, strict=True)):
        return checkpoints
    return thinned(frames, max(_LEAST_FRAMES, len(frames) // 2)) if len(frames) > _LEAST_FRAMES else ()


def _nbytes(frames: tuple[Frame, ...]) -> int:
    arrays = {id(array): array.nbytes for frame in frames for array in (frame.paths, *frame.weights.values())}
    return sum(arrays.values())


def _kept_facts(record: RunFile) -> RunFacts:
    newest = {name: float(pairs[-1, 1]) for name, pairs in record.metrics.items() if len(pairs)}
    return RunFacts(record.spec, record.last.step, record.last.wall_s, newest.get("nll"), newest.get("w2"))
