"""A person's choices in the method's panel become steps of the history."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, Slot

from flowviz.core.params import ParamValue
from flowviz.core.spec import Budget, RunSpec
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.history import History

T = TypeVar("T")


class ChoicesController(QObject):
    """Method, parameters, budget, seed and device of the draft, each one step that can be undone."""

    def __init__(self, draft: DraftState, history: History, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._draft, self._history = draft, history

    def _choose(self, text: str, choose: Callable[[T], object], old: T, new: T, merge_key: str = "") -> None:
        if new != old:
            self._history.do(text, lambda: choose(new), lambda: choose(old), merge_key)

    @Slot(str)
    def set_method(self, key: str) -> None:
        """Choose a method."""
        choice = self._draft.methods.get(key)
        label = choice.label if choice is not None else key
        self._choose(f"Method: {label}", self._draft.set_method, self._draft.method, key)

    @Slot(str, object)
    def set_param(self, name: str, value: ParamValue) -> None:
        """Choose a parameter of the chosen method; moves of one slider in a row are one step."""
        draft, method = self._draft, self._draft.method
        field = next((field for field in draft.choice.params if field.name == name), None) if draft.choice else None
        old = draft.params.get(method, {}).get(name, field.default if field is not None else value)

        def choose(value: ParamValue) -> None:
            draft.set_param(name, value, method)

        text = (field.label if field is not None else "") or name
        self._choose(text, choose, old, value, f"{method}/{name}")

    @Slot(object)
    def set_budget(self, budget: Budget) -> None:
        """Choose how long a stretch of training is."""
        self._choose("Length of the training", self._draft.set_budget, self._draft.budget, budget, "budget")

    @Slot(int)
    def set_seed(self, seed: int) -> None:
        """Choose the seed."""
        self._choose("Seed", self._draft.set_seed, self._draft.seed, seed, "seed")

    @Slot(str)
    def set_device(self, device: str) -> None:
        """Choose the device."""
        self._choose("Device", self._draft.set_device, self._draft.device, device)

    def take(self, text: str, spec: RunSpec) -> None:
        """All the choices of a run, as one step."""
        before = self._draft.choices()
        self._history.do(text, lambda: self._draft.take(spec), lambda: self._draft.put(before))
