"""flowviz: watch a generative flow move probability."""

__version__ = "0.1.0"
