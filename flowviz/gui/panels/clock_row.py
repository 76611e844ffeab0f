"""The controls of one clock: ends, steps, play, track, number, speed and loop mode."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QGridLayout, QHBoxLayout, QLabel, QToolButton, QWidget

from flowviz.gui.state.cursor import SPEEDS, ClockState
from flowviz.gui.theme.icons import set_icon
from flowviz.gui.widgets.bars import flat_button
from flowviz.gui.widgets.track import Track

_LOOP_WORDS = {
    "once": ("once", "Plays once"),
    "loop": ("loop", "Plays over and over"),
    "pingpong": ("pingpong", "Plays back and forth"),
}


@dataclass(frozen=True, slots=True)
class RowWords:
    """What the controls of a clock are called: (accessible name, tool tip) each.

    Attributes:
        caption: beside the track.
        speed: what a pass at speed 1 is.
    """

    caption: str
    start: tuple[str, str]
    back: tuple[str, str]
    play: tuple[str, str]
    forward: tuple[str, str]
    end: tuple[str, str]
    track: tuple[str, str]
    speed: tuple[str, str]
    loop: tuple[str, str]


class ClockRow(QObject):
    """One clock's controls in one row of a grid.

    Signals:
        play_requested(), start_requested(), end_requested(), loop_requested();
        walk_requested(int): a step back (-1) or forward (1).
        speed_requested(float).
        value_requested(int): the track was moved to a value.
        held(bool): the person took hold of the track, or let go.
    """

    play_requested = Signal()
    start_requested = Signal()
    end_requested = Signal()
    loop_requested = Signal()
    walk_requested = Signal(int)
    speed_requested = Signal(float)
    value_requested = Signal(int)
    held = Signal(bool)

    def __init__(self, words: RowWords, box: QAbstractSpinBox, state: ClockState, parent: QWidget) -> None:
        super().__init__(parent)
        self._words, self._state, self.box = words, state, box
        self.start_button = flat_button("first", *words.start)
        self.back_button = flat_button("back", *words.back)
        self.play_button = flat_button("play", *words.play)
        self.play_button.setProperty("flat", False)
        self.forward_button = flat_button("forward", *words.forward)
        self.end_button = flat_button("last", *words.end)
        self.buttons = (self.start_button, self.back_button, self.play_button, self.forward_button, self.end_button)
        self.caption = QLabel(words.caption)
        self._side: QToolButton | None = None
        self.track = Track(words.track[0])
        self.track.setToolTip(words.track[1])
        self.speed_box = QComboBox()
        for speed in SPEEDS:
            self.speed_box.addItem(f"{speed:g}×", speed)
        self.speed_box.setAccessibleName(words.speed[0])
        self.speed_box.setToolTip(words.speed[1])
        self.speed_box.setFixedWidth(78)
        self.loop_button = flat_button("loop", words.loop[0], words.loop[1])
        self._connect()
        self.show_state()

    def _connect(self) -> None:
        for button, signal in (
            (self.start_button, self.start_requested),
            (self.play_button, self.play_requested),
            (self.end_button, self.end_requested),
            (self.loop_button, self.loop_requested),
        ):
            button.clicked.connect(signal)
        self.back_button.clicked.connect(self._back)
        self.forward_button.clicked.connect(self._forward)
        self.speed_box.activated.connect(self._speed_chosen)
        self.track.sliderMoved.connect(self.value_requested)
        self.track.actionTriggered.connect(self._keyed)
        self.track.sliderPressed.connect(self._pressed)
        self.track.sliderReleased.connect(self._released)
        self._state.changed.connect(self.show_state)

    def place(self, grid: QGridLayout, row: int, side: QToolButton) -> None:
        """Put the controls into a row of a grid; `side` is the last button."""
        left, right = QHBoxLayout(), QHBoxLayout()
        left.setSpacing(2)
        for button in self.buttons:
            left.addWidget(button)
        right.setSpacing(4)
        self.caption.setProperty("role", "muted")
        self._side = side
        for widget in (self.speed_box, self.loop_button, side):
            right.addWidget(widget)
        grid.addLayout(left, row, 0)
        grid.addWidget(self.caption, row, 1)
        grid.addWidget(self.track, row, 2)
        grid.addWidget(self.box, row, 3)
        grid.addLayout(right, row, 4)

    @Slot()
    def _back(self) -> None:
        self.walk_requested.emit(-1)

    @Slot()
    def _forward(self) -> None:
        self.walk_requested.emit(1)

    @Slot()
    def _pressed(self) -> None:
        self.held.emit(True)

    @Slot()
    def _released(self) -> None:
        self.held.emit(False)

    @Slot(int)
    def _keyed(self, _action: int) -> None:
        if not self.track.isSliderDown():
            self.value_requested.emit(self.track.sliderPosition())

    @Slot()
    def _speed_chosen(self) -> None:
        self.speed_requested.emit(float(self.speed_box.currentData()))

    @Slot()
    def show_state(self) -> None:
        """Whether and how it plays."""
        state = self._state
        icon, name = ("pause", "Pause") if state.playing else ("play", "Play")
        name = self._words.play[0].replace("Play", name)
        if self.play_button.accessibleName() != name:
            self.play_button.setAccessibleName(name)
            set_icon(self.play_button, icon)
        self.speed_box.setCurrentIndex(self.speed_box.findData(state.speed))
        icon, words = _LOOP_WORDS[state.loop]
        tip = f"{words}; press for the next mode{self._words.loop[1]}"
        if self.loop_button.toolTip() != tip:
            set_icon(self.loop_button, icon)
            self.loop_button.setToolTip(tip)

    def show_value(self, value: int) -> None:
        """Move the thumb, unless the person holds it."""
        if not self.track.isSliderDown() and self.track.value() != value:
            with QSignalBlocker(self.track):
                self.track.setValue(value)

    def set_visible(self, visible: bool) -> None:
        """Show or hide the whole row."""
        for widget in (*self.buttons, self.caption, self.track, self.box, self.speed_box, self.loop_button, self._side):
            if widget is not None:
                widget.setVisible(visible)

    def set_enabled(self, enabled: bool) -> None:
        """Whether there is anything to play."""
        for widget in (*self.buttons, self.track, self.box):
            widget.setEnabled(enabled)
