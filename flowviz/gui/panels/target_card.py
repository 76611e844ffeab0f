"""The chosen target in words and controls: name, columns, parameters, facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.params import fields_of
from flowviz.core.spec import TargetSpec
from flowviz.gui.panels.target_columns import ColumnChooser
from flowviz.gui.theme.sizes import fit_sizes
from flowviz.gui.widgets.param_form import ParamForm
from flowviz.targets import TARGETS

if TYPE_CHECKING:
    from flowviz.gui.panels.target_files import FileLoad


class TargetCard(QWidget):
    """Shows one target; what the person changes comes out as signals."""

    value_changed = Signal(str, object)
    columns_chosen = Signal(object)
    reset_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = ParamForm()
        self.key = ""
        self._fonts: Sequence[str] = ()
        column = self._column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(self._make_heading())
        self._columns: ColumnChooser | None = None
        self._form_place = QVBoxLayout()
        self._form_place.addWidget(self.form)
        column.addLayout(self._form_place)
        self._problem = _quiet_label("error")
        self._problem.hide()
        self._facts = _quiet_label("muted")
        self._facts.setObjectName("targetFacts")
        column.addWidget(self._problem)
        column.addWidget(self._facts)

    def _make_heading(self) -> QVBoxLayout:
        self._name = QLabel()
        self._name.setProperty("role", "stageTitle")
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._name.setMinimumWidth(1)
        self._summary = _quiet_label("muted")
        self.reset_button = QToolButton()
        self.reset_button.setText("Reset")
        self.reset_button.setProperty("flat", True)
        self.reset_button.setToolTip("Back to the preset's own parameters")
        self.reset_button.setAccessibleName("Reset parameters")
        self.reset_button.clicked.connect(self.reset_requested)
        self.reset_button.hide()
        line = QHBoxLayout()
        line.addWidget(self._name, 1)
        line.addWidget(self.reset_button)
        heading = QVBoxLayout()
        heading.setSpacing(1)
        heading.addLayout(line)
        heading.addWidget(self._summary)
        return heading

    def show_target(self, spec: TargetSpec, file: FileLoad | None, keep_values: bool = False) -> None:
        """Show a target.

        Args:
            spec: the target.
            file: the file that it came from, for its columns.
            keep_values: leave the form as it is, because the person is still changing it.
        """
        cls = TARGETS.get(spec.key)
        name = spec.name or cls.label
        self._name.setText(name)
        self._name.setToolTip(name)
        self._summary.setText(cls.summary)
        self._problem.hide()
        defaults = {field.name: field.default for field in fields_of(cls.Params)}
        shown = {**defaults, **spec.params}
        if spec.key != self.key:
            self._make_form(spec)
        elif shown != self.form.values() and not keep_values:
            self.form.set_values(shown)
        self.reset_button.setVisible(cls.is_preset and shown != defaults)
        has_choice = file is not None and bool(file.path) and sum(file.numeric) > 2
        if file is not None and has_choice:
            self._chooser().show_columns(file.names, file.numeric, file.used)
        if self._columns is not None:
            self._columns.setVisible(has_choice)

    def _chooser(self) -> ColumnChooser:
        """What few targets need: five combo boxes, made for the first table."""
        if self._columns is None:
            self._columns = ColumnChooser()
            self._columns.chosen.connect(self.columns_chosen)
            self._column.insertWidget(1, self._columns)
            fit_sizes(self._columns)
        return self._columns

    def show_words(self, name: str, summary: str) -> None:
        """Show something that has neither parameters nor columns."""
        self._name.setText(name)
        self._name.setToolTip(name)
        self._summary.setText(summary)
        for widget in (self._problem, self._columns, self.reset_button, self.form):
            if widget is not None:
                widget.hide()
        self.key = ""

    def _make_form(self, spec: TargetSpec) -> None:
        fields = fields_of(TARGETS.get(spec.key).Params)
        form = ParamForm(fields, spec.params, suggestions={"font": self._fonts} if self._fonts else None)
        form.value_changed.connect(self.value_changed)
        form.setVisible(bool(fields))
        self._form_place.replaceWidget(self.form, form)
        self.form.hide()
        self.form.setParent(None)
        self.form.deleteLater()
        self.form, self.key = form, spec.key

    def show_fonts(self, fonts: Sequence[str], spec: TargetSpec | None) -> None:
        """Offer fonts in the form of a text."""
        self._fonts = fonts
        if spec is not None and spec.key == self.key == "text":
            typed = self.form.values()
            old = self.form.editor("text").controls()[0]
            had_focus = old.hasFocus()
            place = old.cursorPosition() if isinstance(old, QLineEdit) and not old.hasSelectedText() else None
            self._make_form(spec)
            self.form.set_values(typed)
            if had_focus:
                self.focus_text()
                field = self.form.editor("text").controls()[0]
                if place is not None and isinstance(field, QLineEdit):
                    field.setCursorPosition(place)  # the person is typing: nothing is selected

    def focus_text(self) -> None:
        """Put the keyboard into the text's field."""
        if self.key == "text":
            field = self.form.editor("text").controls()[0]
            field.setFocus(Qt.FocusReason.OtherFocusReason)
            getattr(field, "selectAll", lambda: None)()

    def say_facts(self, words: str) -> None:
        """What there is to know about the target, below the form."""
        self._facts.setText(words)

    def say_problem(self, error: UserError | None) -> None:
        """Why what the person wants does not work: in the field where it belongs, else below the form."""
        self.form.clear_errors()
        self._problem.setVisible(False)
        if error is None:
            return
        name = error.name if isinstance(error, ParameterError) else ""
        if not name and self.key == "text":
            name = "font" if "font" in error.message else "text"
        if name in self.form.values():
            self.form.set_error(name, str(error))
        else:
            self._problem.setText(str(error))
            self._problem.show()


def _quiet_label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
