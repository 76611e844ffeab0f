"""One of the two ends of a flow: gallery, drawing, files, text, and the chosen distribution's parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QSignalBlocker, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QShowEvent, QUndoStack
from PySide6.QtWidgets import QVBoxLayout, QWidget

from flowviz.core.backend import Choice
from flowviz.core.errors import UserError
from flowviz.core.spec import TargetSpec
from flowviz.gui.control.background import Background
from flowviz.gui.control.draw import DrawController
from flowviz.gui.control.sculpt import Form
from flowviz.gui.panels.target_browser import TargetBrowser
from flowviz.gui.panels.target_card import TargetCard
from flowviz.gui.panels.target_intake import TargetIntake
from flowviz.gui.panels.target_work import (
    IN_SPACE,
    NOISE,
    NOISE_LABEL,
    NOISE_SUMMARY,
    Prepared,
    drawing_base,
    facts_of,
    made_of,
    methods_of,
    prepare,
    tile_of,
    volume_base,
)
from flowviz.gui.widgets.column_scroll import ColumnScroll
from flowviz.targets import TARGETS, dim_of

if TYPE_CHECKING:
    from flowviz.gui.panels.target_files import FileLoad
    from flowviz.targets.loading import LoadOptions

_PAUSE_MS = 180
"""A form's change is tried when the person has stopped moving for so long."""


class TargetPage(QWidget):
    """Gallery of presets, drawing, files and text; the chosen distribution's parameters and facts.

    Args:
        controller: owns the chosen distribution and the undo stack; shared with the drawing canvas. Where it may
            be noise (a source), the gallery offers that first, and the dimension is not the person's to choose.
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
        self._controller = controller
        self.what = "Source" if controller.has_noise else "Target"
        self._background = Background(self)
        self.intake = self._make_intake()
        self._newest = self._facts_task = self._picture_task = 0
        self._changed_field = ""
        self._seen: dict[str, TargetSpec] = {}
        self._prepared: Prepared | None = None
        self._shown: TargetSpec | None = None
        self._methods: tuple[Choice, ...] = ()
        self._has_fonts = False
        self._build()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._try_form)
        controller.target_changed.connect(self._on_target)
        for painting in (controller, controller.space):
            painting.start_from_requested.connect(self.start_drawing_from_target)
            painting.done_requested.connect(self._leave_draw_mode)
        controller.space.form_requested.connect(self._make_form)
        if controller.target is not None or controller.has_noise:
            self.set_target(controller.target)

    def _make_intake(self) -> TargetIntake:
        intake = TargetIntake(self._background, self)
        intake.started.connect(self._loading)
        intake.loaded.connect(self._file_loaded)
        intake.failed.connect(self._choice_failed)
        intake.words_given.connect(self._words_given)
        intake.notice.connect(self.notice)
        intake.run_file_given.connect(self.run_file_given)
        return intake

    # ---- building ------------------------------------------------------------------------------

    def _build(self) -> None:
        body = QWidget()
        body.setObjectName("scrollBody")
        column = QVBoxLayout(body)
        column.setContentsMargins(12, 10, 12, 12)
        column.setSpacing(10)
        self.browser = self._make_browser()
        column.addWidget(self.browser)
        self.card = TargetCard()
        self.card.value_changed.connect(self._form_changed)
        self.card.columns_chosen.connect(self._columns_chosen)
        self.card.reset_requested.connect(self._reset)
        column.addWidget(self.card)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(ColumnScroll(body))

    def _make_browser(self) -> TargetBrowser:
        browser = TargetBrowser(self._background, self._controller.has_noise)
        browser.failed.connect(self._tell)
        browser.first_paint.painted.connect(self._look_up_shown)
        browser.draw_button.toggled.connect(self.draw_mode_requested)
        browser.open_button.clicked.connect(self.intake.open_dialog)
        browser.text_button.clicked.connect(self.start_text)
        browser.gallery.chosen.connect(self._tile_chosen)
        self.gallery = browser.gallery
        return browser

    # ---- what the window asks ------------------------------------------------------------------

    def undo_stack(self) -> QUndoStack:
        """Undo of strokes, presets, imports and parameters."""
        return self._controller.undo_stack

    def set_target(self, spec: TargetSpec | None) -> None:
        """Show what a program chose (an opened run, the first start; None is noise); no signal, no undo step."""
        self._controller.show_target(spec)
        self._show(spec)

    def set_dim(self, dim: int) -> None:
        """The other end of the flow has this dimension, and this one must have it too."""
        self.browser.fix_dim(dim)
        self._show(self._controller.target)

    def show_methods(self, methods: tuple[Choice, ...]) -> None:
        """Say which of these methods can begin from the chosen source."""
        self._methods = methods
        spec = self._controller.target
        if spec is not None and spec == self._shown:
            self._show_facts(spec)

    def set_draw_mode(self, is_on: bool) -> None:
        """Show whether the canvas is up, without a request."""
        with QSignalBlocker(self.browser.draw_button):
            self.browser.draw_button.setChecked(is_on)

    @Slot()
    def _leave_draw_mode(self) -> None:
        self.set_draw_mode(False)
        self.draw_mode_requested.emit(False)

    def choose(self, spec: TargetSpec) -> None:
        """Choose a target as the person would: tried first, one undo step."""
        self._try(lambda: prepare(spec), f"{self.what}: {spec.name or spec.key}")

    @Slot()
    def start_text(self) -> None:
        """Make text the target and put the keyboard into its field."""
        if self._controller.target is None or self._controller.target.key != "text":
            self._try(lambda: prepare(TargetSpec("text", self._text_params())), "Text", then=self.card.focus_text)
        else:
            self.card.focus_text()

    @Slot()
    def start_drawing_from_target(self) -> None:
        """Make the chosen target's density the drawing."""
        spec, flat, space = self._controller.target, self._controller, self._controller.space
        if spec is None:
            return
        if dim_of(spec) == 3:
            self._background.submit(lambda: volume_base(spec, space.resolution), space.start_from, self._tell)
        else:
            self._background.submit(lambda: drawing_base(spec, flat.resolution), flat.start_from, self._tell)

    @Slot(object)
    def _make_form(self, form: Form) -> None:
        """Make a solid of something flat, beside the window."""
        space, picture = self._controller.space, self._controller.ink.copy()
        name = "Extrude" if form.way == "extrude" else "Revolve"
        self._background.submit(
            lambda: made_of(form, picture, space.resolution), lambda ink: space.replace(ink, name), self._tell
        )

    def closeEvent(self, event: QCloseEvent) -> None:
        self._pause.stop()
        self._background.stop()
        super().closeEvent(event)

    def is_busy(self) -> bool:
        """Whether something is being loaded or drawn beside the window."""
        is_awaited = self.isVisible() and not self.browser.first_paint.is_told
        return self._background.is_busy or self._pause.isActive() or is_awaited

    # ---- choosing ------------------------------------------------------------------------------

    def _text_params(self) -> Mapping[str, Any]:
        return self._seen["text"].params if "text" in self._seen else {}

    def _tile_chosen(self, key: str) -> None:
        if key == NOISE:
            self._background.forget(self._newest)
            self.intake.forget()
            self._controller.choose(None, "Source: noise")
            return
        spec = self._seen.get(key) or TargetSpec(key, {}, {}, TARGETS.get(key.removesuffix(IN_SPACE)).label)
        self._try(lambda: prepare(spec), f"{self.what}: {spec.name}")

    def _try(
        self,
        work: Callable[[], Prepared],
        text: str,
        merge_key: str = "",
        then: Callable[[], None] | None = None,
    ) -> None:
        """Try a target beside the window; choose it when it works. Only the newest attempt counts."""
        self._background.forget(self._newest)
        self.intake.forget()
        self._pause.stop()

        def done(prepared: Prepared) -> None:
            self._accept(prepared, text, merge_key)
            if then is not None:
                then()

        self._newest = self._background.submit(work, done, self._refused if merge_key else self._choice_failed)

    def _accept(self, prepared: Prepared, text: str, merge_key: str = "") -> None:
        spec = prepared.spec
        self.card.say_problem(None)
        self._show_picture(prepared)
        if spec == self._controller.target:
            self._show(spec)
        self._controller.choose(spec, text, merge_key)

    def _refused(self, error: UserError) -> None:
        """What the form asks for does not work: said in the form."""
        self.card.say_problem(error)

    def _choice_failed(self, error: UserError) -> None:
        """Another target does not work: the one on screen stays."""
        if self._controller.target is not None or self._controller.has_noise:
            self._show(self._controller.target)
        self._tell(error)

    def _tell(self, error: UserError) -> None:
        self.notice.emit(error.message, error.hint)

    @Slot(str)
    def _loading(self, what: str) -> None:
        self._background.forget(self._newest)
        self._background.forget(self._facts_task)
        self._pause.stop()
        self.card.say_facts(f"Loading {what}…")
        self.card.say_problem(None)

    @Slot(object)
    def _file_loaded(self, loaded: FileLoad) -> None:
        self._accept(loaded.prepared, f"Open {loaded.name}")

    @Slot(str)
    def _words_given(self, words: str) -> None:
        self.choose(TargetSpec("text", {**self._text_params(), "text": words}))

    @Slot(object)
    def _columns_chosen(self, options: LoadOptions) -> None:
        file = self.intake.file_of(self._controller.target)
        if file is not None:
            self.intake.open_path(file.path, options)

    # ---- showing -------------------------------------------------------------------------------

    @Slot(object)
    def _on_target(self, spec: TargetSpec | None) -> None:
        self._show(spec)
        self.target_changed.emit(spec)

    def _show(self, spec: TargetSpec | None) -> None:
        self._background.forget(self._picture_task)
        self._background.forget(self._facts_task)
        if spec is None or (self._controller.has_noise and dim_of(spec) != self.gallery.dim):
            self._show_noise(spec)
            return
        cls, tile, self._shown = TARGETS.get(spec.key), tile_of(spec), spec
        self._seen[tile] = spec
        if not cls.is_preset:
            self.gallery.add(tile, cls.label, cls.summary, dim_of(spec))
        self.gallery.select(tile)
        self.browser.show_dim(dim_of(spec))
        self.card.show_target(spec, self.intake.file_of(spec), keep_values=self._pause.isActive())
        if spec.key == "text" and not self._has_fonts:
            self._has_fonts = True
            self._background.submit(_fonts, self._fonts_found, self._tell)
        self._look_up_shown()

    def showEvent(self, event: QShowEvent) -> None:
        """What was chosen while the page was hidden is looked up now."""
        super().showEvent(event)
        self._look_up_shown()

    @Slot()
    def _look_up_shown(self) -> None:
        """Picture and facts of what is shown: once it is seen, so that the window stands sooner."""
        spec = self._shown
        if spec is None or not self.isVisible() or not self.browser.first_paint.is_told:
            return
        self._show_facts(spec)
        if self._prepared is None or self._prepared.spec != spec:
            self._background.forget(self._picture_task)
            self._picture_task = self._background.submit(lambda: prepare(spec), self._show_picture, self._tell)

    def _show_noise(self, waiting: TargetSpec | None) -> None:
        """Noise, or what is used while the chosen source has another dimension than the target."""
        self._shown = None
        self.gallery.select(NOISE)
        self.card.show_words(NOISE_LABEL, NOISE_SUMMARY)
        dims = "" if waiting is None else f"{dim_of(waiting)} dimensions, and the target has {self.gallery.dim}"
        self.card.say_facts("" if waiting is None else f"{waiting.name or waiting.key} waits: it has {dims}.")

    def _show_picture(self, prepared: Prepared) -> None:
        spec = prepared.spec
        self._prepared = prepared
        cls = TARGETS.get(spec.key)
        self.gallery.add(tile_of(spec), cls.label, cls.summary, dim_of(spec)).set_picture(prepared.thumbnail)
        if self._controller.paper_of(spec) is None:  # a drawing keeps the guide, so that shapes can be traced
            self._controller.set_guide(np.asarray(prepared.guide))

    def _show_facts(self, spec: TargetSpec) -> None:
        file = self.intake.file_of(spec)
        notes = file.prepared.notes if file is not None else ()
        self.card.say_facts("\n".join(notes))

        def show(facts: str) -> None:
            self.card.say_facts("\n".join(part for part in (facts, *notes) if part))

        methods = self._methods

        def work() -> str:
            return "\n".join(part for part in (facts_of(spec), methods_of(spec, methods)) if part)

        self._facts_task = self._background.submit(work, show)

    def _fonts_found(self, fonts: list[str]) -> None:
        self.card.show_fonts(fonts, self._controller.target)

    @Slot()
    def _reset(self) -> None:
        spec = self._controller.target
        if spec is not None:
            self._try(lambda: prepare(replace(spec, params={})), "Reset parameters")

    @Slot(str, object)
    def _form_changed(self, name: str, _value: object) -> None:
        self._changed_field = name
        self._pause.start()

    @Slot()
    def _try_form(self) -> None:
        spec = self._controller.target
        if spec is None or spec.key != self.card.key:
            return
        wanted = replace(spec, params=self.card.form.values())
        self._try(
            lambda: prepare(wanted), f"Change {self._changed_field}", merge_key=f"{spec.key}/{self._changed_field}"
        )


def _fonts() -> list[str]:
    from flowviz.targets.fonts import available_fonts

    return available_fonts()
