"""Bars across the top of the stage: what happened and what to try. Never a modal box."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from flowviz.gui.theme.icons import set_icon


def flat_button(icon: str, name: str, tip: str = "") -> QToolButton:
    """A quiet icon button that does not take the focus when clicked."""
    button = QToolButton()
    set_icon(button, icon)
    button.setProperty("flat", True)
    button.setAccessibleName(name)
    button.setToolTip(tip or name)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


_NAMES = {
    "error": "Error",
    "info": "Notice",
    "restart": "Changes that need a restart",
    "rescue": "A session that was not saved",
}


_MOST_OF_BUTTONS = 0.55
"""Share of a bar's width that its buttons may take beside the words."""


class Bar(QFrame):
    """One bar: a sentence, a hint, buttons, and a way to close it.

    Args:
        kind: "error", "info", "restart" or "rescue"; decides the colour.
    """

    closed = Signal()

    def __init__(self, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("bar", kind)
        self.setAccessibleName(_NAMES[kind])
        self._kind = kind
        self._details = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 8, 7)
        column.setSpacing(6)
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setSpacing(8)
        column.addLayout(self._line)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._line.addWidget(self._text, 1)
        self._buttons = QWidget()
        self._row = QHBoxLayout(self._buttons)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)
        self._line.addWidget(self._buttons, 0, Qt.AlignmentFlag.AlignRight)
        self._close_button = flat_button("close", "Close this message")
        self._close_button.clicked.connect(self._close)
        self._row.addWidget(self._close_button)
        self._details_button = self.add_button("Details", self._toggle_details)
        self._copy_button = self.add_button("Copy", self._copy)
        self._column = column
        self._details_box: QPlainTextEdit | None = None
        self.hide()

    def add_button(self, text: str, action: Callable[[], None], primary: bool = False) -> QPushButton:
        """Another button, before the closing cross."""
        button = QPushButton(text)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if primary:
            button.setProperty("primary", True)
        button.clicked.connect(lambda: action())
        cross = self._row.indexOf(self._close_button)
        self._row.insertWidget(cross, button)
        return button

    def say(self, message: str, hint: str = "", details: str = "") -> None:
        """Show the bar with these words."""
        self._details = details
        self._text.setText(f"{message} {hint}".strip())
        if self._details_box is not None:
            self._details_box.hide()
        self._details_button.setVisible(bool(details))
        self._copy_button.setVisible(self._kind == "error")
        self.show()
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons that would leave the words too little room go below them."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        is_narrow = self._buttons.sizeHint().width() > _MOST_OF_BUTTONS * self.width()
        direction = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        if self._line.direction() != direction:
            self._line.setDirection(direction)

    @property
    def words(self) -> str:
        """What it says."""
        return self._text.text()

    @Slot()
    def _toggle_details(self) -> None:
        if self._details_box is None:
            self._details_box = QPlainTextEdit()
            self._details_box.setReadOnly(True)
            self._details_box.setAccessibleName("Details of the error")
            self._details_box.setMaximumHeight(160)
            self._details_box.hide()
            self._column.addWidget(self._details_box)
        self._details_box.setPlainText(self._details)
        self._details_box.setVisible(not self._details_box.isVisible())

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.words}\n\n{self._details}".strip())

    @Slot()
    def _close(self) -> None:
        self.hide()
        self.closed.emit()
