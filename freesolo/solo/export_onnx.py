"""A light SOLO as an ONNX file, for programs that run networks without torch. Needs the extra ``onnx``."""

import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from freesolo.errors import ConfigError
from freesolo.solo.light_network import LightNetwork
from freesolo.solo.light_settings import LightSettings
from freesolo.solo.weights import Model

OUTPUTS = ("category", "kernels", "embeddings", "features")
"""Of the file, as `freesolo.solo.output.SoloOutput` has them; `LightNetwork.mask_logits` says how kernels draw masks."""
_NEEDED = ("onnx", "onnxscript")


def export(model: Model) -> bytes:
    """The ONNX file of a model: input ``images`` (n, 3, side, side) float32, normalised; outputs `OUTPUTS`, logits, not probabilities.

    Its metadata tell what a program needs beside: ``identity``, ``card`` (JSON: mean, std, grids, cut, classes).

    Raises:
        ConfigError: the extra is not installed, or the network is not the light one.
    """
    absent = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if absent:
        raise ConfigError(
            f"{' and '.join(absent)} not installed, which the export to ONNX needs; install them with: "
            "pip install 'freesolo-annotator[onnx]'"
        )
    if not isinstance(model.network, LightNetwork):
        raise ConfigError(f"{model.identity} is a {model.card.network.kind}; only light networks are exported to ONNX")
    assert isinstance(model.card.network, LightSettings)
    side = model.card.network.test_size
    example = torch.zeros(2, 3, side, side)
    with _quiet(), torch.inference_mode(False), torch.no_grad():
        program = torch.onnx.export(
            _Outputs(model.network).eval(),
            (example,),
            input_names=["images"],
            output_names=list(OUTPUTS),
            dynamic_shapes={"images": {0: torch.export.Dim("n", min=1)}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    for key, value in (("identity", model.identity), ("card", model.card.model_dump_json())):
        proto.metadata_props.add(key=key, value=value)
    data: bytes = proto.SerializeToString()
    return data


class _Outputs(nn.Module):
    """The network with a plain tuple as its result."""

    def __init__(self, network: LightNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        output = self.network(images)
        return output.category, output.kernels, output.embeddings, output.features


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of its own inner workings, which no caller can change."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
