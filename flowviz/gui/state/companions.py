"""Which earlier runs stand beside the one on the stage, and their frames at the place of the training clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from flowviz.core.frames import Frame
from flowviz.core.records import RunEntry, RunFile
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.run import RunState
from flowviz.gui.state.runs import RunsState
from flowviz.scene._layer import Companion
from flowviz.scene.modes.compare import MOST

if TYPE_CHECKING:
    from flowviz.core.film import Beside


class Companions(QObject):
    """The newest earlier runs on the same target and source whose curves are switched on, three at most."""

    def __init__(
        self, runs: RunsState, run: RunState, cursor: CursorState, draft: DraftState, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._runs, self._run, self._cursor, self._draft = runs, run, cursor, draft
        self._chosen: tuple[tuple[RunEntry, RunFile], ...] | None = None
        for signal in (runs.changed, run.entered):
            signal.connect(self._forget)

    @Slot()
    def _forget(self) -> None:
        self._chosen = None

    def now(self) -> tuple[Companion, ...]:
        """Each at the frame nearest to the training clock, or at its last while the stage follows the latest."""
        if self._chosen is None:
            self._chosen = self._choose()
        return tuple(
            Companion(entry.number, self._label(entry, record), self._frame(record), record.spec)
            for entry, record in self._chosen
        )

    def beside(self) -> tuple[Beside, ...]:
        """The same with all their frames, for films."""
        from flowviz.core.film import Beside  # on first use: the window opens without what films need

        self.now()
        return tuple(
            Beside(entry.number, self._label(entry, record), record.spec, record.frames)
            for entry, record in self._chosen or ()
        )

    @property
    def name(self) -> str:
        """What the run on the stage is called among them."""
        entry, spec = self._runs.entry(self._runs.stage), self._run.spec
        return "" if entry is None or spec is None else self._words(entry.name, spec.flow.key)

    def _choose(self) -> tuple[tuple[RunEntry, RunFile], ...]:
        spec = self._run.spec
        if spec is None:
            return ()
        fitting = [
            (entry, entry.record)
            for entry in reversed(self._runs.earlier)
            if entry.record is not None
            and entry.is_shown
            and entry.record.spec.target == spec.target
            and entry.record.spec.source == spec.source
        ]
        return tuple(fitting[: MOST - 1])

    def _frame(self, record: RunFile) -> Frame:
        if self._cursor.follow_latest:
            return record.last
        return min(record.frames, key=lambda frame: abs(frame.step - self._cursor.step))

    def _label(self, entry: RunEntry, record: RunFile) -> str:
        return self._words(entry.name, record.spec.flow.key)

    def _words(self, name: str, method: str) -> str:
        choice = self._draft.methods.get(method)
        return f"{name} · {choice.label if choice is not None else method}"
