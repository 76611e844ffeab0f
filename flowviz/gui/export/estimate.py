"""How large a film will be and how long it will take: first a guess, then what the last film of that format took."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSettings

from flowviz.core.film import FilmSpec
from flowviz.export import EXPORTERS, DrawingWriter

_SECONDS_A_MEGAPIXEL = 0.03
"""Painting and encoding, on two usual processor cores."""
_MOST = 0.5
"""Share of the newest measurement in what is remembered."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a film will be.

    Attributes:
        pictures: number of them.
        rate: pictures a second.
        nbytes: of the file; 0 of a drawing that nobody has drawn yet, whose size depends on what is in it.
        seconds: to make it.
    """

    pictures: int
    rate: float
    nbytes: float
    seconds: float


def estimate(film: FilmSpec, suffix: str, drawn: int = 0) -> Estimate:
    """For a film in a known format; `drawn` is what a drawing was found to take, in bytes."""
    exporter = EXPORTERS.get(suffix)
    rate = exporter.rate(film.fps)
    pictures = 1 if exporter.is_still else film.pictures(rate)
    width, height = film.size
    megapixels = pictures * width * height / 1e6
    seconds = _remembered(suffix, "seconds", _SECONDS_A_MEGAPIXEL) * megapixels
    if issubclass(exporter, DrawingWriter):
        return Estimate(pictures, rate, drawn, seconds)
    bits = _remembered(suffix, "bits", exporter.bits_per_pixel)
    return Estimate(pictures, rate, bits / 8 * megapixels * 1e6, seconds)


def learn(film: FilmSpec, suffix: str, nbytes: int, seconds: float) -> None:
    """Remember what a finished film took."""
    known = estimate(film, suffix)
    settings = QSettings()
    for name, guess, truth in (("bits", known.nbytes, nbytes), ("seconds", known.seconds, seconds)):
        if not guess:
            continue
        old = _remembered(suffix, name, 0.0) or _default(suffix, name)
        ratio = min(max(truth / max(guess, 1e-9), 0.02), 50.0)
        settings.setValue(f"film/{name}/{suffix[1:]}", old * ((1 - _MOST) + _MOST * ratio))


def _default(suffix: str, name: str) -> float:
    return EXPORTERS.get(suffix).bits_per_pixel if name == "bits" else _SECONDS_A_MEGAPIXEL


def _remembered(suffix: str, name: str, default: float) -> float:
    try:
        value = float(str(QSettings().value(f"film/{name}/{suffix[1:]}", default)))
    except ValueError:
        return default
    return value if 1e-6 < value < 1e3 else default


def size_words(nbytes: float) -> str:
    """Bytes in words, as in "2.5 MB"."""
    return f"{nbytes / 1e6:.1f} MB" if nbytes >= 1e6 else f"{max(nbytes, 1000) / 1e3:.0f} kB"


def time_words(seconds: float) -> str:
    """Seconds in words, as in "12 s" or "3 min"."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(seconds, 1):.0f} s"
