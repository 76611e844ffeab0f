"""The window: places the panels, connects wishes to controllers, and holds nothing else."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QSize, Qt, Slot
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QToolBar, QVBoxLayout, QWidget

from flowviz.core.backend import Backend
from flowviz.gui.actions import ShortcutGuard
from flowviz.gui.bridge.pump import Pump
from flowviz.gui.canvas.pages import DrawingPages
from flowviz.gui.control.camera import CameraController
from flowviz.gui.control.choices import ChoicesController
from flowviz.gui.control.ends import Ends
from flowviz.gui.control.files import FileDrops
from flowviz.gui.control.keyframes import KeyFrameController
from flowviz.gui.control.keymarks import KeyMarks
from flowviz.gui.control.playback import PlaybackController
from flowviz.gui.control.probing import ProbeController
from flowviz.gui.control.recipes import RecipeController
from flowviz.gui.control.run import RunController
from flowviz.gui.control.runs import RunsController
from flowviz.gui.control.surgery import BlockAdder, SurgeryController
from flowviz.gui.first_start import FirstStart
from flowviz.gui.focus_order import FocusOrder
from flowviz.gui.layout import WindowLayout
from flowviz.gui.panels.clocks import Clocks
from flowviz.gui.panels.layers import LayerBar
from flowviz.gui.panels.method import MethodPanel
from flowviz.gui.panels.mode_bar import ModeBar
from flowviz.gui.panels.runs import RunsPanel
from flowviz.gui.panels.target_panel import TargetPanel
from flowviz.gui.panels.top_bar import TopBar
from flowviz.gui.presentation import Presentation
from flowviz.gui.presenter import Presenter
from flowviz.gui.state.companions import Companions
from flowviz.gui.state.cursor import CursorState
from flowviz.gui.state.draft import DraftState
from flowviz.gui.state.history import History
from flowviz.gui.state.keyframes import KeyFrameState
from flowviz.gui.state.options import OptionsState
from flowviz.gui.state.probes import ProbeState
from flowviz.gui.state.run import EngineState, RunState
from flowviz.gui.state.runs import RunsState
from flowviz.gui.theme.theme import Theme, current_zoom
from flowviz.gui.views.curves import CurvesView
from flowviz.gui.views.stage import StageView
from flowviz.gui.widgets.bars import Bar
from flowviz.gui.widgets.shortcut_sheet import ShortcutSheet
from flowviz.gui.window_actions import make_menus
from flowviz.gui.wiring import connect_looking, connect_runs, connect_training

if TYPE_CHECKING:
    from flowviz.core.film import FilmStudio
    from flowviz.core.session import SessionStore
    from flowviz.gui.control.films import FilmController
    from flowviz.gui.documents import Documents


class MainWindow(QMainWindow):
    """The whole window.

    Args:
        backend: the engine; closed with the window.
        studio: makes films.
        theme: the look.
        settings: where the layout is kept between sessions, or None.
    """

    def __init__(self, backend: Backend, studio: FilmStudio, theme: Theme, settings: QSettings | None = None) -> None:
        super().__init__()
        self.setWindowTitle("flowviz")
        self.setAccessibleName("flowviz")
        self.backend, self.studio, self.theme, self._settings = backend, studio, theme, settings
        self._closed = False
        self.documents: Documents | None = None
        self._make_states()
        self._make_views()
        self._place_views()
        self._make_controllers()
        connect_training(self)
        self._connect_training()
        connect_runs(self)
        connect_looking(self)
        self._connect_target()
        self.focus_order = FocusOrder(self, (
            self.top_bar, self.target_panel, self.error_bar, self.restart_bar, self.notice_bar, self.centre,
            self.method_panel, self.curves, self.runs_panel, self.clocks,
        ))  # fmt: skip
        self.presentation = Presentation(self)
        self.first_start = FirstStart(self)
        self.table = make_menus(self)
        self.presenter.refresh()
        self._show_state()

    # -- making ---------------------------------------------------------------------------------------------

    def _make_states(self) -> None:
        self.run = RunState(self)
        self.runs = RunsState(self.run, self)
        self.engine = EngineState(self)
        self.cursor_state = CursorState(self)
        self.options = OptionsState(self)
        self.probes = ProbeState(self)
        self.draft = DraftState(self)
        self.history = History(self)
        self.choices = ChoicesController(self.draft, self.history, self)
        self.ends = Ends(self.history.stack, self)

    def _make_controllers(self) -> None:
        self.pump = Pump(self.backend, self)
        self.run_controller = RunController(self.backend, self.draft, self.run, self.engine, self)
        self.runs_controller = RunsController(
            self.runs, self.run, self.run_controller, self.choices, self.history, self
        )
        self.surgery = SurgeryController(self.runs, self.run, self.engine, self.run_controller, self.history, self)
        self.block_adder = BlockAdder(self.run, self.draft, self.choices, self.surgery)
        self.playback = PlaybackController(self.cursor_state, self.options, self.run, self)
        self.camera = CameraController(self.stage, self)
        self._companions = Companions(self.runs, self.run, self.cursor_state, self.draft, self)
        self.presenter = Presenter(
            self.backend, self.stage, self.run, self.cursor_state, self.options, self.draft, self.engine,
            self.probes, self._companions, self,
        )  # fmt: skip
        seen = (self.run, self.cursor_state, self.options)
        self.probing = ProbeController(self.stage, self.probes, seen, self)
        self.recipes = RecipeController(self.run, self.draft, parent=self)
        self.keyframes = KeyFrameController(KeyFrameState(self), seen, self.stage, self.playback, self.history, self)
        self.key_marks = KeyMarks(self.keyframes, self.clocks, self)
        self._guard = ShortcutGuard(QApplication.instance(), self)  # type: ignore[arg-type]

    @cached_property
    def films(self) -> FilmController:
        """The film dialogs; made, with all that films need, when one is first asked for."""
        from flowviz.gui.control.films import FilmController

        seen = (self.run, self.cursor_state, self.options, self.probes)
        return FilmController(self.studio, seen, self.keyframes.state, self._companions, self)

    def _make_views(self) -> None:
        self.top_bar = TopBar(self.run, self.engine)
        self.layer_bar = LayerBar(self.options)
        self.mode_bar = ModeBar(self.options, self.layer_bar.tools)
        self.stage = StageView()
        self.clocks = Clocks(self.run, self.cursor_state, self.options)
        self.curves = CurvesView(self.run, self.cursor_state, self.runs)
        self.runs_panel = RunsPanel(self.runs, self.run, self.draft)
        self.blocks = self.curves.blocks
        self.method_panel = MethodPanel(self.draft, self.run, self.engine)
        self.target_panel = TargetPanel(self.ends)
        self.canvas = DrawingPages(self.ends)
        self.error_bar = Bar("error")
        self.restart_bar = Bar("restart")
        self.notice_bar = Bar("info")

    def _place_views(self) -> None:
        page = QWidget()
        page.setObjectName("stagePage")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.mode_bar)
        column.addWidget(self.layer_bar)
        column.addWidget(self.stage, 1)
        self.centre = QStackedWidget()
        self.centre.addWidget(page)
        self.centre.addWidget(self.canvas)
        self.centre.setMinimumWidth(380)
        middle = QWidget()
        rows = QVBoxLayout(middle)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        for widget in (self.error_bar, self.restart_bar, self.notice_bar):
            rows.addWidget(widget)
        self.bars = rows
        rows.addWidget(self.centre, 1)
        self.setCentralWidget(middle)
        bar = QToolBar("Training")
        bar.setObjectName("trainingBar")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addWidget(self.top_bar)
        self.addToolBar(bar)
        panels: dict[str, QWidget] = {
            "target": self.target_panel, "method": self.method_panel, "curves": self.curves, "runs": self.runs_panel,
            "clocks": self.clocks,
        }  # fmt: skip
        self.layout_of_docks = WindowLayout(self, panels)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    # -- connecting -----------------------------------------------------------------------------------------

    def _connect_training(self) -> None:
        control = self.run_controller
        self.restart_bar.add_button("Keep as it is", self._keep_as_it_is)
        self.restart_bar.add_button("Restart to apply", control.restart, primary=True)
        control.restart_needed.connect(self._show_restart)
        control.notice.connect(self.show_notice)
        control.run_started.connect(self._run_started)
        self.run.failed.connect(self.show_error)
        self.run.change_refused.connect(self.method_panel.show_refusal)
        for signal in (self.run.status_changed, self.run.frames_changed, self.engine.ready_changed):
            signal.connect(self._show_state)
        self.run.progress_changed.connect(self._show_block_choice)
        self.run.blocks_changed.connect(self._show_block_choice)

    def _connect_target(self) -> None:
        self.ends.target_changed.connect(self.draft.set_target)
        self.ends.source_changed.connect(self.draft.set_source)
        self.target_panel.place_changed.connect(self.canvas.show_place)
        self.target_panel.notice.connect(self.show_notice)
        self.target_panel.draw_mode_requested.connect(self._show_canvas)
        self.draft.changed.connect(self._draft_changed)
        self.target_panel.show_ends(self.draft.target, self.draft.source)
        FileDrops(self, self.target_panel.take, "Drop to make it a distribution")

    # -- showing --------------------------------------------------------------------------------------------

    @Slot()
    def _show_state(self) -> None:
        status, has_frames = self.run.status, bool(len(self.run.timeline))
        self.top_bar.set_continues(self.run_controller.continues)
        abilities = self.draft.abilities_of(self.run.spec)
        self.clocks.solver.offer_random("sde" in abilities)
        self.layer_bar.offer_for(abilities)
        hint = ""
        if not has_frames:
            waits = self.engine.ready is None
            begins = "noise" if self.draft.source is None else self.draft.source.name or "the source"
            hint = "Starting the engine…" if waits else f"Press Run to watch {begins} flow into this shape"
            hint = "The first picture is on its way…" if status in ("starting", "running") else hint
            hint = "" if status == "failed" else hint
        self.stage.show_hint(hint)
        if status in ("starting", "running"):
            self.error_bar.hide()

    @Slot()
    def _show_block_choice(self) -> None:
        self.blocks.set_pauses(self.run_controller.pauses_after_block)
        choice = self.draft.choice
        has_blocks = bool(self.run.blocks) or (choice is not None and "blocks" in choice.abilities)
        is_process = choice is not None and "process" in choice.abilities
        if self.run.blocks:
            is_process = self.run.blocks[0].kind == "process"
        self.curves.show_block_pages(has_blocks, is_process)
        self.curves.show_rounds_page(bool(self.run.reflows) or (choice is not None and "rounds" in choice.abilities))

    @Slot(object)
    def _show_restart(self, labels: tuple[str, ...]) -> None:
        self.top_bar.set_continues(self.run_controller.continues)
        if labels:
            self.restart_bar.say(
                f"Changed: {', '.join(labels)}.", "The run on the stage stays as it was until it is restarted."
            )
        else:
            self.restart_bar.hide()

    def _keep_as_it_is(self) -> None:
        spec = self.run_controller.spec_now()
        if spec is not None:
            self.choices.take("Keep as it is", spec)

    @Slot(str, str)
    def show_notice(self, message: str, hint: str = "") -> None:
        """Something worth knowing, in the notice bar; two empty words hide it."""
        if message:
            self.notice_bar.say(message, hint)
        else:
            self.notice_bar.hide()

    @Slot(str, str, str)
    def show_error(self, message: str, hint: str = "", details: str = "") -> None:
        """Something went wrong, in the error bar."""
        self.error_bar.say(message, hint, details)

    @Slot(bool)
    def _show_canvas(self, draw: bool) -> None:
        self.centre.setCurrentIndex(1 if draw else 0)
        if not draw or self.centre.width() < self.canvas.minimumSizeHint().width():
            self.layout_of_docks.make_room(draw)

    @Slot(str)
    def _draft_changed(self, what: str) -> None:
        is_shown = (self.ends.target.target, self.ends.used_source) == (self.draft.target, self.draft.source)
        if what in ("target", "source") and not is_shown:
            self.target_panel.show_ends(self.draft.target, self.draft.source)
        if what == "source":
            self._show_state()
        if what == "method":
            self.target_panel.show_methods(self.draft.methods.values())
            self._show_block_choice()

    @Slot()
    def _run_started(self) -> None:
        self.notice_bar.hide()
        self.error_bar.hide()
        self._show_canvas(False)
        self.target_panel.set_draw_mode(False)
        self.playback.follow(True)
        self.playback.to_start()
        self.playback.play()

    # -- wishes of the menus --------------------------------------------------------------------------------

    def can_export(self) -> bool:
        """Whether there is something to film."""
        return bool(len(self.run.timeline))

    def export_film(self) -> None:
        """Ask what film to make."""
        if self.can_export():
            self.films.ask(self, self.stage, self.theme.tokens.name, self.draft.abilities_of(self.run.spec))

    def export_data(self) -> None:
        """Ask which numbers to write."""
        if self.can_export():
            self.films.ask_data(self)

    def toggle_full_screen(self) -> None:
        """The whole screen, and back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_shortcuts(self) -> None:
        """The sheet of all shortcuts."""
        ShortcutSheet(self.table.rows, self).open()

    def keep_documents(self, store: SessionStore, folder: Path | None = None) -> Documents:
        """What is made here is a document from now on: saved, opened, and asked about before it is lost.

        Args:
            store: reads and writes sessions.
            folder: of autosaved files, or None for the usual one.
        """
        from flowviz.gui.documents import Documents  # the window is seen before there are any

        self.documents = Documents(self, store, self._settings, folder)
        return self.documents

    # -- life -----------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """A size that shows everything without scrolling on a usual screen."""
        return QSize(1360, 860)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab and Shift+Tab go through the panels as one reads them."""
        return self.focus_order.move(forward)

    def showEvent(self, event: QShowEvent) -> None:
        """Lay out on the first show."""
        super().showEvent(event)
        if not self.layout_of_docks.is_laid_out:
            self.stage.setFocus()
            self.layout_of_docks.begin(self._settings.value("layout") if self._settings is not None else None)
            if self._settings is not None:
                self.curves.recall(self._settings)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about what is not saved; stop everything that belongs to the window."""
        is_filming = "films" in self.__dict__ and not self.films.may_end(self)
        if is_filming or (self.documents is not None and not self.documents.may_close()):
            event.ignore()
            return
        self.shut_down()
        super().closeEvent(event)

    def shut_down(self) -> None:
        """End threads, films and the engine; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        self.presentation.leave()
        if self._settings is not None and self.layout_of_docks.is_laid_out:
            self._settings.setValue("layout", self.layout_of_docks.state())
            self._settings.setValue("theme", self.theme.choice)
            self._settings.setValue("zoom", current_zoom())
            self.curves.remember(self._settings)
        self.hide()
        if self.documents is not None:
            self.documents.close()
        self.pump.stop()
        self.playback.play(False)
        self.presenter.close()
        if "films" in self.__dict__:
            self.films.close()
            self.films.close_data()
        self.recipes.close()
        self.target_panel.close()
        self.backend.close()
