"""A film's choices as JSON, so that the window's film can be made again from the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from flowviz.core.camera import camera_from_json
from flowviz.core.errors import ParameterError, UserError
from flowviz.core.film import FilmSpec, KeyFrame
from flowviz.core.probes import loop_from_json, loop_to_json, pin_from_json, pin_to_json

_TUPLES = ("layers", "extent", "parts")


def film_to_json(film: FilmSpec) -> dict[str, Any]:
    """Plain JSON values of all that differs from the default film."""
    plain = FilmSpec()
    document: dict[str, Any] = {}
    for item in fields(FilmSpec):
        value = getattr(film, item.name)
        if value == getattr(plain, item.name):
            continue
        if item.name == "keys":
            value = [key_to_json(key) for key in value]
        elif item.name == "camera":
            value = value.to_json()
        elif item.name == "options":
            value = dict(value)
        elif item.name == "pins":
            value = [pin_to_json(pin) for pin in value]
        elif item.name == "loop":
            value = loop_to_json(value)
        document[item.name] = list(value) if isinstance(value, tuple) else value
    return document


def film_from_json(document: Mapping[str, Any], base: FilmSpec | None = None) -> FilmSpec:
    """The inverse of `film_to_json`.

    Args:
        document: fields by name.
        base: what is not named stays as in this film (the default film).

    Raises:
        UserError: a field is unknown, or a value is of the wrong kind or out of range.
    """
    known = {item.name for item in fields(FilmSpec)}
    for name in document:
        if name not in known:
            raise ParameterError(f"A film has no field {name!r}.", f"Known: {', '.join(sorted(known))}.", name)
    base = base or FilmSpec()
    values: dict[str, Any] = {}
    for name, value in document.items():
        try:
            values[name] = _value(name, value, getattr(base, name))
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            text = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
            hint = "Compare it with what the window's film dialog copies."
            raise ParameterError(f"{name} of a film cannot be {text}.", hint, name) from None
    try:
        return replace(base, **values)
    except (TypeError, ValueError) as error:
        raise ParameterError(
            f"The description of the film cannot be read: {error}.", "Compare it with one of the window's."
        ) from None


def _value(name: str, value: Any, default: Any) -> Any:
    if name == "keys":
        return tuple(key_from_json(key) for key in value)
    if name == "camera":
        return None if value is None else camera_from_json(value)
    if name == "options":
        return dict(value)
    if name == "pins":
        return tuple(pin_from_json(pin) for pin in value)
    if name == "loop":
        return loop_from_json(value)
    if name in _TUPLES:
        return None if value is None else tuple(value)
    if default is not None and type(value) is not type(default):
        if type(default) is not float or type(value) is not int:
            raise ParameterError(f"{name} of a film cannot be {value!r}.", f"It is like {default!r}.", name)
        return float(value)
    return value


def key_to_json(key: KeyFrame) -> dict[str, Any]:
    """A key frame as plain JSON values."""
    return {**asdict(key), "camera": key.camera.to_json() if key.camera is not None else None}


def key_from_json(document: Mapping[str, Any]) -> KeyFrame:
    """The inverse of `key_to_json`.

    Raises:
        UserError, KeyError, TypeError, ValueError: it is none.
    """
    extent, camera = document.get("extent"), document.get("camera")
    if extent is not None and len(extent) != 4:
        raise UserError("The extent of a key frame has four numbers.", "x_low, x_high, y_low, y_high.")
    return KeyFrame(
        int(document["step"]),
        float(document["t"]),
        tuple(str(layer) for layer in document["layers"]),
        None if extent is None else tuple(float(value) for value in extent),  # type: ignore[arg-type]
        None if camera is None else camera_from_json(camera),
        str(document.get("mode", "")),
    )
