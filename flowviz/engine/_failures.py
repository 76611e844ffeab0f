"""What went wrong, in words for people."""

from __future__ import annotations

import torch

from flowviz.core.errors import UserError

DEVICE_LOST = "The device was lost"
SMALLER = "Use a smaller batch, a narrower network or fewer particles, or another device."


def explain(error: BaseException) -> tuple[str, str]:
    """(sentence, hint) for whatever a run died of."""
    if isinstance(error, UserError):
        return error.message, error.hint
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    lower = str(error).lower()
    if (
        isinstance(error, (MemoryError, torch.OutOfMemoryError))
        or "out of memory" in lower
        or "can't allocate" in lower
    ):
        return "The memory of the device is full.", SMALLER
    if isinstance(error, RuntimeError) and ("cuda error" in lower or "mps backend" in lower or "device-side" in lower):
        return f"{DEVICE_LOST}: {text}.", "Train on from the last frame; if it fails again, choose the CPU."
    if isinstance(error, RuntimeError) and ("nan" in lower.split() or "underflow in dt" in lower):
        return f"The numbers left the range of the computer: {text}.", "Lower the learning rate, then run again."
    return f"Something unexpected happened in training: {text}.", "Run again; the details say where it happened."
