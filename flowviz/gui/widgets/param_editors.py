"""One editor for each kind of declared parameter, all behind one small interface."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QLocale, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from flowviz.core.errors import ParameterError
from flowviz.core.params import ParamField, ParamValue

_SLIDER_STEPS = 1000
_LARGEST = 2_147_483_647.0
_LOCALE = QLocale(QLocale.Language.English, QLocale.Country.UnitedStates)
_LOCALE.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)


class _QuietWheel(QObject):
    """Lets the wheel scroll the panel: a control takes it only while it has the keyboard focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def without_wheel(widget: QWidget) -> None:
    """Make a control ignore the wheel until it is clicked."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_QuietWheel(widget))


class Editor(QWidget):
    """The control of one parameter.

    Class attributes:
        has_label_inside: whether the control shows the label itself.
    """

    changed = Signal(object)
    rejected = Signal(str)
    has_label_inside = False

    def __init__(self, field: ParamField) -> None:
        super().__init__()
        self.field = field

    def value(self) -> ParamValue:
        """The value shown, in the field's type."""
        raise NotImplementedError

    def show_value(self, value: ParamValue) -> None:
        """Show a value without a signal."""
        raise NotImplementedError

    def controls(self) -> Sequence[QWidget]:
        """The widgets that take the keyboard focus, the main one first."""
        raise NotImplementedError

    def _tell(self) -> None:
        self.changed.emit(self.value())

    def headline(self) -> QWidget | None:
        """What stands beside the label, when the rest stands below it."""
        return None


class NumberBox(QDoubleSpinBox):
    """A spin box that writes numbers as people do (0.001, 2e-05, 64) and steps by 1-2-5 on a log scale."""

    def __init__(self, field: ParamField) -> None:
        super().__init__()
        self._log = field.log
        self._whole = field.kind == "int"
        self.setLocale(_LOCALE)
        self.setDecimals(0 if self._whole else 12)
        lowest = field.lo if field.lo is not None else -_LARGEST
        highest = field.hi if field.hi is not None else _LARGEST
        self.setRange(lowest, highest)
        self.setKeyboardTracking(False)
        self.setAccelerated(True)
        self.lineEdit().setTextMargins(4, 0, 0, 0)
        if field.unit:
            self.setSuffix(f" {field.unit}")
        span = highest - lowest
        self.setSingleStep(1.0 if self._whole else _nice_step(span / 50) if span < 1e6 else 0.1)

    def textFromValue(self, value: float) -> str:
        return f"{round(value)}" if self._whole else f"{value:.4g}"

    def valueFromText(self, text: str) -> float:
        number = _number_in(text, self.suffix())
        return self.value() if number is None else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        number = _number_in(text, self.suffix())
        if number is not None and self.minimum() <= number <= self.maximum():
            return QValidator.State.Acceptable, text, position
        typed = text.removesuffix(self.suffix()).strip()
        unfinished = number is not None or not typed.strip("+-.eE0123456789,")
        return (QValidator.State.Intermediate if unfinished else QValidator.State.Invalid), text, position

    def fixup(self, text: str) -> str:
        number = _number_in(text, self.suffix())
        kept = self.value() if number is None else min(max(number, self.minimum()), self.maximum())
        return self.textFromValue(kept) + self.suffix()

    def stepBy(self, steps: int) -> None:
        if not self._log or self.value() <= 0:
            super().stepBy(steps)
            return
        value = self.value()
        for _ in range(abs(steps)):
            value = _next_on_log_scale(value, 1 if steps > 0 else -1)
            if self._whole:
                value = max(round(value), 1)
        self.setValue(value)


def _number_in(text: str, suffix: str) -> float | None:
    try:
        number = float(text.removesuffix(suffix).strip().replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _nice_step(size: float) -> float:
    if size <= 0 or not math.isfinite(size):
        return 0.1
    power = 10.0 ** math.floor(math.log10(size))
    return next(power * m for m in (1, 2, 5, 10) if power * m >= size * 0.999)


def _next_on_log_scale(value: float, direction: int) -> float:
    power = math.floor(math.log10(value) + 1e-9)
    ladder = [m * 10.0**p for p in range(power - 1, power + 2) for m in (1, 2, 5)]
    if direction > 0:
        return next(step for step in ladder if step > value * 1.001)
    return next(step for step in reversed(ladder) if step < value * 0.999)


class NumberEditor(Editor):
    """A number box, with a slider below it where the range is bounded."""

    def __init__(self, field: ParamField) -> None:
        super().__init__(field)
        self._box = NumberBox(field)
        self._box.setFixedWidth(96)
        without_wheel(self._box)
        self._slider = self._make_slider()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        if self._slider is not None:
            column.addWidget(self._slider)
        self._box.valueChanged.connect(self._box_changed)
        self._box.lineEdit().textEdited.connect(self._typed)
        self._box.editingFinished.connect(lambda: self.rejected.emit(""))

    def headline(self) -> QWidget | None:
        return self._box

    def controls(self) -> Sequence[QWidget]:
        return (self._box,) if self._slider is None else (self._box, self._slider)

    def value(self) -> ParamValue:
        value = self._box.value()
        return round(value) if self.field.kind == "int" else value

    def show_value(self, value: ParamValue) -> None:
        with QSignalBlocker(self._box):
            self._box.setValue(float(value))
        self._place_slider()

    def _make_slider(self) -> QSlider | None:
        lo, hi = self.field.lo, self.field.hi
        if lo is None or hi is None or hi <= lo or (self.field.log and lo <= 0):
            return None
        if not self.field.log and hi - lo > 1e5:
            return None
        slider = QSlider(Qt.Orientation.Horizontal)
        few = self.field.kind == "int" and not self.field.log and hi - lo <= _SLIDER_STEPS
        slider.setRange(0, int(hi - lo) if few else _SLIDER_STEPS)
        slider.setPageStep(max(1, slider.maximum() // 10))
        without_wheel(slider)
        slider.valueChanged.connect(self._slider_moved)
        return slider

    def _slider_moved(self, position: int) -> None:
        lo, hi = float(self.field.lo or 0.0), float(self.field.hi or 0.0)
        share = position / max(1, self._slider.maximum() if self._slider else 1)
        value = lo * (hi / lo) ** share if self.field.log else lo + (hi - lo) * share
        # Three digits are what a slider of this width can point at.
        value = round(value) if self.field.kind == "int" else float(f"{value:.3g}")
        with QSignalBlocker(self._box):
            self._box.setValue(value)
        self.changed.emit(self.value())

    def _place_slider(self) -> None:
        if self._slider is None:
            return
        lo, hi, value = float(self.field.lo or 0.0), float(self.field.hi or 0.0), self._box.value()
        share = math.log(value / lo) / math.log(hi / lo) if self.field.log else (value - lo) / (hi - lo)
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(share * self._slider.maximum()))

    def _box_changed(self, _value: float) -> None:
        self._place_slider()
        self.changed.emit(self.value())

    def _typed(self, text: str) -> None:
        number = _number_in(text, self._box.suffix())
        try:
            if number is not None:
                self.field.check(number)
            self.rejected.emit("")
        except ParameterError as error:
            self.rejected.emit(error.hint or error.message)


class SwitchEditor(Editor):
    """A check box."""

    has_label_inside = True

    def __init__(self, field: ParamField) -> None:
        super().__init__(field)
        self._box = QCheckBox(field.label or field.name)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._box)
        self._box.toggled.connect(self._tell)

    def controls(self) -> Sequence[QWidget]:
        return (self._box,)

    def value(self) -> ParamValue:
        return self._box.isChecked()

    def show_value(self, value: ParamValue) -> None:
        with QSignalBlocker(self._box):
            self._box.setChecked(bool(value))


_LEAST_LETTERS, _MOST_LETTERS = 8, 15
"""Room for the words of a choice, in wide letters: a longer one is cut off rather than the form made wider."""


class ChoiceEditor(Editor):
    """A combo box."""

    def __init__(self, field: ParamField) -> None:
        super().__init__(field)
        self._box = QComboBox()
        self._box.addItems(field.choices)
        self._box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        metrics = self._box.fontMetrics()
        widest = max((metrics.horizontalAdvance(text) for text in field.choices), default=0)
        letters = math.ceil(widest / max(1, metrics.horizontalAdvance("X")))
        self._box.setMinimumContentsLength(min(_MOST_LETTERS, max(_LEAST_LETTERS, letters)))
        without_wheel(self._box)
        self._box.currentTextChanged.connect(self._tell)

    def headline(self) -> QWidget | None:
        return self._box

    def controls(self) -> Sequence[QWidget]:
        return (self._box,)

    def value(self) -> ParamValue:
        return self._box.currentText()

    def show_value(self, value: ParamValue) -> None:
        with QSignalBlocker(self._box):
            self._box.setCurrentIndex(self._box.findText(str(value)))


class TextEditor(Editor):
    """A line of text, or an editable combo box where there are suggestions (installed fonts)."""

    def __init__(self, field: ParamField, suggestions: Sequence[str] = ()) -> None:
        super().__init__(field)
        self._box: QLineEdit | QComboBox = _suggesting(suggestions) if suggestions else QLineEdit()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._box)
        edited = self._box.currentTextChanged if isinstance(self._box, QComboBox) else self._box.textChanged
        edited.connect(self._tell)

    def controls(self) -> Sequence[QWidget]:
        return (self._box,)

    def value(self) -> ParamValue:
        return self._box.currentText() if isinstance(self._box, QComboBox) else self._box.text()

    def show_value(self, value: ParamValue) -> None:
        with QSignalBlocker(self._box):
            if isinstance(self._box, QComboBox):
                self._box.setCurrentText(str(value))
            elif self._box.text() != str(value):
                self._box.setText(str(value))


def _suggesting(words: Sequence[str]) -> QComboBox:
    box = QComboBox()
    box.setEditable(True)
    box.addItems(list(words))
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
    completer = QCompleter(list(words), box)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    completer.setFilterMode(Qt.MatchFlag.MatchContains)
    box.setCompleter(completer)
    without_wheel(box)
    return box


EDITORS: dict[str, Callable[..., Editor]] = {
    "bool": SwitchEditor,
    "int": NumberEditor,
    "float": NumberEditor,
    "choice": ChoiceEditor,
    "text": TextEditor,
}


def make_editor(field: ParamField, suggestions: Sequence[str] = ()) -> Editor:
    """The editor for a field's kind; suggestions turn a text into an editable list."""
    extra: dict[str, Any] = {"suggestions": suggestions} if suggestions and field.kind == "text" else {}
    return EDITORS[field.kind](field, **extra)
