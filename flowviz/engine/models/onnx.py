"""ONNX: for every other runtime."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flowviz.core.errors import UserError
from flowviz.core.frames import Frame
from flowviz.core.spec import RunSpec
from flowviz.engine.models._base import MODELS, ModelWriter, about_velocity, exported_program


@MODELS.register(".onnx")
class OnnxWriter(ModelWriter):
    """The velocity field with inputs "x" (n, d) and "t" (), output "velocity" (n, d), float32; metadata tell of it."""

    label = "ONNX model"
    summary = "The velocity field for ONNX Runtime, browsers and other frameworks: inputs x and t, output velocity."
    what = "velocity"

    def encode(self, spec: RunSpec, frame: Frame) -> bytes:
        """The whole file.

        Raises:
            UserError: onnx is not installed, or the field has no form in ONNX.
        """
        try:
            import onnx
            import onnxscript  # noqa: F401
        except ImportError:
            hint = 'Install them with: pip install "flowviz-explorer[onnx]", or choose .pt2.'
            raise UserError("ONNX files need the packages onnx and onnxscript.", hint) from None
        program = _with_plain_operations(exported_program(spec, frame))
        with TemporaryDirectory(prefix="flowviz-onnx-") as folder:
            path = Path(folder) / "field.onnx"
            _convert(program, path)
            model = onnx.load(path)
        about = about_velocity(spec, frame)
        model.doc_string = about["title"]
        onnx.helper.set_model_props(model, about)
        return bytes(model.SerializeToString())


def _with_plain_operations(program: Any) -> Any:
    """Without copysign, which ONNX does not know."""
    import torch

    def copysign(size: torch.Tensor, sign: torch.Tensor) -> torch.Tensor:
        return torch.where(sign < 0, -size.abs(), size.abs())

    table = torch.export.default_decompositions()
    table[torch.ops.aten.copysign.Tensor] = copysign
    return program.run_decompositions(table)


def _convert(program: Any, path: Path) -> None:
    import torch

    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), _quiet("torch.onnx", "onnxscript"):
            warnings.simplefilter("ignore")
            torch.onnx.export(
                program, f=str(path), dynamo=True, input_names=["x", "t"], output_names=["velocity"],
                external_data=False, verbose=False,
            )  # fmt: skip
    except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"The field has no form in ONNX ({reason}).", "Choose .pt2, PyTorch's own format.") from None


@contextlib.contextmanager
def _quiet(*names: str) -> Any:
    """Loggers that tell of torchvision, which nobody asked for."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
