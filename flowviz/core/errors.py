"""Errors meant for people: one sentence of what went wrong, one of what to try."""

from __future__ import annotations


class UserError(Exception):
    """Something a person can put right.

    Args:
        message: one clear sentence that names the thing (file, parameter, run) and what is wrong with it.
        hint: one sentence that says what would be right, or what to try; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        return type(self), (self.message, self.hint)


class FileError(UserError):
    """A file that cannot be read or written as asked."""


class ParameterError(UserError):
    """A parameter whose value is missing, of the wrong type or out of its range."""

    def __init__(self, message: str, hint: str = "", name: str = "") -> None:
        super().__init__(message, hint)
        self.name = name

    def __reduce__(self) -> tuple[type[ParameterError], tuple[str, str, str]]:  # type: ignore[override]
        return type(self), (self.message, self.hint, self.name)


class RunError(UserError):
    """A training run that cannot go on (loss not finite, out of memory, device lost)."""
