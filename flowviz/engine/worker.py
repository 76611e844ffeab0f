"""The worker process behind the window: hosts a Service and speaks through a pipe.

This module is imported by the window's process too (to spawn it), so torch comes in only inside `main`.
"""

from __future__ import annotations

import gc
import os
import queue
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import flowviz.core.quiet_numpy  # isort: skip  # noqa: F401
from flowviz.core.backend import BackendEvent, RunMessage
from flowviz.core.events import Failed, FrameReady
from flowviz.core.spec import Array

if TYPE_CHECKING:
    from flowviz.engine.service import Service
    from flowviz.engine.warming import Warming

DEVICE_LOST_STATUS = 4
Parcel = tuple[BackendEvent, tuple[str, ...] | None]
"""An event, and for a frame the names of all its weights: those it lacks are as in the frame before."""


class Packer:
    """Leaves out the weights that the other side has already. See `Unpacker`."""

    def __init__(self) -> None:
        self._run = -1
        self._sent: dict[str, Array] = {}

    def pack(self, event: BackendEvent) -> Parcel:
        """The event as it goes through the pipe."""
        if not (isinstance(event, RunMessage) and isinstance(event.event, FrameReady)):
            return event, None
        if event.run != self._run:
            self._run, self._sent = event.run, {}
        frame = event.event.frame
        news = {name: array for name, array in frame.weights.items() if self._sent.get(name) is not array}
        self._sent = dict(frame.weights)
        return RunMessage(event.run, FrameReady(replace(frame, weights=news))), tuple(frame.weights)


class Unpacker:
    """The other end of a Packer."""

    def __init__(self) -> None:
        self._run = -1
        self._known: dict[str, Array] = {}

    def unpack(self, parcel: Parcel) -> BackendEvent:
        """The event as it was, its arrays read-only."""
        event, names = parcel
        if names is None or not (isinstance(event, RunMessage) and isinstance(event.event, FrameReady)):
            return event
        if event.run != self._run:
            self._run, self._known = event.run, {}
        frame = event.event.frame
        known = {**self._known, **frame.weights}
        self._known = {name: known[name] for name in names}
        for array in (frame.paths, frame.times, *frame.weights.values()):
            array.flags.writeable = False
        return RunMessage(event.run, FrameReady(replace(frame, weights=dict(self._known))))


def main(pipe: Connection) -> None:
    """The life of the worker process: until told to close, or until the other end of the pipe is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is the window's to handle
    packer, lock = Packer(), threading.Lock()

    def emit(event: BackendEvent) -> None:
        try:
            with lock:
                pipe.send(packer.pack(event))
        except OSError:
            os._exit(0)  # the window is gone
        if _lost_device(event):
            os._exit(DEVICE_LOST_STATUS)  # nothing works on that device in this process any more

    # Listening begins at once: a window that dies while torch is being imported must be noticed.
    orders: queue.SimpleQueue[tuple[Any, ...]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, orders), name="orders", daemon=True).start()
    try:
        service, warming = _warm_service(emit)
    except BaseException as error:
        with lock:
            pipe.send((f"{type(error).__name__}: {error}", None))
        os._exit(3)
    while True:
        order = orders.get()
        if order[0] == "start":
            warming.stop()  # the run needs the time
        _obey(service, *order)


def _lost_device(event: BackendEvent) -> bool:
    if not (isinstance(event, RunMessage) and isinstance(event.event, Failed)):
        return False
    from flowviz.engine._failures import DEVICE_LOST

    return event.event.message.startswith(DEVICE_LOST)


def _listen(pipe: Connection, orders: queue.SimpleQueue[tuple[Any, ...]]) -> None:
    """Take what the window wants off the pipe; end with it."""
    while True:
        try:
            order = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)  # the window is gone: nothing of what is computed here has a reader
        if order[0] == "close":
            os._exit(0)
        orders.put(order)


def _obey(service: Service, kind: str, *values: Any) -> None:
    """Pass one order on."""
    match kind:
        case "start":
            service.start(*values)
        case "extend":
            service.extend(*values)
        case "steer":
            service.steer(*values)
        case "ask":
            service.ask(*values)


def _warm_service(emit: Callable[[BackendEvent], None]) -> tuple[Service, Warming]:
    """A service that has said Ready, its first method warm, and the warming of all else, under way."""
    gc.disable()  # imports leave next to no rubbish, and what they make stays
    import torch

    from flowviz.engine import service
    from flowviz.engine.warming import Warming

    torch.set_num_threads(1)
    ready = service.describe()
    warming = Warming()
    gc.freeze()
    gc.enable()
    result = service.Service(emit)
    emit(ready)
    warming.start()
    return result, warming
