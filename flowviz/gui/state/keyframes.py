"""The key frames that a person has captured for a film. Holds and signals, nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from flowviz.scene.panels import Gazes

if TYPE_CHECKING:
    from flowviz.core.film import KeyFrame


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A key frame, and the looks at the stage that lead back to it."""

    key: KeyFrame
    gazes: Gazes


Kept = tuple[tuple[Captured, ...], int]
"""Key frames in the order of the film, and the place of the current one (-1: none)."""


class KeyFrameState(QObject):
    """The captured key frames in the order of the film, and the one that was captured or visited last.

    They belong to the run on the stage; those of the other runs are kept until their run comes back.

    Signals:
        changed(): key frames came, went or changed, or another one is current.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all: tuple[Captured, ...] = ()
        self.current = -1
        self.run = 0
        self._kept: dict[int, Kept] = {}

    @property
    def keys(self) -> tuple[KeyFrame, ...]:
        """The key frames alone."""
        return tuple(captured.key for captured in self.all)

    def insert(self, captured: Captured) -> None:
        """Put one after the current one, and make it current."""
        place = self.current + 1
        self.restore((*self.all[:place], captured, *self.all[place:]), place)

    def replace(self, captured: Captured) -> None:
        """Put one in the place of the current one; nothing without one."""
        if self.all:
            self.restore((*self.all[: self.current], captured, *self.all[self.current + 1 :]), self.current)

    def delete(self) -> None:
        """Take the current one out; the one before becomes current."""
        if self.all:
            rest = (*self.all[: self.current], *self.all[self.current + 1 :])
            self.restore(rest, max(self.current - 1, 0) if rest else -1)

    def enter(self, run: int) -> None:
        """Another run is on the stage, by its number (0: none): its key frames take the place of these."""
        self._kept[self.run] = (self.all, self.current)
        self.run = run
        self.restore(*self._kept.pop(run, ((), -1)))

    def put(self, run: int, kept: Kept) -> None:
        """Others in the place of all those of a run (undo, an opened session)."""
        if run == self.run:
            self.restore(*kept)
        else:
            self._kept[run] = kept

    def by_run(self) -> dict[int, Kept]:
        """The key frames of every run that has any."""
        everything = {**self._kept, self.run: (self.all, self.current)}
        return {run: kept for run, kept in everything.items() if run and kept[0]}

    def clear(self) -> None:
        """Forget all, those of the other runs too."""
        self._kept = {}
        self.restore((), -1)

    def go(self, place: int) -> Captured | None:
        """Make that one current and return it; None where there is none."""
        if not 0 <= place < len(self.all):
            return None
        self.restore(self.all, place)
        return self.all[place]

    def walk(self, step: int) -> Captured | None:
        """Make the next (1) or the one before (-1) current, around the ends, and return it; None without any."""
        return self.go((self.current + step) % len(self.all)) if self.all else None

    def restore(self, captured: tuple[Captured, ...], current: int) -> None:
        """Others in the place of all these."""
        self.all, self.current = captured, min(current, len(captured) - 1)
        self.changed.emit()
