"""Single pictures of a film while its choices change: one spawned process that keeps the run and paints on request."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from flowviz.core.errors import UserError
from flowviz.core.film import SMALLEST, FilmJob, FilmSpec, PreviewPicture

if TYPE_CHECKING:
    from flowviz.engine.film import Filmed

_WIDEST = 480
"""Pixels of a preview's longer side."""


class ProcessPreview:
    """Paints the newest wish in a process of its own (see core.film.FilmPreview). No method waits.

    Args:
        job: the run and its frames.
    """

    def __init__(self, job: FilmJob) -> None:
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._wish: tuple[FilmSpec, float, str] | None = None
        self._picture: PreviewPicture | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, args=(job,), name="film preview", daemon=True)
        self._thread.start()

    def show(self, film: FilmSpec, share: float, suffix: str = "") -> None:
        """Ask for the picture at a share of the film, 0 to 1; a wish not yet begun is forgotten."""
        with self._lock:
            self._wish = (film, share, suffix)
        self._wake.set()

    def drain(self) -> PreviewPicture | None:
        """The newest picture since the last call."""
        with self._lock:
            picture, self._picture = self._picture, None
        return picture

    def close(self) -> None:
        """End the process."""
        self._closed = True
        self._wake.set()
        self._thread.join(5.0)

    def _run(self, job: FilmJob) -> None:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there,), name="flowviz preview", daemon=True)
        try:
            process.start()
            there.close()
            here.send(job)
            while not self._closed:
                self._wake.wait()
                self._wake.clear()
                with self._lock:
                    wish, self._wish = self._wish, None
                if wish is None or self._closed:
                    continue
                film, share, suffix = wish
                here.send((film, share, ""))
                self._receive(here)
                if suffix and not self._wake.is_set():
                    here.send(wish)
                    self._receive(here)
        except (EOFError, OSError):
            with self._lock:
                self._picture = PreviewPicture(None, "The preview ended; the film can be made all the same.")
        finally:
            process.kill()
            process.join(5.0)
            here.close()

    def _receive(self, pipe: Connection) -> None:
        while not pipe.poll(0.1):
            if self._closed:
                return
        found: PreviewPicture = pipe.recv()
        with self._lock:
            waiting = self._picture if found.nbytes else None
            self._picture = found if waiting is None else replace(waiting, nbytes=found.nbytes)


def _work(pipe: Connection) -> None:
    """Main function of the preview's process; it ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with contextlib.suppress(EOFError, OSError):
        job: FilmJob = pipe.recv()
        painter = _Painter(job)
        while True:
            pipe.send(painter.picture(*pipe.recv()))


class _Painter:
    """Keeps the painter of the latest film: while only the slider moves, nothing is built again."""

    def __init__(self, job: FilmJob) -> None:
        self._job = job
        self._film: FilmSpec | None = None
        self._made: Any = None

    def picture(self, film: FilmSpec, share: float, suffix: str) -> PreviewPicture:
        """The picture, or a sentence; with a suffix the size of that drawing."""
        return _guarded(lambda: self._paint(film, share, suffix))

    def _paint(self, film: FilmSpec, share: float, suffix: str) -> PreviewPicture:
        from flowviz.engine.film import Filmed, FilmPainter

        run = Filmed.of(self._job)
        width, height = film.size
        if suffix:
            return PreviewPicture(None, nbytes=_size_of_drawing(run, film, suffix))
        shrink = min(1.0, max(_WIDEST / max(width, height), SMALLEST / min(width, height)))  # a film all the same
        smaller = replace(film, scale=film.scale * shrink)
        if smaller != self._film:
            self._made, self._film = FilmPainter(run, smaller, film.frame_count), smaller
        return PreviewPicture(self._made.picture(round(share * (film.frame_count - 1))))


def _size_of_drawing(run: Filmed, film: FilmSpec, suffix: str) -> int:
    """Bytes of a vector picture, by drawing it."""
    from flowviz.engine.film import FilmPainter, still
    from flowviz.export import EXPORTERS, DrawingWriter

    writer = EXPORTERS.get(suffix)()
    assert isinstance(writer, DrawingWriter)
    return len(writer.encode(FilmPainter(run, still(film), 1).drawing(0)))


def _guarded(paint: Callable[[], PreviewPicture]) -> PreviewPicture:
    try:
        return paint()
    except UserError as error:
        return PreviewPicture(None, str(error))
    except Exception as error:
        return PreviewPicture(None, f"There is no preview: {error}.")
