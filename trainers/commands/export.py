"""`python -m trainers export-onnx`: a light SOLO for programs without torch."""

import sys
from pathlib import Path

from freesolo.solo.export_onnx import export
from freesolo.solo.weights import load
from trainers.results import write_whole


def run(weights: Path, out: Path) -> int:
    """Write the ONNX file of a weights file; 0, the exit code.

    Raises:
        WeightsError: ``weights`` holds no SOLO.
        ConfigError: the extra is not installed, or the network is not the light one.
        OutputError: ``out`` cannot be written.
    """
    data = export(load(weights))
    write_whole(out, data)
    sys.stdout.write(f"{out}: {len(data) / 2**20:.1f} MB\n")
    return 0
