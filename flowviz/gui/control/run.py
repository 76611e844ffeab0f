"""A person's wishes about training become calls of the backend."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from flowviz.core.backend import BEGINNING, Backend, BackendEvent, EngineLost, Origin, Ready, RunHandle, RunMessage
from flowviz.core.block_edits import BlockEdit, Equalise
from flowviz.core.events import TERMINAL, Paused, RunEvent
from flowviz.core.params import ParamValue
from flowviz.core.spec import RunSpec
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.run import EngineState, RunState


class RunController(QObject):
    """Starts, pauses, continues and ends runs; notices what only a restart can change.

    Signals:
        restart_needed(object): labels of the choices that differ from the run on the stage; () when none does.
        notice(str message, str hint): something worth knowing.
        run_started(): a new run was asked for.
    """

    restart_needed = Signal(object)
    notice = Signal(str, str)
    run_started = Signal()

    def __init__(
        self, backend: Backend, draft: DraftState, run: RunState, engine: EngineState, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._backend, self._draft, self._run, self._engine = backend, draft, run, engine
        self._handle: RunHandle | None = None
        self._engine_lost = False
        self._live: dict[str, ParamValue] = {}
        self._pauses_after_block = False
        self._follows = False
        draft.changed.connect(self._draft_changed)

    # -- wishes ---------------------------------------------------------------------------------------------

    @property
    def can_run(self) -> bool:
        """Whether the engine is warm and a method is chosen."""
        return self._engine.ready is not None and bool(self._draft.method)

    @property
    def continues(self) -> bool:
        """Whether Run goes on with the run on the stage: it is over or lost its engine, and nothing differs."""
        over = self._run.status in ("finished", "stopped")
        lost = self._run.status == "failed" and self._engine_lost and self._run.timeline.last is not None
        return (over or lost) and not self.differences()

    def run_or_pause(self) -> None:
        """The big button: run, pause, resume or continue, whichever fits."""
        if self._run.status == "running":
            self.pause()
        elif self._run.status == "paused":
            self.resume()
        elif self.continues:
            self.proceed()
        elif self._run.status != "starting":
            self.restart()

    def restart(self) -> None:
        """Train from the beginning with the choices in the panels; the seed stays."""
        if not self.can_run:
            return
        spec = self._draft.spec()
        self._begin(spec, BEGINNING, keep=False)
        self.run_started.emit()

    def proceed(self) -> None:
        """Train on for another stretch from where the run stands (after a failure: from its last frame)."""
        spec, last = self._run.spec, self._run.timeline.last
        if spec is None or not self.can_run or self._run.is_active:
            return
        if self._handle is not None and not self._engine_lost and self._run.status != "failed":
            self._run.set_status("starting")
            self._handle.extend(self._draft.budget)
        elif last is not None:
            spec = replace(spec, budget=self._draft.budget)
            self._begin(spec, Origin(last.weights, last.step, last.wall_s), keep=True)

    def let_go(self) -> None:
        """Stop the run on the stage, if it trains, and hear no more of it: another one takes its place there."""
        self.stop()
        self._handle = None
        self._live = {}
        self._pauses_after_block = False

    def _begin(self, spec: RunSpec, origin: Origin, keep: bool, edit: BlockEdit | None = None) -> None:
        self._live = dict(spec.flow.params)
        self._engine_lost = False
        self._pauses_after_block = False
        self._run.begin(spec, keep=keep)
        self._handle = self._backend.start(spec, origin, edit)
        self._change_live(spec)
        self._check_differences()

    def _change_live(self, spec: RunSpec) -> None:
        """Live parameters that were changed while the run had no engine."""
        choice = self._draft.choice
        if choice is None or choice.key != spec.flow.key or self._handle is None:
            return
        for field in choice.params:
            value = self._draft.params[choice.key].get(field.name, field.default)
            if field.live and value != spec.flow.params.get(field.name, field.default):
                self._handle.change(field.name, value)
                self._live[field.name] = value

    def pause(self) -> None:
        """Wait before the next step."""
        if self._handle and self._run.status == "running":
            self._handle.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        if self._handle and self._run.status == "paused":
            self._handle.resume()

    def step_once(self) -> None:
        """One training step; without a run, start one that pauses after its first step."""
        if self._run.status in ("idle", "failed"):
            self.restart()
        if self._handle and self._run.is_active:
            self._handle.step_once()

    def stop(self) -> None:
        """End the stretch; it can be continued."""
        if self._handle and self._run.is_active:
            self._handle.stop()

    def pause_after_block(self, wanted: bool) -> None:
        """Pause as soon as the block in training is done."""
        if self._handle and self._run.is_active:
            self._handle.pause_after_block(wanted)
            self._pauses_after_block = wanted
        self._run.progress_changed.emit()

    @property
    def pauses_after_block(self) -> bool:
        """Whether it will pause when the block in training is done."""
        return self._pauses_after_block

    def edit_blocks(self, edit: BlockEdit) -> None:
        """Edit the blocks of a run that is over, then train on within the budget; the form says how far to equalise."""
        spec, last = self._run.spec, self._run.timeline.last
        if spec is None or last is None or self._run.why_no_edit(edit):
            return
        eta = self._draft.params.get(self._draft.method, {}).get("eta")
        if isinstance(edit, Equalise) and isinstance(eta, float) and 0 < eta <= 1:
            edit = Equalise(eta)
        if self._handle is not None and not self._engine_lost:
            self._run.set_status("starting")
            self._handle.extend(self._draft.budget, edit)
        else:
            spec = replace(spec, budget=self._draft.budget)
            self._begin(spec, Origin(last.weights, last.step, last.wall_s), keep=True, edit=edit)

    def chosen(self, name: str) -> ParamValue | None:
        """The form's value of a parameter of the method of the run on the stage, or None where it shows another one."""
        spec, method = self._run.spec, self._draft.method
        return self._draft.params.get(method, {}).get(name) if spec is not None and spec.flow.key == method else None

    def follow(self, name: str, value: float) -> None:
        """Show in the form a number that the run has by itself; the engine is not told, since it knows."""
        choice = self._draft.choice
        field = next((f for f in choice.params if f.name == name), None) if choice is not None else None
        if self.chosen(name) is None or field is None or (field.hi is not None and value > field.hi):
            return
        self._follows, self._live[name] = True, value
        self._draft.set_param(name, value)
        self._follows = False

    # -- what the panels say --------------------------------------------------------------------------------

    @Slot(str)
    def _draft_changed(self, what: str) -> None:
        choice, spec = self._draft.choice, self._run.spec
        if choice is not None and spec is not None and self._handle is not None and spec.flow.key == choice.key:
            field = next((f for f in choice.params if f.name == what), None)
            if field is not None and field.live and not self._engine_lost and not self._follows:
                value = self._draft.params[choice.key][what]
                self._handle.change(what, value)
                self._live[what] = value
        self._check_differences()

    def differences(self) -> tuple[str, ...]:
        """Labels of the choices that differ from the run on the stage and need a restart."""
        spec, choice = self._run.spec, self._draft.choice
        if spec is None or choice is None:
            return ()
        result = []
        if self._draft.target != spec.target:
            result.append("target")
        if self._draft.source != spec.source:
            result.append("source")
        if self._draft.method != spec.flow.key:
            result.append("method")
        else:
            values = self._draft.params[choice.key]
            changed = [
                f for f in choice.params if not f.live and values[f.name] != spec.flow.params.get(f.name, f.default)
            ]
            result += [(field.label or field.name).lower() for field in changed]
        if self._draft.seed != spec.seed:
            result.append("seed")
        if self._draft.device != spec.device:
            result.append("device")
        return tuple(result)

    def spec_now(self) -> RunSpec | None:
        """The run on the stage with the live parameters that it has now."""
        spec = self._run.spec
        if spec is None:
            return None
        return replace(spec, flow=replace(spec.flow, params={**spec.flow.params, **self._live}))

    def _check_differences(self) -> None:
        self.restart_needed.emit(self.differences())

    # -- what the engine says -------------------------------------------------------------------------------

    @Slot(object)
    def take(self, batch: list[BackendEvent]) -> None:
        """Take in what the engine said."""
        events: list[RunEvent] = []
        lost: tuple[str, str] | None = None
        for message in batch:
            match message:
                case RunMessage(run, event) if self._handle is not None and run == self._handle.run:
                    events.append(event)
                case Ready():
                    self._engine.set_ready(message)
                    self._draft.set_methods(message.methods)
                case EngineLost(text, hint):
                    lost = text, hint or "A new engine is starting; frames and curves are still here."
                    self._engine_lost = True
                    self._engine.set_ready(None)
        if events:
            if any(isinstance(event, (Paused, *TERMINAL)) for event in events):
                self._pauses_after_block = False
            self._run.apply(events)
        if lost is not None and self._run.status != "failed" and not self._run.is_active:
            self.notice.emit(*lost)  # a run in training says it itself, as its failure
