"""Edits of a run's blocks as steps of the history: undo brings back the weights and frames from before."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from flowviz.core.block_edits import Add, BlockEdit, edit_name
from flowviz.core.records import Ending, RunFile
from flowviz.core.timeline import checkpoint
from flowviz.gui.control.choices import ChoicesController
from flowviz.gui.control.run import RunController
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.history import History
from flowviz.gui.state.run import EngineState, RunState
from flowviz.gui.state.runs import RunsState


class SurgeryController(QObject):
    """See the module.

    Signals:
        notice(str message, str hint): why something cannot be done.
    """

    notice = Signal(str, str)

    def __init__(
        self,
        runs: RunsState,
        run: RunState,
        engine: EngineState,
        training: RunController,
        history: History,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runs, self._run, self._engine = runs, run, engine
        self._training, self._history = training, history
        run.blocks_changed.connect(self._show_count)

    @Slot(object)
    def edit(self, edit: BlockEdit) -> None:
        """Do it to the run on the stage, which then trains on within the budget."""
        reason = self._run.why_no_edit(edit)
        if not reason and self._engine.ready is None:
            reason = "The engine is starting; try again in a moment."
        if reason:
            self.notice.emit("The blocks cannot be changed now.", reason)
            return
        step = _Surgery(self, edit)
        self._history.do(edit_name(edit), step.redo, step.undo)

    def state(self) -> _State | None:
        """The run on the stage as it is, to be put back later."""
        record = self._run.record()
        if record is None:
            return None
        frames = (*(checkpoint(frame) for frame in record.frames[:-1]), record.frames[-1])
        chosen = self._training.chosen("blocks")
        count = chosen if isinstance(chosen, int) else None
        return _State(self._runs.stage, replace(record, frames=frames), self._runs.ending(), count)

    def do(self, edit: BlockEdit) -> None:
        """Hand the edit to the engine."""
        self._training.edit_blocks(edit)

    def put(self, state: _State) -> None:
        """Bring a run back to an earlier state; it goes on the stage for that if another one is there."""
        self._training.let_go()
        self._runs.bring_back(state.number)
        self._runs.put_on_stage(state.record, state.status)
        if state.count is not None:
            self._training.follow("blocks", state.count)

    @Slot()
    def _show_count(self) -> None:
        """The form says how many blocks there are now, once they are others than it planned."""
        if any(stretch.edit is not None for stretch in self._run.course) and self._run.blocks:
            self._training.follow("blocks", len(self._run.blocks))


class _State:
    """A run at some moment. Immutable frames: nothing that happens later can touch it."""

    def __init__(self, number: int, record: RunFile, status: Ending, count: int | None) -> None:
        self.number, self.record, self.status, self.count = number, record, status, count


class _Surgery:
    """One edit: what was before it and, once undone, what had come of it."""

    def __init__(self, control: SurgeryController, edit: BlockEdit) -> None:
        self._control, self._edit = control, edit
        self._before = control.state()
        self._after: _State | None = None

    def redo(self) -> None:
        """Edit; after an undo, bring back what had been trained then."""
        if self._after is None:
            self._control.do(self._edit)
        else:
            self._control.put(self._after)

    def undo(self) -> None:
        """Bring back what was before."""
        self._after = self._control.state()
        if self._before is not None:
            self._control.put(self._before)


class BlockAdder(QObject):
    """One more block: at once in a run that is over, as a higher number of blocks in one that trains."""

    def __init__(
        self, run: RunState, draft: DraftState, choices: ChoicesController, surgery: SurgeryController
    ) -> None:
        super().__init__(surgery)
        self._run, self._draft, self._choices, self._surgery = run, draft, choices, surgery

    @Slot()
    def add(self) -> None:
        """Add it."""
        if not self._run.is_active:
            self._surgery.edit(Add())
            return
        choice = self._draft.choice
        field = next((f for f in choice.params if f.name == "blocks"), None) if choice else None
        count = self._draft.params.get(self._draft.method, {}).get("blocks")
        if not isinstance(count, int) or field is None:
            return
        count = max(count, len(self._run.blocks)) + 1
        if field.hi is not None and count > field.hi:
            self._surgery.notice.emit(f"{field.hi:g} blocks are the most.", "")
            return
        self._choices.set_param("blocks", count)
