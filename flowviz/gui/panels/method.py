"""The panel on the right: which method, its parameters, how long, which seed, which device."""

from __future__ import annotations

import random
from collections.abc import Iterable

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from flowviz.core.backend import Choice
from flowviz.core.errors import ParameterError
from flowviz.core.method_groups import METHOD_GROUPS
from flowviz.core.params import ADVANCED, ParamField, ParamValue
from flowviz.core.sources import why_not
from flowviz.core.spec import Budget, TargetSpec
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.run import EngineState, RunState
from flowviz.gui.widgets.bars import flat_button
from flowviz.gui.widgets.grouped_box import Entry, GroupedBox
from flowviz.gui.widgets.param_form import RESTART_MARK, ParamForm


def by_group(fields: tuple[ParamField, ...]) -> tuple[ParamField, ...]:
    """The fields of each group beside each other, groups in the order in which they first appear, Advanced last."""
    groups = list(dict.fromkeys(["", *(field.group for field in fields)]))
    return tuple(sorted(fields, key=lambda field: (field.group == ADVANCED, groups.index(field.group))))


def by_family(methods: Iterable[Choice]) -> list[Entry]:
    """The methods of each family beside each other, families in the order of core.method_groups, others last."""
    order = {group: i for i, group in enumerate(METHOD_GROUPS)}
    entries = [Entry(method.key, method.group, method.label, method.summary) for method in methods]
    return sorted(entries, key=lambda entry: order.get(entry.group, len(order)))


def why_not_from(source: TargetSpec | None, methods: Iterable[Choice]) -> dict[str, str]:
    """By key of the methods that cannot begin from a source: why, in a sentence."""
    if source is None:
        return {}
    from flowviz.targets import offer_of_spec  # known by now: somebody has chosen a source

    offer, name = offer_of_spec(source), source.name or "this source"
    reasons = {choice.key: why_not(choice.label, choice.source_need, name, offer) for choice in methods}
    return {key: reason for key, reason in reasons.items() if reason}


class MethodPanel(QScrollArea):
    """Shows and edits the draft.

    Signals:
        method_chosen(str), param_chosen(str, object), budget_chosen(object Budget);
        seed_chosen(int), device_chosen(str).
    """

    method_chosen = Signal(str)
    param_chosen = Signal(str, object)
    budget_chosen = Signal(object)
    seed_chosen = Signal(int)
    device_chosen = Signal(str)

    def __init__(self, draft: DraftState, run: RunState, engine: EngineState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it scrolls to whatever in it has the focus
        self._draft, self._run, self._engine = draft, run, engine
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        body.setObjectName("scrollBody")
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(14, 4, 14, 14)
        self._column.setSpacing(9)
        self.method_box = GroupedBox()
        self.method_box.setAccessibleName("Method")
        self.method_box.setToolTip("How the flow is trained")
        self.method_box.activated.connect(self._method_picked)
        self._column.addWidget(self.method_box)
        self.summary = QLabel("Starting the engine…")
        self.summary.setProperty("role", "muted")
        self.summary.setWordWrap(True)
        self._column.addWidget(self.summary)
        self.form: ParamForm | None = None
        self._form_of = ""
        self._folded = {ADVANCED}
        self._form_place = QVBoxLayout()
        self._column.addLayout(self._form_place)
        self._restart_note = QLabel(f"{RESTART_MARK.strip()} counts from the next restart; all others at once")
        self._restart_note.setProperty("role", "muted")
        self._restart_note.setWordWrap(True)
        self._restart_note.hide()
        self._column.addWidget(self._restart_note)
        self._column.addSpacing(6)
        self._build_training()
        self._column.addStretch(1)
        self.setWidget(body)
        engine.ready_changed.connect(self._engine_changed)
        draft.changed.connect(self._draft_changed)
        self._engine_changed()

    def _build_training(self) -> None:
        heading = QLabel("Training")
        heading.setProperty("role", "heading")
        self._column.addWidget(heading)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(8)
        self.budget_box = QComboBox()
        self.budget_box.addItem("Method's default", "default")
        self.budget_box.addItem("Steps", "steps")
        self.budget_box.addItem("Seconds", "seconds")
        self.budget_box.setAccessibleName("Training length")
        self.budget_box.setToolTip("How long a stretch of training is; counts for the next Run or Continue")
        self.budget_box.activated.connect(self._budget_picked)
        self.budget_box.setMinimumContentsLength(8)
        self.budget_box.setMinimumWidth(104)
        self.budget_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.budget_amount = QStackedWidget()
        self.budget_amount.setMinimumWidth(76)
        self.budget_steps = QSpinBox()
        self.budget_steps.setRange(1, 10_000_000)
        self.budget_steps.setValue(2000)
        self.budget_steps.setAccessibleName("Training steps")
        self.budget_seconds = QDoubleSpinBox()
        self.budget_seconds.setRange(0.5, 1e6)
        self.budget_seconds.setDecimals(1)
        self.budget_seconds.setValue(60.0)
        self.budget_seconds.setSuffix(" s")
        self.budget_seconds.setAccessibleName("Training seconds")
        for box in (self.budget_steps, self.budget_seconds):
            box.setKeyboardTracking(False)
            box.lineEdit().setTextMargins(5, 0, 0, 0)
            box.setMinimumWidth(72)
            box.valueChanged.connect(self._budget_picked)
            self.budget_amount.addWidget(box)
        self.budget_amount.setFixedHeight(self.budget_steps.sizeHint().height() + 2)
        length = QHBoxLayout()
        length.setSpacing(6)
        length.addWidget(self.budget_box, 3)
        length.addWidget(self.budget_amount, 2)
        self._row(grid, 0, "Length", length)
        self._build_seed_and_device(grid)
        self._column.addLayout(grid)

    def _build_seed_and_device(self, grid: QGridLayout) -> None:
        self.seed_box = QSpinBox()
        self.seed_box.setRange(0, 2_147_483_647)
        self.seed_box.setKeyboardTracking(False)
        self.seed_box.lineEdit().setTextMargins(5, 0, 0, 0)
        self.seed_box.setAccessibleName("Seed")
        self.seed_box.setToolTip("Same choices and same seed give the same numbers")
        self.seed_box.valueChanged.connect(self.seed_chosen)
        self.die_button = flat_button("die", "Throw the die", "Another seed")
        self.die_button.clicked.connect(self._throw)
        seed = QHBoxLayout()
        seed.setSpacing(4)
        seed.addWidget(self.seed_box, 1)
        seed.addWidget(self.die_button)
        self._row(grid, 1, "Seed", seed)
        self.device_box = QComboBox()
        self.device_box.setAccessibleName("Device")
        self.device_box.setToolTip("Where the training runs")
        self.device_box.setMinimumContentsLength(8)
        self.device_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.device_box.activated.connect(self._device_picked)
        holder = QHBoxLayout()
        holder.addWidget(self.device_box)
        self._row(grid, 2, "Device", holder)

    @staticmethod
    def _row(grid: QGridLayout, row: int, text: str, layout: QHBoxLayout) -> None:
        label = QLabel(text)
        grid.addWidget(label, row, 0)
        grid.addLayout(layout, row, 1)

    # -- the person's choices -------------------------------------------------------------------------------

    @Slot()
    def _method_picked(self) -> None:
        self.method_chosen.emit(str(self.method_box.currentData()))

    @Slot()
    def _budget_picked(self) -> None:
        kind = self.budget_box.currentData()
        if kind == "steps":
            self.budget_chosen.emit(Budget(steps=self.budget_steps.value()))
        elif kind == "seconds":
            self.budget_chosen.emit(Budget(seconds=self.budget_seconds.value()))
        else:
            self.budget_chosen.emit(Budget())

    @Slot()
    def _throw(self) -> None:
        self.seed_chosen.emit(random.randrange(1_000_000))

    @Slot()
    def _device_picked(self) -> None:
        self.device_chosen.emit(str(self.device_box.currentData()))

    @Slot(str, object)
    def _param_picked(self, name: str, value: ParamValue) -> None:
        self.param_chosen.emit(name, value)

    @Slot(str, bool)
    def _group_folded(self, group: str, is_folded: bool) -> None:
        (self._folded.add if is_folded else self._folded.discard)(group)

    @Slot(str, str, str)
    def show_refusal(self, name: str, message: str, hint: str) -> None:
        """A live change was not taken: say so at its field."""
        if self.form is not None:
            self.form.set_error(name, f"{message} {hint}".strip())

    # -- showing the draft ----------------------------------------------------------------------------------

    @Slot()
    def _engine_changed(self) -> None:
        ready = self._engine.ready
        if ready is not None:
            with QSignalBlocker(self.device_box):
                self.device_box.clear()
                for name in ready.devices:
                    self.device_box.addItem(f"Auto: {ready.device}" if name == "auto" else name, name)
        self.device_box.setEnabled(ready is not None)
        self._show()

    @Slot(str)
    def _draft_changed(self, what: str) -> None:
        self._show()

    def _show(self) -> None:
        draft = self._draft
        entries = by_family(draft.methods.values())
        if self.method_box.keys() != [entry.key for entry in entries]:
            self.method_box.set_entries(entries)
        self.method_box.setEnabled(bool(draft.methods))
        self.method_box.set_reasons(why_not_from(draft.source, draft.methods.values()))
        self.method_box.setCurrentIndex(self.method_box.findData(draft.method))
        choice = draft.choice
        if choice is not None:
            self.summary.setText(choice.summary)
            if self._form_of != choice.key:
                self._make_form(choice.key, by_group(choice.params))
            elif self.form is not None and self.form.values() != draft.params[choice.key]:
                try:
                    self.form.set_values(draft.params[choice.key])
                except ParameterError as error:
                    self.form.set_error(error.name, error.message)
        kind = "steps" if draft.budget.steps else "seconds" if draft.budget.seconds else "default"
        self.budget_box.setCurrentIndex(self.budget_box.findData(kind))
        self.budget_amount.setVisible(kind != "default")
        self.budget_amount.setCurrentIndex(1 if kind == "seconds" else 0)
        for box, value in ((self.budget_steps, draft.budget.steps), (self.budget_seconds, draft.budget.seconds)):
            if value:
                with QSignalBlocker(box):
                    box.setValue(value)  # type: ignore[arg-type]
        with QSignalBlocker(self.seed_box):
            self.seed_box.setValue(draft.seed)
        self.device_box.setCurrentIndex(self.device_box.findData(draft.device))

    def _make_form(self, key: str, fields: tuple[ParamField, ...]) -> None:
        if self.form is not None:
            self._form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
        self.form = ParamForm(fields, self._draft.params[key], folded=self._folded)
        self.form.group_folded.connect(self._group_folded)
        self._restart_note.setVisible(any(f.live for f in fields) and not all(f.live for f in fields))
        self.form.value_changed.connect(self._param_picked)
        self._form_place.addWidget(self.form)
        self._form_of = key
