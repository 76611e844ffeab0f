"""What a person opens, drops or pastes, on its way to become a target."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSettings, Signal, Slot
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from flowviz.core.errors import UserError
from flowviz.core.spec import TargetSpec
from flowviz.gui.control.background import Background
from flowviz.gui.control.files import Given, png_bytes, what_is

if TYPE_CHECKING:
    from flowviz.gui.panels.target_files import FileLoad
    from flowviz.targets.loading import LoadOptions


class TargetIntake(QObject):
    """Loads files and pasted things beside the window; remembers the latest files.

    Args:
        background: the thread that loads.
        parent: the panel, over which the file dialog opens.
    """

    started = Signal(str)
    """Something is being loaded: what, in words."""
    loaded = Signal(object)
    """FileLoad: it works."""
    failed = Signal(object)
    """UserError: it does not."""
    words_given = Signal(str)
    """Text was dropped or pasted."""
    notice = Signal(str, str)
    """(what happened, what to do); two empty words take back what was said before."""
    run_file_given = Signal(str)
    """A saved run was given: its path."""

    def __init__(self, background: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._background = background
        self._window = parent
        self._task = 0
        self._files: deque[FileLoad] = deque(maxlen=8)

    @Slot()
    def open_dialog(self) -> None:
        """Ask for a file and load it."""
        from flowviz.gui.panels.target_files import FILE_FILTERS  # with all readers of files: on first use

        settings = QSettings()
        folder = str(settings.value("folders/open", str(Path.home())))
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a target", folder, FILE_FILTERS)
        if path:
            settings.setValue("folders/open", str(Path(path).parent))
            self.open_path(path)

    def open_path(self, path: str, options: LoadOptions | None = None) -> None:
        """Load a file beside the window; on failure the target on screen stays."""
        if path.lower().endswith(".flowviz"):
            self.run_file_given.emit(path)
            return
        from flowviz.gui.panels.target_files import load_file

        self._load(lambda: load_file(path, options), Path(path).name)

    @Slot()
    def paste(self) -> None:
        """Take what the clipboard holds: files, a picture, numbers or words."""
        self.take(what_is(QApplication.clipboard().mimeData()))

    def take(self, given: Given) -> None:
        """Make something that was dropped or pasted the target."""
        from flowviz.gui.panels.target_files import load_pasted_image, load_pasted_numbers

        match given.kind:
            case "file":
                self.open_path(given.path)
            case "numbers":
                self._load(lambda: load_pasted_numbers(given.text), "the pasted numbers")
            case "image" if given.image is not None:
                image = given.image
                self._load(lambda: load_pasted_image(png_bytes(image)), "the pasted image")
            case "words":
                self.words_given.emit(given.text.replace("\n", "\\n"))
            case _:
                self.notice.emit(
                    "Nothing in this could become a target.",
                    "Copy or drop an image, rows of numbers, some text or a file.",
                )
        if given.more:
            self.notice.emit(f"{given.more + 1} files were given; only the first one was opened.", "")

    def forget(self) -> None:
        """Something else was chosen: what is still being loaded counts no more."""
        self._background.forget(self._task)

    def file_of(self, spec: TargetSpec | None) -> FileLoad | None:
        """The file that a target came from, while it is remembered."""
        return next((file for file in self._files if spec is not None and file.prepared.spec.data is spec.data), None)

    def _load(self, work: Callable[[], FileLoad], what: str) -> None:
        self.forget()
        self.notice.emit("", "")  # what was wrong with the file before is past
        self.started.emit(what)
        self._task = self._background.submit(work, self._done, self._failed)

    def _done(self, loaded: FileLoad) -> None:
        self._files.append(loaded)
        self.loaded.emit(loaded)

    def _failed(self, error: UserError) -> None:
        self.failed.emit(error)
