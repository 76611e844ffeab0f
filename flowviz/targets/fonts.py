"""Fonts that are installed on this machine, by the names that people know them by."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from flowviz.core.errors import UserError

if TYPE_CHECKING:
    from PIL import ImageFont

BUILT_IN = "Built-in"
_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_PLAIN = {"regular", "book", "roman", "normal", ""}


def available_fonts() -> list[str]:
    """Names of the installed fonts ("DejaVu Sans Bold"), sorted, the built-in one first.

    The first call reads every font file's name (about a millisecond each); later calls are free.
    """
    return [BUILT_IN, *_installed()]


def load_font(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of that name (upper and lower case do not matter; "" is the built-in one).

    Args:
        name: one of `available_fonts()`.
        size: in pixels.

    Raises:
        UserError: no such font, or its file cannot be used.
    """
    from PIL import ImageFont

    if name.strip().lower() in ("", BUILT_IN.lower()):
        return ImageFont.load_default(size)
    known = {font.lower(): place for font, place in _installed().items()}
    place = known.get(name.strip().lower())
    if place is None:
        raise UserError(f"There is no font called {name!r} on this machine.", _suggestion(name, list(_installed())))
    try:
        return ImageFont.truetype(str(place[0]), size, index=place[1])
    except OSError as error:
        raise UserError(f"The font {name} ({place[0]}) cannot be used: {error}.", "Choose another font.") from error


def _suggestion(name: str, known: list[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, 3, 0.5)
    return f"Did you mean {' or '.join(close)}?" if close else f'Choose an installed font, or "{BUILT_IN}".'


@functools.cache
def _installed() -> dict[str, tuple[Path, int]]:
    """File and face index of every installed font, by name, sorted."""
    from PIL import ImageFont

    found: dict[str, tuple[Path, int]] = {}
    for path in _font_files():
        for index in range(64 if path.suffix.lower() in (".ttc", ".otc") else 1):
            try:
                family, style = ImageFont.truetype(str(path), 16, index=index).getname()
            except (OSError, ValueError):
                break  # past the last face of a collection, or a font that FreeType cannot scale
            if family and not family.startswith("."):
                words = family if (style or "").lower() in _PLAIN else f"{family} {style}"
                found.setdefault(words, (path, index))
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _font_files() -> Iterator[Path]:
    """Every font file below the platform's font folders, in a fixed order."""
    for folder in font_folders():
        for root, folders, names in os.walk(folder, onerror=None):
            folders.sort()
            for name in sorted(names):
                if Path(name).suffix.lower() in _SUFFIXES:
                    yield Path(root) / name


def font_folders() -> list[Path]:
    """Where this platform keeps fonts."""
    home = Path.home()
    if sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
        local = os.environ.get("LOCALAPPDATA")
        return [windows, *([Path(local) / "Microsoft" / "Windows" / "Fonts"] if local else [])]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"]
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    folders = [Path(part) / "fonts" for part in [own, *shared.split(":")] if part]
    return [*dict.fromkeys([home / ".fonts", *folders])]
