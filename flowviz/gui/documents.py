"""New, open, save, recent files, the question before something is lost, and what an earlier window left behind."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, QStandardPaths, Slot
from PySide6.QtWidgets import QFileDialog, QMessageBox

from flowviz.core.session import SUFFIX, Session, SessionStore
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.gui.control.autosave import Autosave
from flowviz.gui.control.document import DocumentController
from flowviz.gui.control.look import look_of, show_look
from flowviz.gui.widgets.bars import Bar
from flowviz.gui.widgets.question import Answer, question

if TYPE_CHECKING:
    from flowviz.gui.main_window import MainWindow

MOST_RECENT = 8
_FILTER = f"flowviz sessions and runs (*{SUFFIX})"


class Documents(QObject):
    """The documents of a window.

    Args:
        window: the window, whole.
        store: reads and writes sessions.
        settings: where recent files are remembered, or None.
        folder: of the autosaved files, or None for the usual one.
    """

    def __init__(
        self,
        window: MainWindow,
        store: SessionStore,
        settings: QSettings | None = None,
        folder: Path | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._settings = window, settings
        self.box: QMessageBox | None = None
        self._may_close = False
        self.document = DocumentController(store, self.session, self._show, self)
        self.autosave = Autosave(self.document, store, self.session, folder or _usual_folder(), self)
        self.rescue_bar = Bar("rescue")
        self.rescue_bar.add_button("Discard", self._discard_rescued)
        self.rescue_bar.add_button("Bring it back", self._bring_back_rescued, primary=True)
        self._rescued: list[Path] = []
        self._coming_back = ""
        self._connect()

    def _connect(self) -> None:
        window, document = self._window, self.document
        window.bars.insertWidget(0, self.rescue_bar)
        window.history.stack.indexChanged.connect(document.touch)
        window.runs.changed.connect(document.touch)
        window.run.frames_changed.connect(document.touch)
        document.changed.connect(self._show_title)
        document.failed.connect(window.show_error)
        document.opened.connect(self._opened)
        document.saved.connect(self._remember)
        window.target_panel.run_file_given.connect(self.open)
        self._recent_menu = window.table.menu("File/Open recent")
        self._recent_menu.aboutToShow.connect(self._fill_recent)
        self._show_title()

    # -- the session as a value -----------------------------------------------------------------------------

    def session(self) -> Session:
        """All that is in the window now."""
        window = self._window
        choices = window.draft.choices()
        runs = window.runs.everything()
        stage = window.runs.stage if any(entry.number == window.runs.stage for entry in runs) else 0
        return Session(choices.spec, choices.params, window.ends.drawings(), runs, stage, look_of(window))

    def _show(self, session: Session) -> None:
        window = self._window
        window.run_controller.let_go()
        window.error_bar.hide()
        window.notice_bar.hide()
        window.ends.take_drawings(session.drawings)
        window.keyframes.state.clear()  # the runs of the session count from 1 again
        window.runs.replace_all(session.runs, session.stage)
        window.draft.take(session.draft, session.params)  # after the run that it is compared with
        window.playback.follow(True)
        show_look(window, session.look)
        window.history.clear()

    # -- wishes ---------------------------------------------------------------------------------------------

    def new(self) -> None:
        """An empty session; the method that was chosen stays, its parameters begin from their defaults."""
        draft = self._window.draft
        spec = RunSpec(_first_target(), FlowSpec(draft.method))
        self._after_asking(lambda: self.document.begin_anew(Session(spec, {key: {} for key in draft.methods})))

    def ask_open(self) -> None:
        """Choose a file: a session or a run, or something that becomes the target."""
        from flowviz.targets.loading import SUFFIXES  # with all readers of files: on first use

        anything = f"Everything flowviz opens ({' '.join(f'*{s}' for s in (SUFFIX, *SUFFIXES))})"
        filters = f"{anything};;{_FILTER};;All files (*)"
        path, _ = QFileDialog.getOpenFileName(self._window, "Open", self._folder(), filters)
        if path:
            self._window.target_panel.page.intake.open_path(path)

    @Slot(str)
    def open(self, path: str) -> None:
        """Open a session or a run; what is not saved is asked about first."""
        self._after_asking(lambda: self.document.open(path))

    def open_copy(self, path: str) -> None:
        """Open a session or a run without its name, so that it is never written to."""
        self._after_asking(lambda: self.document.open_copy(path))

    def save(self) -> None:
        """Save where it lies, or ask where."""
        self._save()

    def save_as(self) -> None:
        """Ask where to save."""
        self._save(ask=True)

    def _save(self, then: Callable[[], object] | None = None, ask: bool = False) -> None:
        path = self.document.path
        if ask or not path:
            start = path or str(Path(self._folder()) / f"{self.document.name}{SUFFIX}")
            path, _ = QFileDialog.getSaveFileName(self._window, "Save the session", start, _FILTER)
        if path:
            self.document.save(path, then)

    # -- what would be lost ---------------------------------------------------------------------------------

    def may_close(self) -> bool:
        """Whether the window may close now; if not, the person is asked, and it closes after the answer."""
        if self._may_close or not self.document.is_dirty:
            return True
        self._after_asking(self._close)
        return False

    def _close(self) -> None:
        self._may_close = True
        self._window.close()

    def _after_asking(self, then: Callable[[], object]) -> None:
        if not self.document.is_dirty:
            then()
            return
        if self.box is not None:
            self.box.close()
        words = (
            "Unsaved changes",
            f"Save the changes to “{self.document.name}”?",
            "Without saving, runs and drawings since the last save are lost.",
        )
        answers = {Answer.Save: "", Answer.Discard: "Do not save", Answer.Cancel: ""}
        self.box = question(self._window, words, answers, Answer.Save, lambda answer: self._answered(answer, then))

    def _answered(self, answer: Answer, then: Callable[[], object]) -> None:
        self.box = None
        if answer == Answer.Save:
            self._save(then)
        elif answer == Answer.Discard:
            then()

    def close(self) -> None:
        """The window ends. What it was not asked about stays for the next start."""
        self.document.close()
        self.autosave.close(keep=self.document.is_dirty and not self._may_close)

    # -- what an earlier window left ------------------------------------------------------------------------

    def offer_rescued(self) -> bool:
        """Offer what a window that died has left; whether there is any."""
        self._rescued = self.autosave.left_behind()
        self._offer_next()
        return bool(self._rescued)

    def _offer_next(self) -> None:
        if not self._rescued:
            self.rescue_bar.hide()
            return
        when = datetime.datetime.fromtimestamp(self._rescued[0].stat().st_mtime)
        more = f" ({len(self._rescued) - 1} older ones follow.)" if len(self._rescued) > 1 else ""
        self.rescue_bar.say(
            f"flowviz ended without saving a session of {when:%d %B, %H:%M}.", f"It is still here.{more}"
        )

    def _bring_back_rescued(self) -> None:
        path = self._rescued.pop(0)
        self.rescue_bar.hide()
        self._coming_back = str(path)
        self._after_asking(lambda: self.document.open(str(path), is_rescued=True))

    @Slot(str)
    def _opened(self, path: str) -> None:
        """Only a rescued file that could be read may go."""
        if path == self._coming_back:
            self._coming_back = ""
            self.autosave.replace(Path(path))
        else:
            self._remember(path)

    def _discard_rescued(self) -> None:
        self.autosave.forget(self._rescued.pop(0))
        self._offer_next()

    # -- names ----------------------------------------------------------------------------------------------

    @Slot()
    def _show_title(self) -> None:
        self._window.setWindowTitle(f"{self.document.name}[*] – flowviz")
        self._window.setWindowFilePath(self.document.path)
        self._window.setWindowModified(self.document.is_dirty)

    def _folder(self) -> str:
        if self.document.path:
            return str(Path(self.document.path).parent)
        return str(Path(self.recent()[0]).parent) if self.recent() else str(Path.home())

    def recent(self) -> list[str]:
        """Files that were opened or saved last, the newest first."""
        kept = self._settings.value("recent", []) if self._settings is not None else []
        kept = [kept] if isinstance(kept, str) else kept
        return [str(path) for path in kept] if isinstance(kept, list) else []

    @Slot(str)
    def _remember(self, path: str) -> None:
        if self._settings is not None and self.document.path:
            others = [other for other in self.recent() if other != path]
            self._settings.setValue("recent", [path, *others][:MOST_RECENT])

    @Slot()
    def _fill_recent(self) -> None:
        menu = self._recent_menu
        menu.clear()
        for place, path in enumerate(self.recent(), 1):
            action = menu.addAction(f"&{place}  {Path(path).name}")
            action.setToolTip(path)
            action.triggered.connect(lambda *_, path=path: self.open(path))
        if menu.isEmpty():
            menu.addAction("No file yet").setEnabled(False)


def _first_target() -> TargetSpec:
    return TargetSpec("pinwheel", name="Pinwheel")


def _usual_folder() -> Path:
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation)
    return Path(place) / "autosave"
