"""What the next run would be: the person's choices in the panels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QObject, Signal

from flowviz.core.backend import Choice
from flowviz.core.errors import ParameterError
from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec
from flowviz.targets._source import are_gaussians


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """All that a draft holds: the run that it would be, and the parameters of every method."""

    spec: RunSpec
    params: Mapping[str, Mapping[str, ParamValue]]


class DraftState(QObject):
    """Target, source, method, parameters, budget, seed and device of the next run.

    Signals:
        changed(str): what is another: "target", "source", "method", "budget", "seed", "device" or a parameter's name.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.target = TargetSpec("pinwheel", name="Pinwheel")
        self.source: TargetSpec | None = None
        self.methods: dict[str, Choice] = {}
        self.method = ""
        self.params: dict[str, dict[str, ParamValue]] = {}
        self.budget = Budget()
        self.seed = 0
        self.device = "auto"
        self._ends: tuple[tuple[TargetSpec | None, TargetSpec], bool] | None = None

    @property
    def choice(self) -> Choice | None:
        """The chosen method."""
        return self.methods.get(self.method)

    def abilities_of(self, spec: RunSpec | None) -> frozenset[str]:
        """What the method of a run offers; nothing where there is no run, or nobody knows its method.

        "closed_form" besides, where both ends of the run are Gaussians.
        """
        choice = self.methods.get(spec.flow.key) if spec is not None else None
        if choice is None or spec is None:
            return frozenset()
        ends = (spec.source, spec.target)
        if self._ends is None or self._ends[0] != ends:
            self._ends = (ends, are_gaussians(*ends))
        return choice.abilities | {"closed_form"} if self._ends[1] else choice.abilities

    def set_methods(self, methods: tuple[Choice, ...]) -> None:
        """What can be trained; values that were typed before stay."""
        self.methods = {choice.key: choice for choice in methods}
        self._fill_in()
        if self.method not in self.methods and methods:
            self.method = methods[0].key
        self.changed.emit("method")

    def set_target(self, target: TargetSpec) -> None:
        """Choose a target."""
        if target != self.target:
            self.target = target
            self.changed.emit("target")

    def set_source(self, source: TargetSpec | None) -> None:
        """Choose where the flow begins; None is N(0, I)."""
        if source != self.source:
            self.source = source
            self.changed.emit("source")

    def set_method(self, key: str) -> None:
        """Choose a method."""
        if key != self.method:
            self.method = key
            self.changed.emit("method")

    def set_param(self, name: str, value: ParamValue, method: str = "") -> None:
        """Choose a parameter of the chosen method, or of another one."""
        values = self.params.setdefault(method or self.method, {})
        if values.get(name) != value:
            values[name] = value
            self.changed.emit(name)

    def set_budget(self, budget: Budget) -> None:
        """Choose how long a stretch of training is."""
        if budget != self.budget:
            self.budget = budget
            self.changed.emit("budget")

    def set_seed(self, seed: int) -> None:
        """Choose the seed."""
        if seed != self.seed:
            self.seed = seed
            self.changed.emit("seed")

    def set_device(self, device: str) -> None:
        """Choose the device."""
        if device != self.device:
            self.device = device
            self.changed.emit("device")

    def spec(self) -> RunSpec:
        """The run that these choices make."""
        flow = FlowSpec(self.method, dict(self.params.get(self.method, {})))
        return RunSpec(self.target, flow, self.budget, self.seed, self.device, source=self.source)

    def take(self, spec: RunSpec, params: Mapping[str, Mapping[str, ParamValue]] | None = None) -> None:
        """Go back to the choices of a run; `params` are those of other methods, which are left alone without."""
        params = {**self.params, **(params or {})}
        mine = {**params.get(spec.flow.key, {}), **spec.flow.params}
        self.put(replace(self.choices(), spec=spec, params={**params, spec.flow.key: mine}))

    def choices(self) -> Choices:
        """All choices as a value."""
        return Choices(self.spec(), {method: dict(values) for method, values in self.params.items()})

    def put(self, choices: Choices) -> None:
        """Other choices in the place of all these."""
        spec, self.params = choices.spec, {method: dict(values) for method, values in choices.params.items()}
        self._fill_in()
        self.target, self.source, self.method = spec.target, spec.source, spec.flow.key
        self.budget, self.seed, self.device = spec.budget, spec.seed, spec.device
        for what in ("target", "source", "method", "budget", "seed", "device"):
            self.changed.emit(what)

    def _fill_in(self) -> None:
        """Every declared parameter has a value that it may have."""
        for choice in self.methods.values():
            given, self.params[choice.key] = self.params.get(choice.key, {}), {}
            for field in choice.params:
                try:
                    value = field.check(given.get(field.name, field.default))
                except ParameterError:
                    value = field.default
                self.params[choice.key][field.name] = value
