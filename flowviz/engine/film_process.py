"""Films in the background: one spawned process for each, so that neither window nor training waits.

The process loads torch only when a layer has to ask the flow. It ends with its parent, and whatever way
it ends, no half a film is left.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from flowviz.core.data import DataJob
from flowviz.core.errors import UserError
from flowviz.core.film import (
    FilmCancelled,
    FilmDone,
    FilmEvent,
    FilmFailed,
    FilmJob,
    FilmProgress,
)
from flowviz.export import clear_working_files, nbytes_of

_PATIENCE_S = 3.0
"""How long a cancelled process may take to tidy up before it is killed."""
_PROGRESS_S = 0.05
_SMALLER = {
    "film": "Choose a smaller size or a shorter film.",
    "file": "Ask for fewer points or a coarser grid.",
}
"""What to do where memory was short, by what was made."""


class ProcessFilm:
    """A film in the making. For one thread; no method waits but `close`.

    Args:
        path: where the film goes.
        job: what to make; None when it has failed already.
        events: what is to be told first.
    """

    def __init__(self, path: Path, job: FilmJob | DataJob | None, events: list[FilmEvent]) -> None:
        self._path = path
        self._thing = _thing(job)
        self._events = events
        self._ended = bool(events)
        self._cancelled_at: float | None = None
        self._process: BaseProcess | None = None
        self._lock = threading.Lock()
        self._collector: threading.Thread | None = None
        if job is not None:
            # Spawning and sending some hundred megabytes of frames takes a while: not in the caller's thread.
            self._collector = threading.Thread(target=self._run, args=(job,), name="film", daemon=True)
            self._collector.start()

    def drain(self) -> list[FilmEvent]:
        """All events since the last call; exactly one of FilmDone, FilmFailed, FilmCancelled ends them."""
        with self._lock:
            events, self._events = self._events, []
        return events

    def cancel(self) -> None:
        """Stop and leave no partial file."""
        with self._lock:
            if self._cancelled_at is None:
                self._cancelled_at = time.monotonic()

    def close(self, timeout: float = 10.0) -> None:
        """Cancel what still runs and wait until it is gone."""
        self.cancel()
        if self._collector is not None:
            self._collector.join(timeout)

    @property
    def pid(self) -> int | None:
        """Number of the film's process, or None before it has started."""
        return self._process.pid if self._process is not None else None

    def _run(self, job: FilmJob | DataJob) -> None:
        """Everything about the process, in a thread of its own."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there,), name="flowviz film", daemon=True)
        try:
            process.start()
            self._process = process
            there.close()
            with contextlib.suppress(OSError):  # it died at once: the loop below sees that
                here.send(job)
            del job
            self._listen(here, process)
        except Exception as error:
            self._end(FilmFailed(f"The {self._thing} could not be started.", str(error), traceback.format_exc()))
        finally:
            _kill(process)
            here.close()
            if process.pid is not None and self._path.parent.is_dir():
                clear_working_files(self._path, process.pid)

    def _listen(self, here: Connection, process: BaseProcess) -> None:
        told = gone = False
        while not self._ended:
            ready = wait([here, process.sentinel], 0.1)
            if here in ready:
                try:
                    self._take(here.recv())
                except (EOFError, OSError):
                    gone = True
                    process.join(1.0)
            if self._ended:
                break
            asked = self._cancelled_at
            if asked is not None and not told:
                told = True
                with contextlib.suppress(OSError):
                    here.send("cancel")
            late = asked is not None and time.monotonic() - asked > _PATIENCE_S
            # At its end a pipe counts as readable, so that only reading tells that nothing more will come.
            if late or gone or (process.sentinel in ready and not _has_more(here)):
                _kill(process)
                clear_working_files(self._path, process.pid or 0)
                self._end(FilmCancelled() if asked is not None else _death(process, self._thing))

    def _take(self, event: FilmEvent) -> None:
        if isinstance(event, FilmProgress):
            with self._lock:
                # nobody needs every picture counted: the newest progress replaces one not yet fetched
                if self._events and isinstance(self._events[-1], FilmProgress):
                    self._events.pop()
                self._events.append(event)
        else:
            self._end(event)

    def _end(self, event: FilmEvent) -> None:
        with self._lock:
            if not self._ended:
                self._ended = True
                self._events.append(event)


def _has_more(pipe: Connection) -> bool:
    """Whether a message waits in a pipe whose other end may be gone."""
    try:
        return pipe.poll()
    except OSError:
        return False


def _thing(job: FilmJob | DataJob | None) -> str:
    return "file" if isinstance(job, DataJob) else "film"


def _death(process: BaseProcess, thing: str) -> FilmFailed:
    process.join(1.0)
    code = process.exitcode
    how = f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"
    return FilmFailed(
        f"The process that made the {thing} ended unexpectedly ({how}); no {thing} was written.",
        f"The computer may have run out of memory. {_SMALLER[thing]}",
    )


def _kill(process: BaseProcess) -> None:
    """End the film's process and the encoder that it started."""
    if process.pid is None:
        return
    if process.is_alive():
        if os.name == "posix":
            with contextlib.suppress(OSError):
                if os.getpgid(process.pid) == process.pid:  # its own group: the encoder is in it
                    os.killpg(process.pid, signal.SIGKILL)
        process.kill()
    process.join(5.0)


def _work(pipe: Connection) -> None:
    """Main function of the film's process."""
    if os.name == "posix":
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # small networks are fastest so, and training goes on elsewhere
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # the parent exits: tidy up first
    try:
        job = pipe.recv()
        threading.Thread(target=_watch, args=(pipe, stop), daemon=True).start()
        pipe.send(_make(job, pipe, stop))
    except (EOFError, OSError):  # the parent is gone
        pass


def _watch(pipe: Connection, stop: threading.Event) -> None:
    """Set `stop` on "cancel", and when the parent is gone; then nobody waits for a tidy end for ever."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
        stop.set()
        return
    stop.set()
    time.sleep(2 * _PATIENCE_S)
    os._exit(1)


def _make(job: FilmJob | DataJob, pipe: Connection, stop: threading.Event) -> FilmEvent:
    from flowviz.engine.film import FilmCancelledByUser, Filmed, render_film

    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done == total or now - last > _PROGRESS_S:
            last = now
            pipe.send(FilmProgress(done, total))

    try:
        if isinstance(job, DataJob):
            return _make_data(job, stop.is_set)
        path = render_film(Filmed.of(job), job.film, job.path, tell, stop.is_set)
        return FilmDone(str(path), nbytes_of(path))
    except FilmCancelledByUser:
        return FilmCancelled()
    except UserError as error:
        return FilmFailed(error.message, error.hint)
    except MemoryError:
        return FilmFailed(f"There was not enough memory for the {_thing(job)}.", _SMALLER[_thing(job)])
    except (BrokenPipeError, EOFError):
        raise
    except Exception as error:
        details = traceback.format_exc()
        return FilmFailed(
            f"The {_thing(job)} could not be made: {error}.",
            "Help > Show log tells more; trying again may help.",
            details,
        )


def _make_data(job: DataJob, stopped: Callable[[], bool]) -> FilmEvent:
    from flowviz.engine.data_export import Stopped, export_data

    try:
        path = export_data(job.run, job.path, job.what, job.choice, stopped)
    except Stopped:
        return FilmCancelled()
    return FilmDone(str(path), nbytes_of(path))
