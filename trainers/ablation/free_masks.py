"""Tables 7a and 7b: Free Mask alone, with other backbones and with other query scales. Nothing is trained."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from freesolo.backbones.download import place_of
from freesolo.backbones.passports import PASSPORTS
from freesolo.backbones.pretrained_file import SUFFIX
from trainers.ablation.draws import Draw
from trainers.ablation.experiments import Claim
from trainers.ablation.study import Figures, Study
from trainers.results import write_whole

PUBLISHED_BACKBONE, OWN_BACKBONE = "densecl_resnet50", "efficientnet_lite0"
_BACKBONES: dict[str, str | None] = {
    "sup.": "torchvision_resnet50",
    "SimCLR": None,
    "MoCo-v2": "mocov2_resnet50",
    "DINO": "dino_resnet50",
    "EsViT": None,
    "DenseCL": PUBLISHED_BACKBONE,
}
"""Rows of table 7a and the registry's names of their weights; None: it knows none."""
_SCALES = {"0.25": (0.25,), "1.0": (1.0,), "pyramid": (1.0, 0.5, 0.25)}


def best_backbone() -> str:
    """The paper's backbone where its weights are at hand, else the one that is always there."""
    return PUBLISHED_BACKBONE if missing_weights(PUBLISHED_BACKBONE) is None else OWN_BACKBONE


def missing_weights(backbone: str) -> str | None:
    """A sentence on where weights are to be had that are not at hand; nothing is downloaded."""
    passport = PASSPORTS.get(backbone)
    if passport is None:
        is_there = not backbone.endswith(SUFFIX) or Path(backbone).is_file()
        return None if is_there else f"no weights: there is no file {backbone}"
    if not passport.mirrors or place_of(passport).is_file():
        return None
    return f"no weights: see {passport.mirrors[0]}; put the file at {place_of(passport)}"


def settings_file(path: Path, **settings: object) -> str:
    """The paper's Free Mask with some settings of its own, as a name for `freesolo.proposers.make`.

    Raises:
        OutputError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"preset": "paper", **settings}).encode())
    return str(path)


@dataclass(frozen=True)
class Backbones:
    """Table 7a."""

    more: tuple[str, ...] = ()
    """Further backbones, as rows of their own."""
    figure: str = "AR100"
    remark: str = "Published weights are used where they are at hand; none is fetched."

    @property
    def rows(self) -> tuple[str, ...]:
        """The paper's, those asked for, and the one that is always there."""
        own = (OWN_BACKBONE, *(name for name in self.more if name != OWN_BACKBONE))
        return (*_BACKBONES, *own)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """DenseCL is best."""
        return tuple(Claim("DenseCL", row) for row in _BACKBONES if row != "DenseCL")

    def missing(self, row: str) -> str | None:
        """Weights that are not at hand."""
        backbone = _BACKBONES.get(row, row)
        if backbone is None:
            return "no weights: see its authors, this program knows of none; a file of pretrain can be compared with --backbone"
        return missing_weights(backbone)

    def decides(self, row: str) -> str:
        """The backbone."""
        return _BACKBONES.get(row) or row

    def figures(self, study: Study, row: str, draw: Draw, folder: Path) -> Figures:
        """Free Mask on the images to score."""
        proposer = settings_file(folder / "freemask.json", backbone=self.decides(row))
        return study.scored_file(draw, study.found(draw.scored.items, proposer, folder / "found.jsonl"))


@dataclass(frozen=True)
class QueryScales:
    """Table 7b."""

    backbone: str
    figure: str = "AR100"
    rows: tuple[str, ...] = tuple(_SCALES)
    claims: tuple[Claim, ...] = (Claim("pyramid", "0.25"), Claim("pyramid", "1.0"))
    remark: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "remark", f"Backbone: {self.backbone}.")

    def missing(self, row: str) -> str | None:
        """The backbone's weights, if they are not at hand."""
        return missing_weights(self.backbone)

    def decides(self, row: str) -> str:
        """The backbone and the row's scales."""
        return f"{self.backbone} {_SCALES[row]}"

    def figures(self, study: Study, row: str, draw: Draw, folder: Path) -> Figures:
        """Free Mask on the images to score."""
        proposer = settings_file(folder / "freemask.json", backbone=self.backbone, scales=_SCALES[row])
        return study.scored_file(draw, study.found(draw.scored.items, proposer, folder / "found.jsonl"))
