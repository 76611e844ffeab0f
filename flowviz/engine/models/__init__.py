"""Trained models to files, one file per format; torch is loaded when one is written."""

from flowviz.engine.models._base import MODELS as MODELS
from flowviz.engine.models._base import ModelWriter as ModelWriter
from flowviz.engine.models._base import about_run as about_run
