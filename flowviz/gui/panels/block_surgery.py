"""What one can do with the chosen block of a run that is over: train it anew, split, re-time or drop it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from flowviz.core.block_edits import BlockEdit, Drop, Retime, Retrain, Split
from flowviz.gui.state.run import RunState
from flowviz.gui.widgets.flow_layout import FlowLayout

_WHAT: dict[str, tuple[str, Callable[[int], BlockEdit]]] = {
    "Retrain": ("Train this block anew from the one before it; those behind it follow.", Retrain),
    "Split": ("Two blocks of half its step in its place: at first the same flow, then trained on.", Split),
    "Re-time": (
        "Type another step h for this block; it and those behind it are trained again.",
        lambda k: Retime(k, 1),
    ),
    "Drop": ("Take this block out; those behind it are trained again.", Drop),
}


class BlockSurgery(QWidget):
    """A row of buttons for the chosen block.

    Signals:
        edit_requested(object BlockEdit): now.
        retime_requested(int block): the person wants to type its step.
    """

    edit_requested = Signal(object)
    retime_requested = Signal(int)

    def __init__(self, run: RunState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self._block = 0
        row = FlowLayout(self, gap=3)
        row.setContentsMargins(0, 0, 0, 0)
        self.name = QLabel()
        self.name.setProperty("role", "muted")
        row.addWidget(self.name)
        self.buttons: dict[str, QPushButton] = {}
        for text in _WHAT:
            button = QPushButton(text)
            button.setProperty("compact", True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda *_, text=text: self._pressed(text))
            row.addWidget(button)
            self.buttons[text] = button
        run.status_changed.connect(self.refresh)
        self.refresh()

    def choose(self, block: int) -> None:
        """Which block is meant."""
        self._block = block
        self.refresh()

    def _pressed(self, text: str) -> None:
        if text == "Re-time":
            self.retime_requested.emit(self._block)
        else:
            self.edit_requested.emit(_WHAT[text][1](self._block))

    @Slot()
    def refresh(self) -> None:
        """Only what can be done now can be pressed; the others say what is missing."""
        self.name.setText(f"Block {self._block + 1}")
        for text, button in self.buttons.items():
            tip, edit = _WHAT[text]
            reason = self._run.why_no_edit(edit(self._block))
            button.setEnabled(not reason)
            button.setAccessibleName(f"{text} block {self._block + 1}")
            button.setAccessibleDescription(reason or tip)
            button.setToolTip(f"<p>{tip}</p>" + (f"<p><b>{reason}</b></p>" if reason else ""))
