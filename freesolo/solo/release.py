"""The model that the authors of FreeSOLO published, by the keys of their file, as this package's `paper-r101` (or `paper-r50`).

The file is detectron2's: ``{"model": state}``. Depth and widths are read off the shapes, so that other models of that code load too. Its
licence forbids commercial use, and holds for what is made from it; this package carries none of it.
"""

import re
from pathlib import Path

from torch import Tensor

from freesolo.backbones.checkpoint import detectron2_name, read_state, sha256_of
from freesolo.backbones.passports import PASSPORTS
from freesolo.errors import ConfigError, WeightsError
from freesolo.solo.paper_network import PaperNetwork
from freesolo.solo.paper_settings import PaperSoloSettings
from freesolo.solo.weights import Model, card_for

SUFFIXES = (".pth", ".pt")
"""Of checkpoints in the authors' format."""
_PASSPORT = PASSPORTS["freesolo_resnet101"].model_copy(update={"prefix": "", "detectron2": False})
_CUT = 0.1
"""Least category probability of the paper's inference (appendix A.3)."""
_BLOCKS = {6: "paper-r50", 23: "paper-r101"}
"""Kind of network by the residual blocks of res4."""
_BRANCHES = {
    "ins_head.cate_pred": "head.category",
    "ins_head.kernel_pred": "head.kernel",
    "ins_head.emb_pred": "head.embedding",
    "mask_head.conv_pred": "masks.merge",
    "mask_head.convs_all_levels.0.conv0": "masks.p2",
    "mask_head.convs_all_levels.1.conv0": "masks.p3",
}
_TOWERS = {"cate": "category", "kernel": "kernel"}


def load_release(path: Path) -> Model:
    """The authors' model from their file.

    Raises:
        WeightsError: the file is missing or damaged, or does not hold every weight of the network; the message counts and names them.
    """
    official = read_state(path, _PASSPORT)
    state = {our_name(key): value for key, value in official.items()}
    network = PaperNetwork(_settings(official, path), pretrained=False)
    expected = {key: value for key, value in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    fitting = {key: value for key, value in state.items() if key in expected and value.shape == expected[key].shape}
    if len(fitting) < len(expected):
        missing = [key for key in expected if key not in fitting]
        foreign = [key for key in official if our_name(key) not in fitting]
        raise WeightsError(
            f"{path}: {len(fitting)} of {len(expected)} weights of {network.settings.kind} found; missing for example "
            f"{', '.join(missing[:3])}; not understood: {', '.join(foreign[:3]) or 'none'}; fetch the file again"
        )
    network.load_state_dict(fitting, strict=False)  # counters of BatchNorm alone are missing
    card = card_for(network.settings).model_copy(
        update={"cut": _CUT, "trained_on": f"{_PASSPORT.trained_on}; licence: {_PASSPORT.licence}"}
    )
    return Model(network.eval(), card, f"{path.stem}@{sha256_of(path)[:12]}")


def our_name(key: str) -> str:
    """An official key -> the name of the same weight in `PaperNetwork`; a key of neither comes back as it is."""
    if key.startswith("backbone.bottom_up."):
        return f"backbone.{detectron2_name(key.removeprefix('backbone.bottom_up.'))}"
    if match := re.fullmatch(r"backbone\.fpn_(lateral|output)([2-5])\.(\w+)", key):
        return f"pyramid.{match[1]}s.{int(match[2]) - 2}.{match[3]}"
    if match := re.fullmatch(r"ins_head\.(cate|kernel)_tower\.(\d+)\.(\w+)", key):
        layer, part = divmod(int(match[2]), 3)  # convolution, GroupNorm, ReLU
        return f"head.{_TOWERS[match[1]]}_tower.{layer}.{part}.{match[3]}"
    if match := re.fullmatch(r"mask_head\.convs_all_levels\.([23])\.conv(\d)\.(\d)\.(\w+)", key):
        return f"masks.p{int(match[1]) + 2}.{match[2]}.{match[3]}.{match[4]}"
    for theirs, ours in _BRANCHES.items():
        if key.startswith(f"{theirs}."):
            return ours + key.removeprefix(theirs)
    return key


def _settings(official: dict[str, Tensor], path: Path) -> PaperSoloSettings:
    """Depth and widths, read off the shapes."""
    blocks = len({key.split(".")[3] for key in official if key.startswith("backbone.bottom_up.res4.")})
    layers = {key.split(".")[2] for key in official if re.match(r"ins_head\.cate_tower\.\d+\.", key)}
    try:
        if blocks not in _BLOCKS:
            raise WeightsError(
                f"{path}: res4 has {blocks} blocks; a FreeSOLO model has 6 (ResNet-50) or 23 (ResNet-101)"
            )
        embedding = official["ins_head.emb_pred.weight"]
        return PaperSoloSettings.from_dict(
            {
                "kind": _BLOCKS[blocks],
                "width": len(official["backbone.bottom_up.stem.conv1.weight"]),
                "channels": len(official["backbone.fpn_lateral2.weight"]),
                "tower": len(official["ins_head.cate_tower.0.weight"]),
                "tower_layers": len(layers) // 2,
                "mask_width": len(official["mask_head.convs_all_levels.0.conv0.0.weight"]),
                "mask_channels": len(official["mask_head.conv_pred.0.weight"]),
                "embedding": len(embedding),
                "embedding_kernel": embedding.shape[-1],
                "classes": len(official["ins_head.cate_pred.weight"]),
            }
        )
    except KeyError as error:
        found = ", ".join(list(official)[:3])
        raise WeightsError(
            f"{path}: no {error} inside, as the authors' model has it (found for example: {found})"
        ) from error
    except (ConfigError, IndexError, TypeError) as error:
        raise WeightsError(f"{path}: its widths are not those of a FreeSOLO model ({error})") from error
