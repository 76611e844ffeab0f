"""The session as a document: where it lies on disk, whether it is saved, and how it comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from flowviz.core.errors import UserError
from flowviz.core.session import SUFFIX, Session, SessionStore
from flowviz.gui.control.background import Background


class DocumentController(QObject):
    """Saves and opens beside the window: what is written is an immutable value of the moment when it was asked for.

    Args:
        store: reads and writes.
        take: the session as it is now.
        show: puts a session in the place of the one in the window.

    Signals:
        changed(): name, or whether there are unsaved changes.
        opened(str path), saved(str path): it has worked.
        failed(str message, str hint): it has not; nothing changed.
    """

    changed = Signal()
    opened = Signal(str)
    saved = Signal(str)
    failed = Signal(str, str)

    def __init__(
        self,
        store: SessionStore,
        take: Callable[[], Session],
        show: Callable[[Session], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._take, self._show = store, take, show
        self._background = Background(self)
        self._opening = 0
        self._saved = 0
        self._is_closed = False
        self.revision = 0
        self.path = ""

    @property
    def is_dirty(self) -> bool:
        """Whether there is something that no file has."""
        return self.revision != self._saved

    @property
    def is_busy(self) -> bool:
        """Whether a file is being read or written."""
        return self._background.is_busy

    @property
    def name(self) -> str:
        """What the document is called."""
        return Path(self.path).stem if self.path else "Untitled"

    @Slot()
    def touch(self) -> None:
        """Something changed that a file would keep."""
        if self._is_closed:
            return
        was_dirty = self.is_dirty
        self.revision += 1
        if not was_dirty:
            self.changed.emit()

    def is_now_clean(self) -> None:
        """What is there now need not be kept: the window has just begun."""
        self._saved = self.revision
        self.changed.emit()

    def save(self, path: str, then: Callable[[], object] | None = None) -> None:
        """Write the session; `then` is called when that has worked."""
        path = path if path.lower().endswith(SUFFIX) else path + SUFFIX
        session, revision = self._take(), self.revision

        def done(_nothing: object) -> None:
            self.path, self._saved = path, revision
            self.changed.emit()
            self.saved.emit(path)
            if then is not None:
                then()

        self._background.submit(lambda: self._store.save(path, session), done, self._fail)

    def open(self, path: str, is_rescued: bool = False) -> None:
        """Read a file and show what is in it; a rescued one has no name yet and counts as unsaved."""

        def done(session: Session) -> None:
            self._show(session)
            self.path = "" if is_rescued else path
            self.is_now_clean()
            if is_rescued:
                self.touch()
            self.opened.emit(path)

        self._background.forget(self._opening)
        self._opening = self._background.submit(lambda: self._store.open(path), done, self._fail)

    def open_copy(self, path: str) -> None:
        """Read a file and show what is in it as a document without a name: the file itself is never written to."""

        def done(session: Session) -> None:
            self.begin_anew(session)
            self.opened.emit(path)

        self._background.forget(self._opening)
        self._opening = self._background.submit(lambda: self._store.open(path), done, self._fail)

    def begin_anew(self, session: Session) -> None:
        """An empty document without a name."""
        self._show(session)
        self.path = ""
        self.is_now_clean()

    def close(self) -> None:
        """Forget what is being read; what is being written is written to its end by its thread."""
        self._is_closed = True
        self._background.stop()

    def _fail(self, error: UserError) -> None:
        self.failed.emit(error.message, error.hint)
