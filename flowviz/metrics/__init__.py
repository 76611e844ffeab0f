"""How well a flow learnt, one file per metric."""

from flowviz.metrics._base import METRICS as METRICS
from flowviz.metrics._base import Metric as Metric
from flowviz.metrics._base import noise_floor as noise_floor
