"""Space drawn by OpenGL (here by a program, llvmpipe, on a screen of its own) is what the painter draws."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyvirtualdisplay import Display

from flowviz.gui.views._gl_probe import is_hardware

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("points", "lines", "arrows", "shell", "sheet")


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """All comparisons, made once."""
    with Display(visible=False, size=(900, 700)) as display:
        environment = os.environ | {"DISPLAY": display.new_display_var, "QT_QPA_PLATFORM": "xcb"}
        answer = subprocess.run(
            [sys.executable, "-m", "tests.app._opengl_child"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    result: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize("projection", ["perspective", "parallel"])
@pytest.mark.parametrize("kind", KINDS)
def test_both_renderers_draw_the_same_silhouette_in_the_same_place(
    seen: dict[str, Any], projection: str, kind: str
) -> None:
    assert seen[projection][kind]["found"] > 0.97
    assert seen[projection][kind]["apart"] <= 4, "pixels between the sides"


def test_a_stage_that_floats_and_comes_back_is_not_blank(seen: dict[str, Any]) -> None:
    assert all(share > 0.02 for share in seen["docked"])


def test_a_program_is_not_taken_for_a_graphics_card(seen: dict[str, Any]) -> None:
    assert seen["hardware"] is is_hardware(seen["renderer"])
    assert seen["automatic"] is seen["hardware"]
    assert not is_hardware("llvmpipe (LLVM 15.0.6, 256 bits)") and not is_hardware("")
    assert is_hardware("NVIDIA GeForce RTX 4070/PCIe/SSE2")
