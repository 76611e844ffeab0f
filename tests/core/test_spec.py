import json
from dataclasses import dataclass

import numpy as np
import pytest

from flowviz.core.errors import ParameterError, UserError
from flowviz.core.params import fields_of, from_mapping, param, parse_assignments, to_mapping
from flowviz.core.registry import Registry
from flowviz.core.spec import Budget, FlowSpec, Recording, RunSpec, TargetSpec, from_json, to_json


@dataclass(frozen=True)
class Params:
    rate: float = param(1e-3, "Rate", lo=0.0, hi=1.0, live=True)
    width: int = param(64, "Width", lo=1)
    solver: str = param("rk4", "Solver", choices=("rk4", "euler"))
    exact: bool = param(True, "Exact")


SPEC = RunSpec(
    TargetSpec("points", {"standardise": True}, {"points": np.arange(6.0).reshape(3, 2)}, "three"),
    FlowSpec("cnf", {"width": 8}),
    Budget(steps=5),
    seed=7,
    recording=Recording(particles=3),
)


def test_a_spec_survives_json():
    document, arrays = to_json(SPEC)
    assert from_json(json.loads(json.dumps(document)), arrays) == SPEC


def test_a_spec_of_a_newer_format_is_refused_with_a_sentence():
    document, arrays = to_json(SPEC)
    with pytest.raises(UserError, match="newer flowviz"):
        from_json({**document, "schema": 99}, arrays)


def test_a_spec_without_its_arrays_is_refused():
    document, _ = to_json(SPEC)
    with pytest.raises(UserError, match="incomplete"):
        from_json(document, {})


def test_the_fingerprint_tells_targets_apart():
    other = TargetSpec("points", {"standardise": True}, {"points": np.zeros((3, 2))}, "three")
    assert SPEC.target.fingerprint() == TargetSpec(**_fields(SPEC.target)).fingerprint()
    assert SPEC.target.fingerprint() != other.fingerprint()
    assert SPEC.target != other


def _fields(target):
    return {"key": target.key, "params": target.params, "data": target.data, "name": target.name}


def test_parameters_are_read_from_texts():
    params = from_mapping(Params, parse_assignments(["rate=0.5", "width=8", "exact=no"]))
    assert to_mapping(params) == {"rate": 0.5, "width": 8, "solver": "rk4", "exact": False}
    assert [field.name for field in fields_of(Params) if field.live] == ["rate"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("rate=2", "out of range"), ("rate=nan", "finite"), ("width=1.5", "whole"), ("solver=x", "Choose"),
     ("exact=maybe", "true or false"), ("nothing=1", "no parameter"), ("rate", "name=value")],
)  # fmt: skip
def test_bad_parameters_name_the_remedy(text, words):
    with pytest.raises(ParameterError, match=words):
        from_mapping(Params, parse_assignments([text]))


def test_a_registry_refuses_two_of_one_name_and_names_what_it_knows():
    registry: Registry[object] = Registry("thing", "flowviz.core")
    registry.register("a")(object)
    with pytest.raises(ValueError, match="two things"):
        registry.register("a")(object)
    with pytest.raises(UserError, match="Known: a"):
        registry.get("b")
    assert "a" in registry and "b" not in registry
