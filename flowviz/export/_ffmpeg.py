"""ffmpeg as a separate process that eats raw pictures. The binary comes with imageio-ffmpeg."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np

from flowviz.core.errors import FileError
from flowviz.core.spec import Array
from flowviz.export._base import Shape, WriterCancelled

_REMEDY = "Check that the disk has room, or try the other film format."


def executable() -> str:
    """The encoder's binary: IMAGEIO_FFMPEG_EXE where set, else the one that imageio-ffmpeg brings, else the system's.

    Raises:
        FileError: there is none.
    """
    try:
        path = str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError:
        hint = "Install it with: pip install imageio-ffmpeg, or point IMAGEIO_FFMPEG_EXE to an ffmpeg."
        raise FileError("There is no video encoder (ffmpeg) on this computer.", hint) from None
    return path


class Encoder:
    """One run of ffmpeg.

    Args:
        arguments: what comes after the binary's name and the quiet flags.
        name: the film, for messages.
        feeds: whether raw pictures are written to it.
    """

    def __init__(self, arguments: Sequence[str], name: str, feeds: bool = True) -> None:
        self._name = name
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the encoder
        command = [executable(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
        if feeds:
            command.remove("-nostdin")
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) if os.name == "nt" else 0
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                creationflags=flags,
            )
        except OSError as error:
            self._words.close()
            message = f"The video encoder {command[0]} cannot be started: {error.strerror or error}."
            raise FileError(message, "Check IMAGEIO_FFMPEG_EXE, or install imageio-ffmpeg anew.") from None

    def write(self, picture: Array) -> None:
        """Feed one picture.

        Raises:
            FileError: the encoder has died.
        """
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(np.ascontiguousarray(picture).data)
        except (BrokenPipeError, OSError):
            raise self._death() from None

    def finish(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        """Wait until the encoder has written everything.

        Raises:
            FileError: it failed.
            WriterCancelled: the film was given up; the encoder is gone.
        """
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, OSError):
                self._process.stdin.close()
        while self._process.poll() is None:
            if is_cancelled is not None and is_cancelled():
                self.kill()
                raise WriterCancelled
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.1)
        if self._process.returncode != 0:
            raise self._death()
        self._words.close()

    def kill(self) -> None:
        """End the encoder at once."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError, OSError):
                self._process.stdin.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._words.close()

    def _death(self) -> FileError:
        """The encoder's own last words as an error."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        words = ""
        if not self._words.closed:
            self._words.seek(0)
            lines = [line.strip() for line in self._words.read().decode(errors="replace").splitlines() if line.strip()]
            words = re.sub(r"^\[[^\]]*\] *", "", lines[-1]) if lines else ""  # without the name of ffmpeg's own part
        status = self._process.poll()
        self.kill()
        reason = words.rstrip(".") or f"it ended with status {status}"
        return FileError(f"{self._name} could not be written; the video encoder said: {reason}.", _REMEDY)


HD_FILTER = (
    "scale=in_range=full:out_range=tv:out_color_matrix=bt709:flags=accurate_rnd,"
    "setparams=color_primaries=bt709:color_trc=bt709"
)
HD_COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
"""Colours by the rules of high-definition television, and said so, or players guess wrongly."""


def raw_input(shape: Shape, rate: str) -> list[str]:
    """ffmpeg's arguments for RGB or RGBA pictures on standard input, `rate` a second."""
    layout, size = "rgba" if shape.alpha else "rgb24", f"{shape.width}x{shape.height}"
    return ["-f", "rawvideo", "-pix_fmt", layout, "-s", size, "-r", rate, "-i", "pipe:0"]


def put_in_place(working: Path, path: Path) -> None:
    """Move the finished film under its name.

    Raises:
        FileError: that cannot be done (on Windows: another program has the old film open).
    """
    deadline = time.monotonic() + 2.0
    while True:
        try:
            working.replace(path)
            return
        except OSError as error:
            if not isinstance(error, PermissionError) or time.monotonic() > deadline:
                working.unlink(missing_ok=True)
                hint = "Close the program that shows the old film, or choose another name."
                message = f"The finished film could not be named {path.name}: {error.strerror or error}."
                raise FileError(message, hint) from None
            time.sleep(0.1)
