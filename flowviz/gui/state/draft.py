"""What the next run would be: the person's choices in the panels."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from flowviz.core.backend import Choice
from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget, FlowSpec, RunSpec, TargetSpec


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

    @property
    def choice(self) -> Choice | None:
        """The chosen method."""
        return self.methods.get(self.method)

    def set_methods(self, methods: tuple[Choice, ...]) -> None:
        """What can be trained; values that were typed before stay."""
        self.methods = {choice.key: choice for choice in methods}
        for choice in methods:
            values = self.params.setdefault(choice.key, {})
            for field in choice.params:
                values.setdefault(field.name, field.default)
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

    def set_param(self, name: str, value: ParamValue) -> None:
        """Choose a parameter of the chosen method."""
        values = self.params.setdefault(self.method, {})
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

    def take(self, spec: RunSpec) -> None:
        """Go back to the choices of a run."""
        self.target, self.source, self.method = spec.target, spec.source, spec.flow.key
        self.params.setdefault(spec.flow.key, {}).update(spec.flow.params)
        self.budget, self.seed, self.device = spec.budget, spec.seed, spec.device
        for what in ("target", "source", "method", "budget", "seed", "device"):
            self.changed.emit(what)
