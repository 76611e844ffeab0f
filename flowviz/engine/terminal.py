"""What a terminal shows: progress, and the list of all that there is."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, TextIO

from flowviz.core.backend import Choice, Ready
from flowviz.core.events import ChangeRefused, Losses, RunEvent, Started
from flowviz.core.params import ParamField, fields_of

BAR = 24
REDRAW_S = 0.1
LINE_EVERY = 0.1


class Progress:
    """A bar on a terminal; elsewhere a line for every tenth of the way.

    Args:
        stream: standard error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._drawn = float("-inf")
        self._next_line = 0.0
        self._open = False

    def event(self, event: RunEvent) -> None:
        """Show one event of a run."""
        match event:
            case Started():
                words = f"{event.spec.flow.key} on {event.spec.target.name or event.spec.target.key}"
                self._line(f"{words}: {event.device}, {event.parameters} parameters, seed {event.spec.seed}")
            case Losses():
                loss = f"loss {event.values['loss'][-1]:.4f}, " if "loss" in event.values else ""
                left = f", {event.seconds_left:.0f} s left" if event.seconds_left is not None else ""
                phase = f"{event.phase}, " if event.phase else ""
                speed = f"{event.steps_per_second:.0f} steps/s"
                self._show(event.progress, f"{phase}step {event.steps[-1]}, {loss}{speed}{left}")
            case ChangeRefused():
                self._line(f"{event.message} {event.hint}".strip())

    def pictures(self, done: int, total: int) -> None:
        """Show how far a film is."""
        self._show(done / max(1, total), f"frame {done} of {total}")

    def _show(self, share: float, words: str) -> None:
        now = time.monotonic()
        if self._terminal:
            if now - self._drawn < REDRAW_S and share < 1:
                return
            self._drawn = now
            full = round(BAR * share)
            text = f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}  {words}"
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r" + text[:width].ljust(width))
            self._stream.flush()
            self._open = True
        elif share >= self._next_line:
            self._next_line = (share // LINE_EVERY + 1) * LINE_EVERY
            self._line(f"{share:4.0%}  {words}")

    def _line(self, words: str) -> None:
        self.close()
        self._stream.write(words + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Leave the bar where it stands and go to the next line."""
        if self._open:
            self._stream.write("\n")
            self._stream.flush()
            self._open = False


def listing(
    ready: Ready, targets: Iterable[tuple[str, Any]], pictures: Mapping[str, Iterable[tuple[str, Any]]]
) -> dict[str, Any]:
    """All that there is, as plain JSON values.

    Args:
        ready: methods, metrics and devices.
        targets: classes by key.
        pictures: of what films are made (layers, modes, formats): classes with a label and a summary, by key.
    """
    shown = {
        kind: [{"key": key, "label": cls.label, "summary": cls.summary, "params": []} for key, cls in known]
        for kind, known in pictures.items()
    }
    return {
        "targets": [
            {"key": key, "label": cls.label, "summary": cls.summary, "preset": cls.is_preset,
             "params": [_param(field) for field in fields_of(cls.Params)]}
            for key, cls in targets
        ],
        "methods": [
            {**_choice(choice), "abilities": sorted(choice.abilities), "source": choice.source_need}
            for choice in ready.methods
        ],
        "metrics": [_choice(choice) for choice in ready.metrics],
        **shown,
        "devices": list(ready.devices),
    }  # fmt: skip


def print_listing(table: dict[str, Any]) -> None:
    """The same for people, on standard output."""
    for kind in [kind for kind in table if kind != "devices"]:
        print(kind.capitalize())
        for entry in table[kind]:
            print(f"  {entry['key']:<16} {entry['summary']}")
            for field in entry["params"]:
                print(f"      {field['name']} = {field['default']}{_limits(field)}  {field['help'] or field['label']}")
        print()
    print("Devices\n  " + ", ".join(table["devices"]))


def _choice(choice: Choice) -> dict[str, Any]:
    params = [_param(field) for field in choice.params]
    return {"key": choice.key, "label": choice.label, "summary": choice.summary, "params": params}


def _param(field: ParamField) -> dict[str, Any]:
    result = {entry.name: getattr(field, entry.name) for entry in fields(field)}
    return {**result, "choices": list(field.choices)}


def _limits(field: dict[str, Any]) -> str:
    if field["choices"]:
        return f" ({'|'.join(field['choices'])})"
    if field["lo"] is None and field["hi"] is None:
        return ""
    lo = "" if field["lo"] is None else f"{field['lo']:g}"
    hi = "" if field["hi"] is None else f"{field['hi']:g}"
    return f" ({lo}..{hi})"
