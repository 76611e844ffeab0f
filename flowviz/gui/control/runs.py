"""A person's wishes about the list of runs: bring one back, name it, forget it, run the same with another method."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from flowviz.core.spec import FlowSpec
from flowviz.gui.control.choices import ChoicesController
from flowviz.gui.control.run import RunController
from flowviz.gui.state.history import History
from flowviz.gui.state.run import RunState
from flowviz.gui.state.runs import RunsState


class RunsController(QObject):
    """See the module.

    Signals:
        brought_back(): another run is on the stage.
        notice(str message, str hint): something worth knowing.
    """

    brought_back = Signal()
    notice = Signal(str, str)

    def __init__(
        self,
        runs: RunsState,
        run: RunState,
        training: RunController,
        choices: ChoicesController,
        history: History,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._runs, self._run, self._training = runs, run, training
        self._choices, self._history = choices, history

    @Slot(int)
    def bring_back(self, number: int) -> None:
        """Put an earlier run on the stage, and its choices into the panels; it can be trained on from there."""
        entry, leaving = self._runs.entry(number), self._runs.entry(self._runs.stage)
        if entry is None or entry.record is None:
            return
        if self._run.is_active and leaving is not None:
            self.notice.emit(f"{leaving.name} was stopped where it stood.", "It is in the list and can be trained on.")
        self._training.let_go()
        self._runs.bring_back(number)
        self._choices.take(f"Bring back {entry.name}", entry.record.spec)
        self.brought_back.emit()

    @Slot(int, str)
    def rename(self, number: int, name: str) -> None:
        """Give a run a name; blank names change nothing."""
        entry, new = self._runs.entry(number), name.strip()
        if entry is not None and new and new != entry.name:
            old, change = entry.name, self._runs.change
            self._history.do(f"Name {new}", lambda: change(number, name=new), lambda: change(number, name=old))

    @Slot(int, bool)
    def show_curves(self, number: int, is_shown: bool) -> None:
        """Whether an earlier run's curves stay in the plots."""
        self._runs.change(number, is_shown=is_shown)

    @Slot(int)
    def remove(self, number: int) -> None:
        """Forget an earlier run, as a step that can be undone; the one on the stage stays."""
        entry, runs = self._runs.entry(number), self._runs
        if entry is not None and number != runs.stage:
            self._history.do(f"Remove {entry.name}", lambda: runs.remove(number), lambda: runs.insert(entry))

    @Slot(str)
    def run_with(self, method: str) -> None:
        """Train another method on the same target with the same seed; the run on the stage is kept beside it."""
        spec = self._run.spec
        if spec is None:
            return
        self._choices.take("Compare", replace(spec, flow=FlowSpec(method)))
        self._training.restart()
