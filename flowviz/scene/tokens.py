"""The one table of colours, read by the painter, by Qt's palette and by the plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours as "#rrggbb". The six series colours stay apart under all common colour blindness (Okabe-Ito)."""

    name: ThemeName
    window: str
    panel: str
    raised: str
    stage: str
    border: str
    text: str
    muted: str
    accent: str
    accent_text: str
    danger: str
    warning: str
    good: str
    target: str
    particles: str
    trails: str
    field: str
    grid: str
    shell: str
    series: tuple[str, ...]
    ground: str = ""
    """What pictures are painted on where that is not the stage's colour; heat maps then fade into it."""


DARK = Tokens(
    name="dark",
    window="#15181d",
    panel="#1c2027",
    raised="#272c35",
    stage="#0d1014",
    border="#363c47",
    text="#e8eaee",
    muted="#a3abb8",
    accent="#4ea8ff",
    accent_text="#06121f",
    danger="#ff7a6b",
    warning="#f5b84a",
    good="#3ecf9a",
    target="#7d8796",
    particles="#ffb347",
    trails="#ff8c42",
    field="#7fd0ff",
    grid="#9aa7b8",
    shell="#3f9fb5",
    series=("#56b4e9", "#e69f00", "#00b894", "#cc79a7", "#f0e442", "#d55e00"),
)

LIGHT = Tokens(
    name="light",
    window="#f2f4f7",
    panel="#ffffff",
    raised="#e9edf2",
    stage="#ffffff",
    border="#c9d0da",
    text="#1a1f27",
    muted="#55606f",
    accent="#0a66c2",
    accent_text="#ffffff",
    danger="#b3261e",
    warning="#8a5a00",
    good="#0b7a55",
    target="#8a93a1",
    particles="#d1590a",
    trails="#e07b39",
    field="#1273b8",
    grid="#6d7887",
    shell="#3d8fc4",
    series=("#0072b2", "#b36b00", "#007a5a", "#a8427f", "#7a6f00", "#b84a00"),
)

THEMES = {"light": LIGHT, "dark": DARK}
