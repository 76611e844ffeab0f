"""Parameters declare themselves: a dataclass field that knows its range, label, unit and help.

Forms, command-line options and run files are all made from these declarations, so that adding
a parameter is adding one field.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from flowviz.core.errors import ParameterError

ParamValue = bool | int | float | str
ParamKind = Literal["bool", "int", "float", "choice", "text"]
P = TypeVar("P")

_KEY = "flowviz.param"
ADVANCED = "Advanced"
"""The group of what few people need: a form shows it last, and folded."""


@dataclass(frozen=True, slots=True)
class ParamField:
    """One declared parameter, as a form or a command line needs it.

    Attributes:
        name: the dataclass field's name.
        kind: which control it gets.
        default: the value when nothing is said.
        lo, hi: inclusive bounds of a number, or None.
        label: a few words for people.
        unit: unit of the number, or "".
        help: one sentence for the tool tip.
        log: the control moves on a logarithmic scale.
        live: may change while training; otherwise a restart is needed.
        choices: the allowed values of a choice.
        group: heading under which the form shows it ("" for the first, unnamed group).
    """

    name: str
    kind: ParamKind
    default: ParamValue
    lo: float | None = None
    hi: float | None = None
    label: str = ""
    unit: str = ""
    help: str = ""
    log: bool = False
    live: bool = False
    choices: tuple[str, ...] = ()
    group: str = ""

    def check(self, value: object) -> ParamValue:
        """The value in this field's type.

        Raises:
            ParameterError: the value has the wrong type or lies outside its range.
        """
        match self.kind:
            case "bool":
                return self._bool(value)
            case "choice":
                if value not in self.choices:
                    raise self._error(f"cannot be {value!r}", f"Choose one of {', '.join(self.choices)}.")
                return str(value)
            case "text":
                return str(value)
            case _:
                return self._number(value)

    def _bool(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word in ("true", "yes", "on", "1"):
            return True
        if word in ("false", "no", "off", "0"):
            return False
        raise self._error(f"cannot be {value!r}", "Use true or false.")

    def _number(self, value: object) -> int | float:
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise self._error(f"is not a number: {value!r}", self._range()) from None
        if isinstance(value, bool) or not math.isfinite(number):
            raise self._error(f"is not a finite number: {value!r}", self._range())
        if self.kind == "int" and number != int(number):
            raise self._error(f"must be a whole number, not {value!r}", self._range())
        if (self.lo is not None and number < self.lo) or (self.hi is not None and number > self.hi):
            raise self._error(f"is out of range: {number:g}", self._range())
        return int(number) if self.kind == "int" else number

    def _range(self) -> str:
        if self.lo is not None and self.hi is not None:
            return f"Use a value from {self.lo:g} to {self.hi:g}."
        if self.lo is not None:
            return f"Use {self.lo:g} or more."
        return f"Use {self.hi:g} or less." if self.hi is not None else "Use a number."

    def _error(self, what: str, hint: str) -> ParameterError:
        return ParameterError(f"Parameter {self.name} ({self.label}) {what}.", hint, self.name)


def param(
    default: ParamValue,
    label: str,
    *,
    lo: float | None = None,
    hi: float | None = None,
    unit: str = "",
    help: str = "",
    log: bool = False,
    live: bool = False,
    choices: Iterable[str] = (),
    group: str = "",
) -> Any:
    """A dataclass field with everything a form needs; see ParamField for the arguments."""
    chosen = tuple(choices)
    kind: ParamKind
    if chosen:
        kind = "choice"
    elif isinstance(default, bool):
        kind = "bool"
    elif isinstance(default, int):
        kind = "int"
    elif isinstance(default, float):
        kind = "float"
    else:
        kind = "text"
    declared = ParamField("", kind, default, lo, hi, label, unit, help, log, live, chosen, group)
    return dataclasses.field(default=default, metadata={_KEY: declared})


def restated(base: type, name: str, default: ParamValue, **changes: Any) -> Any:
    """The inherited parameter `name` of the params dataclass `base` with another default; it keeps its place.

    Args:
        base: where it is declared or inherited.
        name: the field's name.
        default: of the inheriting class.
        changes: whatever else of ParamField differs, such as `help` or `hi`.
    """
    (declared,) = (field for field in fields_of(base) if field.name == name)
    return dataclasses.field(
        default=default, metadata={_KEY: dataclasses.replace(declared, default=default, **changes)}
    )


def fields_of(cls: type) -> tuple[ParamField, ...]:
    """The declared parameters of a params dataclass, in order."""
    return tuple(
        dataclasses.replace(field.metadata[_KEY], name=field.name)
        for field in dataclasses.fields(cls)
        if _KEY in field.metadata
    )


def from_mapping(cls: type[P], values: Mapping[str, object]) -> P:
    """An instance of the params dataclass `cls`, every value checked.

    Raises:
        ParameterError: an unknown name, a wrong type or a value out of range.
    """
    declared = {field.name: field for field in fields_of(cls)}
    unknown = [name for name in values if name not in declared]
    if unknown:
        known = ", ".join(declared) or "none"
        raise ParameterError(f"There is no parameter called {unknown[0]}.", f"Known parameters: {known}.", unknown[0])
    return cls(**{name: declared[name].check(value) for name, value in values.items()})


def to_mapping(params: Any) -> dict[str, ParamValue]:
    """The declared parameters of an instance as a plain dict."""
    return {field.name: getattr(params, field.name) for field in fields_of(type(params))}


def parse_assignments(items: Iterable[str]) -> dict[str, str]:
    """`["width=64", "solver=rk4"]` as a dict of texts.

    Raises:
        ParameterError: an item without an equals sign.
    """
    result: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"Cannot read the parameter {item!r}.", "Write it as name=value.")
        result[name.strip()] = value.strip()
    return result
