"""The application object: what the system tells the program rather than a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication


class Application(QApplication):
    """Hears of files that are opened from outside: on macOS a double click sends an event, not an argument.

    It is a subclass and not an event filter, through which every event of every object would pass.

    It asks for Qt's Fusion style by an argument: a style that is set later is handed to Python as an object, whose
    class has more enums than any other.

    Signals:
        file_given(str path): the system asks for this file, at any time.
    """

    file_given = Signal(str)

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__([*arguments, "-style", "fusion"])
        self._early: list[str] | None = []

    def event(self, event: QEvent) -> bool:
        """Keep what comes before somebody listens: the file that the program was started with comes first of all."""
        if isinstance(event, QFileOpenEvent) and event.file():
            if self._early is None:
                self.file_given.emit(event.file())
            else:
                self._early.append(event.file())
            return True
        return super().event(event)

    def listen(self, opener: Callable[[str], object]) -> None:
        """Open files from now on; the last of those that came before is opened at once."""
        early, self._early = self._early or [], None
        self.file_given.connect(opener)
        if early:
            self.file_given.emit(early[-1])
