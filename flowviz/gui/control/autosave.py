"""What would be lost if the window died now is written down every few seconds, and offered at the next start."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QLockFile, QObject, QTimer, Signal, Slot

from flowviz.core.errors import UserError
from flowviz.core.session import SUFFIX, Session, SessionStore
from flowviz.gui.control.background import Background
from flowviz.gui.control.document import DocumentController

EVERY_MS = 8_000
_LOOK_MS = 1_000
_SHARE = 5
"""A write is followed by a rest of so many times its length, so that it takes little of the disk and the processor."""
_LONGEST_REST_MS = 20_000


class Autosave(QObject):
    """One file per window, under a lock that the system drops when the process is gone.

    Args:
        document: says whether something changed.
        store: writes.
        take: the session as it is now.
        folder: where; made when the first file is written.

    Signals:
        written(): the file has all that changed until it was begun.
    """

    written = Signal()

    def __init__(
        self,
        document: DocumentController,
        store: SessionStore,
        take: Callable[[], Session],
        folder: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._store, self._take, self._folder = document, store, take, folder
        self._background = Background(self)
        self._path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self._lock = _lock_of(self._path)
        self._adopted: dict[Path, QLockFile] = {}
        self._replaced: list[Path] = []
        self._written = document.revision
        self._rest_ms = EVERY_MS
        self._since = QElapsedTimer()
        self._since.start()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @property
    def is_up_to_date(self) -> bool:
        """Whether all that changed is on disk."""
        return self._written == self._document.revision

    # -- writing --------------------------------------------------------------------------------------------

    @Slot()
    def _look(self) -> None:
        if not self._document.is_dirty:
            self._written = self._document.revision
            self._remove(self._path)  # a file has it all
        elif self._document.revision != self._written and self._since.elapsed() >= self._rest_ms:
            self.write()

    def write(self) -> None:
        """Write now, beside the window, unless that is being done."""
        if self._background.is_busy:
            return
        session, revision = self._take(), self._document.revision
        begin = time.monotonic()

        def work() -> None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.tryLock(0)
            self._store.save(str(self._path), session, light=True)

        def done(_nothing: object) -> None:
            self._written = revision
            spent_ms = round(1000 * (time.monotonic() - begin))
            self._rest_ms = max(EVERY_MS, min(_LONGEST_REST_MS, _SHARE * spent_ms))
            self._since.restart()
            for path in self._replaced:
                self._let_go(path)
            self._replaced.clear()
            self.written.emit()

        self._background.submit(work, done, self._failed)

    def _failed(self, _error: UserError) -> None:
        """A full disk must not stop the work; it is tried again after a rest."""
        self._rest_ms = _LONGEST_REST_MS
        self._since.restart()

    # -- what windows that died have left -------------------------------------------------------------------

    def left_behind(self) -> list[Path]:
        """Files of windows that are gone, the newest first. They are this window's now: no other offers them."""
        found = []
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            lock = _lock_of(path)
            if path != self._path and path not in self._adopted and lock.tryLock(0):
                self._adopted[path] = lock
                found.append(path)
        for part in self._folder.glob(f".*{SUFFIX}.*.part"):
            owner = self._folder / (part.name[1:].partition(SUFFIX)[0] + SUFFIX)
            if owner in self._adopted or not _lock_path(owner).exists():
                self._remove(part)
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)

    def forget(self, path: Path) -> None:
        """The person does not want it."""
        self._let_go(path)

    def replace(self, path: Path) -> None:
        """It was brought back: it goes when this window's own file is written."""
        self._replaced.append(path)

    def _let_go(self, path: Path) -> None:
        self._remove(path)
        lock = self._adopted.pop(path, None)
        if lock is not None:
            lock.unlock()

    def close(self, keep: bool) -> None:
        """The window ends; `keep` leaves the file for the next start."""
        self._timer.stop()
        self._background.stop()
        for lock in self._adopted.values():
            lock.unlock()
        if not keep:
            self._remove(self._path)
            for path in self._replaced:
                self._remove(path)
        self._lock.unlock()

    @staticmethod
    def _remove(path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _lock_of(path: Path) -> QLockFile:
    lock = QLockFile(str(_lock_path(path)))
    lock.setStaleLockTime(0)  # only the death of its process makes a lock stale, never its age
    return lock
