"""Help > About flowviz, and Help > Show log."""

from __future__ import annotations

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication, QIcon, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from flowviz import __version__
from flowviz.core.about import FFMPEG_NOTICE, QT_NOTICE, SENTENCE, about_text, components
from flowviz.core.resources import resource
from flowviz.gui.log import log_path, log_text
from flowviz.gui.theme.theme import zoomed

_ICON = 56


class AboutBox(QDialog):
    """Name, version, what is shipped under which licence, and how to replace Qt."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About flowviz")
        column = QVBoxLayout(self)
        column.setContentsMargins(22, 20, 22, 16)
        column.setSpacing(14)
        column.addLayout(self._head())
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setAccessibleName("Versions and licences")
        self.text.setHtml(_html())
        column.addWidget(self.text, 1)
        column.addLayout(self._buttons())
        self.resize(zoomed(580), zoomed(560))

    def _head(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(16)
        picture = QLabel()
        picture.setPixmap(QIcon(str(resource("icons/app.svg"))).pixmap(_ICON, _ICON))
        words = QLabel(f"<span style='font-size:18px; font-weight:600'>flowviz {__version__}</span><br>{SENTENCE}")
        words.setWordWrap(True)
        line.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(words, 1)
        return line

    def _buttons(self) -> QHBoxLayout:
        line = QHBoxLayout()
        texts = QPushButton("Licence texts")
        texts.setToolTip("Opens the folder with the full texts")
        texts.clicked.connect(_open_licences)
        copy = QPushButton("Copy")
        copy.setToolTip("All of this as text, for a report of a fault")
        copy.clicked.connect(_copy_about)
        close = QPushButton("Close")
        close.setDefault(True)
        close.clicked.connect(self.close)
        line.addWidget(texts)
        line.addWidget(copy)
        line.addStretch(1)
        line.addWidget(close)
        return line


class LogBox(QDialog):
    """The log file, newest lines in view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Log")
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        place = QLabel(str(log_path()))
        place.setProperty("role", "muted")
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text = QPlainTextEdit(log_text())
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Log")
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        column.addWidget(place)
        column.addWidget(self.text, 1)
        line = QHBoxLayout()
        copy, folder, close = QPushButton("Copy"), QPushButton("Show in folder"), QPushButton("Close")
        copy.clicked.connect(self._copy)
        folder.clicked.connect(_open_log_folder)
        close.clicked.connect(self.close)
        close.setDefault(True)
        line.addWidget(copy)
        line.addWidget(folder)
        line.addStretch(1)
        line.addWidget(close)
        column.addLayout(line)
        self.resize(zoomed(760), zoomed(460))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())


def _html() -> str:
    rows = "".join(
        f"<tr><td>{escape(c.name)}&nbsp;&nbsp;</td><td>{escape(c.version)}&nbsp;&nbsp;</td><td>{escape(c.licence)}</td></tr>"
        for c in components()
    )
    table = f"<p><b>What comes with it</b></p><table cellspacing='3'>{rows}</table>" if rows else ""
    return (
        "<p>© The flowviz authors. MIT licence. After “Tutorial: flow-based generative models as iterative algorithms "
        f"in probability space” (Xie and Cheng, 2025).</p><p><b>Qt</b><br>{_linked(QT_NOTICE)}</p>"
        f"<p><b>ffmpeg</b><br>{_linked(FFMPEG_NOTICE)}</p>{table}"
    )


def _linked(text: str) -> str:
    """Addresses as links."""
    words = []
    for word in escape(text).split(" "):
        address = word.rstrip(".;,")
        if address.startswith("https://"):
            word = f"<a href='{address}'>{address}</a>{word[len(address) :]}"
        words.append(word)
    return " ".join(words)


def _copy_about() -> None:
    QGuiApplication.clipboard().setText(about_text())


def _open_licences() -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(resource("licences"))))


def _open_log_folder() -> None:
    folder: Path = log_path().parent
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
