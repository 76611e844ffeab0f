"""A question that stays on the window until it is answered; everything behind it goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMessageBox, QWidget

Answer = QMessageBox.StandardButton


def question(
    window: QWidget,
    words: tuple[str, str, str],
    answers: Mapping[Answer, str],
    default: Answer,
    answered: Callable[[Answer], object],
) -> QMessageBox:
    """Ask, without waiting; the box is gone when it has been answered.

    Args:
        window: asks.
        words: title, question, and what hangs on it.
        answers: the buttons and their words; "" for Qt's own.
        default: what Enter answers.
        answered: gets the answer.
    """
    title, text, hint = words
    box = QMessageBox(QMessageBox.Icon.Question, title, text, parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setInformativeText(hint)
    for answer, label in answers.items():
        button = box.addButton(answer)
        button.setIcon(QIcon())
        if label:
            button.setText(label)
    box.setDefaultButton(default)
    box.finished.connect(lambda answer: answered(Answer(answer)))
    box.open()
    return box
