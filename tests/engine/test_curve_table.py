"""Curves leave flowviz in the units of what they measure."""

import numpy as np
import pytest

from flowviz.core.records import RunFile
from flowviz.core.spec import FlowSpec, RunSpec, TargetSpec
from flowviz.engine._curve_table import curve_table
from flowviz.metrics import METRICS
from flowviz.targets import Frame

MEASURED = {"w2": 0.5, "energy": 2.0, "npe": 0.1, "mmd": 0.01, "nll": 3.0, "exact_least_energy": 1.5, "nfe": 40.0}


def table_of(scale):
    metrics = {key: np.array([[10.0, value], [20.0, value]]) for key, value in MEASURED.items()}
    run = RunFile(RunSpec(TargetSpec("two_moons"), FlowSpec("cnf")), (), metrics=metrics)
    table = curve_table(run, Frame(np.zeros(2), np.asarray(scale)), {})
    return table, {column.name: (column.unit, column.values[-1]) for column in table.columns}


def test_lengths_areas_and_densities_follow_one_scale_into_data_units():
    _, columns = table_of([20.0, 20.0])
    assert columns["w2"] == ("shared frame", 0.5) and columns["w2_data"] == ("data units", 10.0)
    assert columns["energy"] == ("shared frame²", 2.0) and columns["energy_data"] == ("data units²", 800.0)
    assert columns["exact_least_energy_data"] == ("data units²", 600.0)
    assert columns["nll_data"] == ("nats", pytest.approx(3 + 2 * np.log(20)))
    assert columns["npe"] == ("ratio", 0.1) and columns["mmd"] == ("ratio", 0.01)
    assert columns["nfe"] == ("evaluations", 40.0)
    assert not {"npe_data", "mmd_data", "nfe_data"} & set(columns)


def test_where_each_axis_has_its_own_scale_only_the_density_has_a_value_in_data_units():
    table, columns = table_of([20.0, 0.5])
    assert [name for name in columns if name.endswith("_data")] == ["nll_data"]
    assert columns["nll_data"][1] == pytest.approx(3 + np.log(10))
    assert table.details["shared_frame_scale"] == "20, 0.5", "so that anybody can convert what can be"


@pytest.mark.parametrize("key", [key for key, _ in METRICS.items()])
def test_a_metric_grows_with_the_unit_of_length_as_it_declares(key):
    metric, rng = METRICS.get(key)(), np.random.default_rng(0)
    x, y = rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 1
    plain, large = (metric.value(s * x, s * y, np.random.default_rng(1)) for s in (1.0, 3.0))
    assert large == pytest.approx(3.0**metric.power * plain, rel=1e-6)
