"""Things dropped on the window or pasted into it, and what they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QBuffer, QByteArray, QEvent, QIODevice, QMimeData, QObject, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent, QImage
from PySide6.QtWidgets import QLabel, QWidget

_NUMBER_ROW = re.compile(
    r"^\s*[-+]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?([\s;,|]+[-+]?(\d[\d.,]*|[.,]\d+)([eE][-+]?\d+)?)+\s*$"
)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a person gave by drop or paste.

    Attributes:
        kind: what it is.
        path: for files.
        text: for numbers and words.
        image: for pictures.
        more: number of further files that came along.
    """

    kind: Literal["file", "image", "numbers", "words", "nothing"]
    path: str = ""
    text: str = ""
    image: QImage | None = None
    more: int = 0


def what_is(mime: QMimeData | None) -> Given:
    """What the clipboard or a drag holds, the most telling form first: files, a picture, numbers, words."""
    if mime is None:
        return Given("nothing")
    paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()] if mime.hasUrls() else []
    if paths:
        return Given("file", path=paths[0], more=len(paths) - 1)
    text = mime.text().strip() if mime.hasText() else ""
    if text and is_table(text):
        return Given("numbers", text=text)
    if mime.hasImage():
        image = mime.imageData()
        image = image if isinstance(image, QImage) else QImage(image)
        if not image.isNull():
            return Given("image", image=image)
    if text and len(text) < 1000 and "\n" not in text and _is_file(text):
        return Given("file", path=str(Path(text).expanduser()))
    return Given("words", text=text) if text else Given("nothing")


def is_table(text: str) -> bool:
    """Whether most of the lines of a text are rows of two or more numbers."""
    lines = [line for line in text.splitlines() if line.strip()]
    looked_at = lines[:50]
    rows = sum(bool(_NUMBER_ROW.match(line)) for line in looked_at)
    return rows >= 2 and rows >= 0.6 * len(looked_at)


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError):
        return False


def png_bytes(image: QImage) -> bytes:
    """The picture as the bytes of a PNG file."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(data.data())


class FileDrops(QObject):
    """Lets a window take things that are dropped anywhere on it.

    Args:
        window: the window; gets `setAcceptDrops`.
        take: called with what was dropped.
        words: what the window says while something hovers over it.
    """

    def __init__(self, window: QWidget, take: Callable[[Given], None], words: str = "Drop to open it") -> None:
        super().__init__(window)
        self._window = window
        self._take = take
        self._sign = QLabel(words, window)
        self._sign.setProperty("role", "hint")
        self._sign.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._sign.hide()
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is not self._window:
            return False
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            if kind == QEvent.Type.DragEnter and what_is(event.mimeData()).kind == "nothing":
                return False
            event.acceptProposedAction()
            self._show_sign()
            return True
        if kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._sign.hide()
            event.acceptProposedAction()
            self._take(what_is(event.mimeData()))
            return True
        if event.type() == QEvent.Type.DragLeave:
            self._sign.hide()
        return False

    def _show_sign(self) -> None:
        self._sign.adjustSize()
        middle = self._window.rect().center()
        self._sign.move(middle - self._sign.rect().center())
        self._sign.show()
        self._sign.raise_()
