"""The places that a person asks about. Holds and signals, nothing more."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from flowviz.core.probes import Loop, Pin, Probes

MOST_PINS = 6


class ProbeState(QObject):
    """Holds the Probes.

    Signals:
        changed(): `value` is another.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.value = Probes()

    def _set(self, value: Probes) -> None:
        if value != self.value:
            self.value = value
            self.changed.emit()

    def hover(self, pin: Pin | None) -> None:
        """The pointer is there, or away."""
        self._set(replace(self.value, hover=pin))

    def pin(self, pin: Pin, adds: bool) -> None:
        """Pin a place; with `adds`, beside those that are there (the oldest goes when there are too many)."""
        pins = (*self.value.pins, pin) if adds else (pin,)
        self._set(replace(self.value, pins=pins[-MOST_PINS:]))

    def draw_loop(self, loop: Loop | None) -> None:
        """A closed curve, or none."""
        self._set(replace(self.value, loop=loop))

    def restore(self, pins: tuple[Pin, ...]) -> None:
        """Go back to these pins."""
        self._set(replace(self.value, pins=pins))

    def clear(self) -> None:
        """Forget pins and loop."""
        self._set(Probes(hover=self.value.hover))
