"""The left panel: which distribution is to be learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QSettings, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.params import fields_of
from flowviz.core.spec import TargetSpec
from flowviz.gui.control.background import Background
from flowviz.gui.control.draw import RESOLUTION, DrawController
from flowviz.gui.control.files import Given, png_bytes, what_is
from flowviz.gui.panels.target_columns import ColumnChooser
from flowviz.gui.panels.target_files import FILE_FILTERS, FileLoad, load_file, load_pasted_image, load_pasted_numbers
from flowviz.gui.panels.target_gallery import Gallery
from flowviz.gui.panels.target_work import Prepared, drawing_base, facts_of, prepare
from flowviz.gui.theme.icons import set_icon
from flowviz.gui.widgets.param_form import ParamForm
from flowviz.targets import TARGETS

_PAUSE_MS = 180
"""A form's change is tried when the person has stopped moving for so long."""


class TargetPanel(QWidget):
    """Gallery of presets, drawing, files and text; the chosen target's parameters and facts.

    Args:
        controller: owns the chosen target and the undo stack; shared with the drawing canvas.
    """

    target_changed = Signal(object)
    """TargetSpec: the person (or undo) chose another target."""
    notice = Signal(str, str)
    """(what happened, what to do): for the window's bar."""
    draw_mode_requested = Signal(bool)
    run_file_given = Signal(str)
    """A saved run was dropped: its path."""

    def __init__(self, controller: DrawController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("targetPanel")
        self._controller = controller
        self._background = Background(self)
        self._newest = self._facts_task = self._picture_task = 0
        self._changed_field = ""
        self._own: dict[str, TargetSpec] = {}
        self._notes: dict[str, tuple[str, ...]] = {}
        self._file: FileLoad | None = None
        self._fonts: list[str] = []
        self._form = ParamForm()
        self._form_key = ""
        self._build()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._try_form)
        controller.target_changed.connect(self._on_target)
        controller.start_from_requested.connect(self.start_drawing_from_target)
        controller.done_requested.connect(self._leave_draw_mode)
        self._background.submit(self._draw_presets, lambda _nothing: None, self._tell)
        if controller.target is not None:
            self.set_target(controller.target)

    # ---- building ------------------------------------------------------------------------------

    def _build(self) -> None:
        body = QWidget()
        body.setObjectName("scrollBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(10)
        column.addLayout(self._make_buttons())
        self.gallery = Gallery()
        for key, cls in TARGETS.items():
            if cls.is_preset:
                self.gallery.add(key, cls.label, cls.summary)
        self.gallery.chosen.connect(self._tile_chosen)
        column.addWidget(self.gallery)
        self._name = QLabel()
        self._name.setProperty("role", "stageTitle")
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._summary = _quiet_label()
        heading = QVBoxLayout()
        heading.setSpacing(1)
        heading.addWidget(self._name)
        heading.addWidget(self._summary)
        column.addLayout(heading)
        self._columns = ColumnChooser()
        self._columns.chosen.connect(self._columns_chosen)
        self._columns.hide()
        column.addWidget(self._columns)
        self._form_place = QVBoxLayout()
        self._form_place.addWidget(self._form)
        column.addLayout(self._form_place)
        self._problem = _quiet_label("error")
        self._facts = _quiet_label()
        column.addWidget(self._problem)
        column.addWidget(self._facts)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)
        self.setMinimumWidth(232)

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)
        self.draw_button = _button("Draw", "brush", "Draw a distribution by hand")
        self.draw_button.setCheckable(True)
        self.draw_button.toggled.connect(self.draw_mode_requested)
        self.open_button = _button("Open", "open", "An image, or a table of points (CSV, TSV, TXT, NPY, NPZ)")
        self.open_button.clicked.connect(self.open_dialog)
        self.text_button = _button("Text", "text", "Typed text in any installed font")
        self.text_button.clicked.connect(self.start_text)
        for button in (self.draw_button, self.open_button, self.text_button):
            row.addWidget(button, 1)
        return row

    def _draw_presets(self) -> None:
        """In a thread: the pictures of all presets, each shown as soon as it is there."""
        for key in list(self.gallery.tiles):
            prepared = prepare(TargetSpec(key))
            self._background.post(partial(self._first_picture, prepared))

    def _first_picture(self, prepared: Prepared) -> None:
        tile = self.gallery.tiles[prepared.spec.key]
        if not tile.has_picture:
            tile.set_picture(prepared.thumbnail)

    # ---- what the window asks ------------------------------------------------------------------

    def undo_stack(self) -> QUndoStack:
        """Undo of strokes, presets, imports and parameters."""
        return self._controller.undo_stack

    def set_target(self, spec: TargetSpec) -> None:
        """Show a target that a program chose (an opened run, the first start); no signal, no undo step."""
        self._controller.show_target(spec)
        self._show(spec)

    def set_draw_mode(self, is_on: bool) -> None:
        """Show whether the canvas is up, without a request."""
        blocked = self.draw_button.blockSignals(True)
        self.draw_button.setChecked(is_on)
        self.draw_button.blockSignals(blocked)

    @Slot()
    def _leave_draw_mode(self) -> None:
        self.set_draw_mode(False)
        self.draw_mode_requested.emit(False)

    def choose(self, spec: TargetSpec) -> None:
        """Choose a target as the person would: tried first, one undo step."""
        self._try(lambda: prepare(spec), f"Target: {spec.name or spec.key}")

    @Slot()
    def open_dialog(self) -> None:
        """Ask for a file and load it."""
        settings = QSettings()
        folder = str(settings.value("folders/open", str(Path.home())))
        path, _ = QFileDialog.getOpenFileName(self, "Open a target", folder, FILE_FILTERS)
        if path:
            settings.setValue("folders/open", str(Path(path).parent))
            self.open_path(path)

    def open_path(self, path: str, columns: tuple[int, int] | None = None) -> None:
        """Load an image or a table beside the window; on failure the target on screen stays."""
        if path.lower().endswith(".flowviz"):
            self.run_file_given.emit(path)
            return
        self._load(lambda: load_file(path, columns), Path(path).name)

    @Slot()
    def paste(self) -> None:
        """Take what the clipboard holds: files, a picture, numbers or words."""
        self.take(what_is(QApplication.clipboard().mimeData()))

    def take(self, given: Given) -> None:
        """Make something that was dropped or pasted the target."""
        if given.more:
            self.notice.emit(f"{given.more + 1} files were given; only the first one was opened.", "")
        match given.kind:
            case "file":
                self.open_path(given.path)
            case "numbers":
                self._load(lambda: load_pasted_numbers(given.text), "the pasted numbers")
            case "image" if given.image is not None:
                image = given.image
                self._load(lambda: load_pasted_image(png_bytes(image)), "the pasted image")
            case "words":
                self.choose(TargetSpec("text", {**self._text_params(), "text": given.text.replace("\n", "\\n")}))
            case _:
                self.notice.emit(
                    "There is nothing to paste that could become a target.",
                    "Copy an image, rows of numbers, some text or a file.",
                )

    @Slot()
    def start_text(self) -> None:
        """Make text the target and put the keyboard into its field."""
        if self._controller.target is None or self._controller.target.key != "text":
            self._try(lambda: prepare(TargetSpec("text", self._text_params())), "Text", then=self._focus_text)
        else:
            self._focus_text()

    @Slot()
    def start_drawing_from_target(self) -> None:
        """Make the chosen target's density the drawing."""
        spec = self._controller.target
        if spec is not None:
            self._background.submit(lambda: drawing_base(spec, RESOLUTION), self._controller.start_from, self._tell)

    def is_busy(self) -> bool:
        """Whether something is being loaded or drawn beside the window."""
        return self._background.is_busy or self._pause.isActive()

    # ---- choosing ------------------------------------------------------------------------------

    def _text_params(self) -> Mapping[str, Any]:
        return self._own["text"].params if "text" in self._own else {}

    def _focus_text(self) -> None:
        if "text" in self._form.values():
            field = self._form.editor("text").controls()[0]
            field.setFocus(Qt.FocusReason.OtherFocusReason)
            getattr(field, "selectAll", lambda: None)()

    def _tile_chosen(self, key: str) -> None:
        spec = self._own.get(key) or TargetSpec(key, {}, {}, TARGETS.get(key).label)
        self._try(lambda: prepare(spec), f"Target: {spec.name}")

    def _try(
        self,
        work: Callable[[], Prepared],
        text: str,
        merge_key: str = "",
        then: Callable[[], None] | None = None,
    ) -> None:
        """Try a target beside the window; choose it when it works. Only the newest attempt counts."""
        self._background.forget(self._newest)
        self._pause.stop()

        def done(prepared: Prepared) -> None:
            self._accept(prepared, text, merge_key)
            if then is not None:
                then()

        self._newest = self._background.submit(work, done, self._refused)

    def _accept(self, prepared: Prepared, text: str, merge_key: str = "") -> None:
        spec = prepared.spec
        self._problem.clear()
        self._form.clear_errors()
        self._notes[spec.key] = prepared.notes or (self._notes.get(spec.key, ()) if merge_key else ())
        self._show_picture(prepared)
        if spec == self._controller.target:
            self._show(spec)
        self._controller.choose(spec, text, merge_key)

    def _refused(self, error: UserError) -> None:
        if self._controller.target is not None:
            self.gallery.select(self._controller.target.key)
        if isinstance(error, ParameterError) and error.name in self._form.values():
            self._form.set_error(error.name, f"{error.message} {error.hint}".strip())
        else:
            self._problem.setText(str(error))
            self._problem.show()
            if not self._form_key or self._form_key not in ("text", "image", "points"):
                self._tell(error)

    def _tell(self, error: UserError) -> None:
        self.notice.emit(error.message, error.hint)

    # ---- files ---------------------------------------------------------------------------------

    def _load(self, work: Callable[[], FileLoad], what: str) -> None:
        self._background.forget(self._newest)
        self._background.forget(self._facts_task)
        self._pause.stop()
        self._facts.setText(f"Loading {what}…")
        self._problem.hide()
        self._newest = self._background.submit(work, self._file_loaded, self._file_failed)

    def _file_loaded(self, loaded: FileLoad) -> None:
        self._file = loaded
        self._accept(loaded.prepared, f"Open {loaded.name}")

    def _file_failed(self, error: UserError) -> None:
        if self._controller.target is not None:
            self._show_facts(self._controller.target)
        self._tell(error)

    @Slot(int, int)
    def _columns_chosen(self, first: int, second: int) -> None:
        if self._file is not None:
            self.open_path(self._file.path, (first, second))

    # ---- showing -------------------------------------------------------------------------------

    @Slot(object)
    def _on_target(self, spec: TargetSpec) -> None:
        self._show(spec)
        self.target_changed.emit(spec)

    def _show(self, spec: TargetSpec) -> None:
        cls = TARGETS.get(spec.key)
        if not cls.is_preset:
            self._own[spec.key] = spec
            self.gallery.add(spec.key, cls.label, cls.summary)
        self.gallery.select(spec.key)
        self._name.setText(spec.name or cls.label)
        self._summary.setText(cls.summary)
        self._show_form(spec)
        self._show_columns(spec)
        self._problem.hide()
        self._show_facts(spec)
        self._background.forget(self._picture_task)
        self._picture_task = self._background.submit(lambda: prepare(spec), self._show_picture, self._tell)

    def _show_columns(self, spec: TargetSpec) -> None:
        file = self._file
        is_this = file is not None and file.prepared.spec.data is spec.data and bool(file.path)
        self._columns.setVisible(file is not None and is_this and sum(file.numeric) > 2)
        if file is not None and is_this:
            self._columns.show_columns(file.names, file.numeric, file.columns)

    def _show_picture(self, prepared: Prepared) -> None:
        spec = prepared.spec
        cls = TARGETS.get(spec.key)
        self.gallery.add(spec.key, cls.label, cls.summary).set_picture(prepared.thumbnail)
        if spec.key != "drawing":  # a drawing keeps the guide, so that shapes can be traced
            self._controller.set_guide(np.asarray(prepared.guide))

    def _show_facts(self, spec: TargetSpec) -> None:
        notes = self._notes.get(spec.key, ())
        self._facts.setText("\n".join(notes))
        self._background.forget(self._facts_task)

        def show(facts: str) -> None:
            self._facts.setText("\n".join(part for part in (facts, *notes) if part))

        self._facts_task = self._background.submit(lambda: facts_of(spec), show)

    def _show_form(self, spec: TargetSpec) -> None:
        if spec.key != self._form_key:
            fields = fields_of(TARGETS.get(spec.key).Params)
            form = ParamForm(fields, spec.params, suggestions={"font": self._fonts} if self._fonts else None)
            form.value_changed.connect(self._form_changed)
            self._form_place.replaceWidget(self._form, form)
            self._form.hide()
            self._form.deleteLater()
            self._form, self._form_key = form, spec.key
            if spec.key == "text" and not self._fonts:
                self._background.submit(_fonts, self._fonts_found, self._tell)
            return
        defaults = {field.name: field.default for field in self._form.fields}
        shown = {**defaults, **spec.params}
        if shown != self._form.values() and not self._pause.isActive():
            self._form.set_values(shown)

    def _fonts_found(self, fonts: list[str]) -> None:
        self._fonts = fonts
        if self._form_key == "text" and self._controller.target is not None:
            had_focus = self._form.editor("text").controls()[0].hasFocus()
            self._form_key = ""
            self._show_form(self._controller.target)
            if had_focus:
                self._focus_text()

    @Slot(str, object)
    def _form_changed(self, name: str, _value: object) -> None:
        self._changed_field = name
        self._pause.start()

    @Slot()
    def _try_form(self) -> None:
        spec = self._controller.target
        if spec is None or spec.key != self._form_key:
            return
        wanted = replace(spec, params=self._form.values())
        self._try(
            lambda: prepare(wanted), f"Change {self._changed_field}", merge_key=f"{spec.key}/{self._changed_field}"
        )


def _fonts() -> list[str]:
    from flowviz.targets.fonts import available_fonts

    return available_fonts()


def _button(label: str, icon: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(label)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
    button.setIconSize(QSize(20, 20))
    button.setToolTip(tip)
    button.setAccessibleName(label)
    button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    set_icon(button, icon)
    return button


def _quiet_label(role: str = "muted") -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
