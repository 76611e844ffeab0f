"""What the person chose to see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from flowviz.core.camera import SLICE_AXES, SliceAxis
from flowviz.core.errors import ParameterError
from flowviz.core.params import ParamValue
from flowviz.core.solver import METHOD_SOLVER, Solver

Direction = Literal["generate", "encode"]


@dataclass(frozen=True, slots=True)
class StageOptions:
    """Choices of the stage, the same for window and film.

    Attributes:
        layers: keys of the layers that are on.
        direction: "generate" moves noise to data, "encode" data to noise.
        density: the density layer's source: "estimate" from many particles, or the model's "exact" density.
        solver: solver that moves particles when looking.
        particles: how many particles are shown.
        trails: how many trajectories are drawn.
        trail_length: length of a trail in flow time.
        point_size: diameter of a dot in points.
        mode: key of the stage mode.
        false_alarm: share of the model's samples outside the anomaly level.
        angle: direction of the strip's marginal, in degrees from the x axis.
        rise: how far that direction, and the upright one of a journey, lean towards z in space, in degrees.
    """

    layers: frozenset[str] = frozenset({"particles", "trails"})
    direction: Direction = "generate"
    density: Literal["estimate", "exact"] = "estimate"
    solver: Solver = METHOD_SOLVER
    particles: int = 2000
    trails: int = 250
    trail_length: float = 0.3
    point_size: float = 3.0
    mode: str = "flow"
    slice_axis: SliceAxis = "z"
    slice_place: float = 0.0
    inner_mass: float = 0.5
    outer_mass: float = 0.9
    angle: float = 0.0
    rise: float = 0.0
    false_alarm: float = 0.05


def options_to_mapping(options: StageOptions) -> dict[str, ParamValue]:
    """The choices beyond layers and direction as plain values (for FilmSpec.options)."""
    return {
        "mode": options.mode,
        "angle": options.angle,
        "rise": options.rise,
        "slice_axis": options.slice_axis,
        "slice_place": options.slice_place,
        "inner_mass": options.inner_mass,
        "outer_mass": options.outer_mass,
        "false_alarm": options.false_alarm,
        "density": options.density,
        "particles": options.particles,
        "trails": options.trails,
        "trail_length": options.trail_length,
        "point_size": options.point_size,
        "solver": options.solver.name,
        "solver_steps": options.solver.steps,
        "solver_tolerance": options.solver.tolerance,
    }


def options_from_mapping(
    values: Mapping[str, ParamValue], layers: Iterable[str] = ("particles", "trails"), direction: Direction = "generate"
) -> StageOptions:
    """The inverse of `options_to_mapping`; what is not named keeps its default.

    Raises:
        ParameterError: an unknown name, or a value of the wrong kind.
    """
    known = options_to_mapping(StageOptions())
    for name in values:
        if name not in known:
            raise ParameterError(f"There is no stage option called {name}.", f"Known: {', '.join(known)}.", name)
    chosen = {**known, **values}
    if chosen["density"] not in ("estimate", "exact"):
        hint = "Choose estimate or exact."
        raise ParameterError(f"The density layer cannot show {chosen['density']!r}.", hint, "density")
    if chosen["slice_axis"] not in SLICE_AXES:
        raise ParameterError(
            f"A slice cannot stand across {chosen['slice_axis']!r}.", "Choose x, y or z.", "slice_axis"
        )
    try:
        name, steps = str(chosen["solver"]), int(chosen["solver_steps"])
        solver = Solver(name, steps, float(chosen["solver_tolerance"]))  # type: ignore[arg-type]
        return StageOptions(
            mode=str(chosen["mode"]),
            angle=float(chosen["angle"]),
            rise=float(chosen["rise"]),
            false_alarm=float(chosen["false_alarm"]),
            layers=frozenset(layers),
            direction=direction,
            density="exact" if chosen["density"] == "exact" else "estimate",
            solver=solver,
            particles=int(chosen["particles"]),
            trails=int(chosen["trails"]),
            trail_length=float(chosen["trail_length"]),
            point_size=float(chosen["point_size"]),
            slice_axis=chosen["slice_axis"],  # type: ignore[arg-type]
            slice_place=float(chosen["slice_place"]),
            inner_mass=float(chosen["inner_mass"]),
            outer_mass=float(chosen["outer_mass"]),
        )
    except ValueError as error:
        raise ParameterError(f"A stage option is not a number: {error}.", "Check the options of the film.") from None
