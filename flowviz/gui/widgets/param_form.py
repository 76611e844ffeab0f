"""A form made from declared parameters: nobody writes one by hand."""

from __future__ import annotations

import html
from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from flowviz.core.params import ParamField, ParamValue
from flowviz.gui.theme.icons import set_icon
from flowviz.gui.theme.sizes import fit_sizes
from flowviz.gui.widgets.param_editors import Editor, make_editor

RESTART_MARK = " ↻"


class ParamForm(QWidget):
    """Controls for a tuple of declared parameters, with headings, units, tool tips and errors.

    Style sheets can address labels by their property `role` (heading, error) and any control with
    the property `invalid` true.

    Args:
        fields: what to show, in order.
        values: where they stand; missing ones show their defaults.
        mark_restart: mark the fields that are not live; None marks them when there are live ones too.
        suggestions: words offered for a text field, by its name (installed fonts).
        folded: groups that begin folded; with it (even empty) every heading folds and unfolds its group.
    """

    value_changed = Signal(str, object)
    """(name, value) whenever the person changes something; never when a program does."""

    group_folded = Signal(str, bool)
    """(group, is folded) whenever the person folds or unfolds a group."""

    def __init__(
        self,
        fields: tuple[ParamField, ...] = (),
        values: Mapping[str, object] | None = None,
        *,
        mark_restart: bool | None = None,
        suggestions: Mapping[str, Sequence[str]] | None = None,
        folded: Collection[str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("paramForm")
        self.fields = tuple(fields)
        self._rows: dict[str, _Row] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        marks = any(field.live for field in fields) if mark_restart is None else mark_restart
        heading = ""
        head: FoldHeading | None = None
        for field in fields:
            if field.group != heading:
                heading = field.group
                head = None if folded is None else self._fold_heading(heading, heading in folded)
                column.addWidget(_heading(heading) if head is None else head)
            editor = make_editor(field, (suggestions or {}).get(field.name, ()))
            row = _Row(field, editor, marks and not field.live)
            editor.changed.connect(self._on_changed)
            self._rows[field.name] = row
            column.addWidget(row)
            if head is not None:
                head.add(row)
        self.set_values(values or {})
        fit_sizes(self)

    def _fold_heading(self, group: str, is_folded: bool) -> FoldHeading:
        head = FoldHeading(group, is_folded)
        head.clicked.connect(lambda is_open: self.group_folded.emit(group, not is_open))
        return head

    def _on_changed(self, value: object) -> None:
        editor = self.sender()
        if isinstance(editor, Editor):
            self.set_error(editor.field.name, "")
            self.value_changed.emit(editor.field.name, value)

    def values(self) -> dict[str, ParamValue]:
        """All values as they stand, in their declared types."""
        return {name: row.editor.value() for name, row in self._rows.items()}

    def set_values(self, values: Mapping[str, object]) -> None:
        """Show values (unknown names are passed over); no signal.

        Raises:
            ParameterError: a value of the wrong type or out of range; earlier ones are shown already.
        """
        for name, row in self._rows.items():
            if name in values or not row.is_filled:
                row.editor.show_value(row.editor.field.check(values.get(name, row.editor.field.default)))
                row.is_filled = True

    def set_error(self, name: str, message: str) -> None:
        """Turn a field red with a sentence; "" makes it well again. An unknown name is passed over."""
        if name in self._rows:
            self._rows[name].set_error(message)

    def clear_errors(self) -> None:
        """Make all fields well again."""
        for row in self._rows.values():
            row.set_error("")

    def editor(self, name: str) -> Editor:
        """The editor of a field."""
        return self._rows[name].editor


class FoldHeading(QToolButton):
    """The heading of a group: a press folds or unfolds the rows below it."""

    def __init__(self, group: str, is_folded: bool) -> None:
        super().__init__()
        self._rows: list[QWidget] = []
        self.setObjectName("formHeading")
        self.setProperty("heading", True)
        self.setText(group)
        self.setAccessibleName(f"{group} parameters")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setCheckable(True)
        self.setChecked(not is_folded)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.toggled.connect(self._show)
        self._show(not is_folded)

    def add(self, row: QWidget) -> None:
        """One more row of this group."""
        self._rows.append(row)
        row.setVisible(self.isChecked())

    @Slot(bool)
    def _show(self, is_open: bool) -> None:
        set_icon(self, "chevron-down" if is_open else "chevron-right", "muted")
        self.setToolTip("Press to fold" if is_open else "Press to unfold")
        for row in self._rows:
            row.setVisible(is_open)


class _Row(QWidget):
    """Label and number beside each other, slider below, error line under both."""

    def __init__(self, field: ParamField, editor: Editor, needs_restart: bool) -> None:
        super().__init__()
        self.editor = editor
        self.is_filled = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        self._label = QLabel((field.label or field.name) + (RESTART_MARK if needs_restart else ""))
        self._label.setObjectName("fieldLabel")
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        headline = editor.headline()
        if not editor.has_label_inside:
            self._label.setBuddy(editor.controls()[0])
            top = QHBoxLayout()
            top.setSpacing(6)
            top.addWidget(self._label, 1)
            if headline is not None:
                top.addWidget(headline)
            column.addLayout(top)
        if headline is None or len(editor.controls()) > 1:
            column.addWidget(editor)
        else:
            editor.setParent(self)
            editor.hide()
        if editor.has_label_inside:
            self._label.setParent(self)
            self._label.hide()
        self._error = QLabel()
        self._error.setObjectName("fieldError")
        self._error.setProperty("role", "error")
        self._error.setWordWrap(True)
        self._error.hide()
        column.addWidget(self._error)
        self._describe(field, needs_restart)
        editor.rejected.connect(self.set_error)

    def _describe(self, field: ParamField, needs_restart: bool) -> None:
        name = field.label or field.name
        lines = [html.escape(field.help or name), f"Default: {_plain(field)}."]
        if needs_restart:
            lines.append("Takes effect after a restart of the training.")
        self.setToolTip("<p>" + "<br>".join(lines) + "</p>")
        main, *others = self.editor.controls()
        main.setAccessibleName(name)
        main.setAccessibleDescription(field.help)
        main.setObjectName(f"field_{field.name}")
        for other in others:
            other.setAccessibleName(f"{name} slider")
            other.setObjectName(f"slider_{field.name}")

    def set_error(self, message: str) -> None:
        self._error.setText(message)
        self._error.setVisible(bool(message))
        for control in self.editor.controls():
            if control.property("invalid") != bool(message):
                control.setProperty("invalid", bool(message))
                control.style().unpolish(control)
                control.style().polish(control)

    def error(self) -> str:
        """The sentence shown, or ""."""
        return self._error.text()


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("formHeading")
    label.setProperty("role", "heading")
    label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    return label


def _plain(field: ParamField) -> str:
    match field.kind:
        case "bool":
            return "on" if field.default else "off"
        case "float" | "int":
            return f"{field.default:g} {field.unit}".strip()
        case _:
            return html.escape(str(field.default)) or "empty"
