"""The figures of the FreeSOLO paper (CVPR 2022), table by table, as printed; in percent."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One row of a table."""

    name: str
    figures: tuple[float | None, ...]
    """In the order of the table's columns; None: the paper has none."""
    group: str = ""
    """Heading under which the paper has it."""


@dataclass(frozen=True)
class Published:
    """One table."""

    number: str
    title: str
    data: tuple[str, ...]
    """What it was measured on."""
    columns: tuple[str, ...]
    """Names of figures as `freesolo.evaluation` calls them; the paper's AR is AR100."""
    rows: tuple[Row, ...]

    def row(self, name: str) -> Row | None:
        """The row of this name, if there is one."""
        return next((row for row in self.rows if row.name == name), None)


_VAL = ("COCO val2017",)
_AP = ("AP50", "AP75", "AP")
_AP_AR = (*_AP, "AR1", "AR10", "AR100")
_AP_SIZES = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large")
_AR_SIZES = ("AR100", "AR_small", "AR_medium", "AR_large")
_ANNOTATED, _NOT = "with annotations", "without annotations"

_ALL = (
    Published(
        "1", "class-agnostic instance segmentation", _VAL, _AP_AR,
        (
            Row("MCG", (4.6, 0.8, 1.6, 1.9, 7.4, 18.2), _ANNOTATED),
            Row("COB", (8.8, 1.9, 3.3, 2.9, 10.1, 22.7), _ANNOTATED),
            Row("FreeSOLO", (9.8, 2.9, 4.0, 4.1, 10.5, 12.7), _NOT),
        ),
    ),
    Published(
        "2", "class-agnostic instance segmentation", ("UVO val",), _AP,
        (
            Row("SOLOv2 w/ COCO", (38.0, 20.9, 21.4), _ANNOTATED),
            Row("Mask R-CNN w/ COCO", (31.0, 14.2, 15.9), _ANNOTATED),
            Row("SOLOv2 w/ LVIS", (14.8, 5.9, 7.1), _ANNOTATED),
            Row("Mask R-CNN w/ LVIS", (18.1, 4.1, 6.8), _ANNOTATED),
            Row("FreeSOLO", (12.7, 3.0, 4.8), _NOT),
        ),
    ),
    Published(
        "3", "unsupervised class-agnostic object detection", _VAL, _AP_AR,
        (
            Row("UP-DETR", (0.0, 0.0, 0.0, 0.0, 0.0, 0.4)),
            Row("Selective Search", (0.5, 0.1, 0.2, 0.2, 1.5, 10.9)),
            Row("DETReg", (3.1, 0.6, 1.0, 0.6, 3.6, 12.7)),
            Row("FreeSOLO", (12.2, 4.2, 5.5, 4.6, 11.4, 15.3)),
        ),
    ),
    Published(
        "4", "multi-object discovery", ("VOC trainval07", "COCO 20k"), _AP,
        (
            Row("Kim et al.", (9.5, None, 2.5), "VOC trainval07"),
            Row("DDT+", (8.7, None, 3.0), "VOC trainval07"),
            Row("rOSD", (13.1, None, 4.3), "VOC trainval07"),
            Row("LOD", (13.9, None, 4.5), "VOC trainval07"),
            Row("LOST*", (19.8, None, 6.7), "VOC trainval07"),
            Row("FreeSOLO", (24.5, 7.2, 10.2), "VOC trainval07"),
            Row("Kim et al.", (3.9, None, 1.0), "COCO 20k"),
            Row("DDT+", (2.4, None, 0.7), "COCO 20k"),
            Row("rOSD", (5.2, None, 1.6), "COCO 20k"),
            Row("LOD", (6.6, None, 2.0), "COCO 20k"),
            Row("LOST*", (7.9, None, 2.5), "COCO 20k"),
            Row("FreeSOLO", (12.4, 4.4, 5.6), "COCO 20k"),
        ),
    ),
    Published(
        "5", "supervised, with limited fully annotated images", _VAL, _AP_SIZES,
        (
            Row("sup.", (18.0, 32.2, 17.6, 5.5, 18.9, 27.8), "5 % images"),
            Row("MoCo-v2", (19.0, 32.7, 19.2, 5.4, 19.9, 28.9), "5 % images"),
            Row("DenseCL", (20.0, 33.7, 20.5, 5.5, 21.5, 30.1), "5 % images"),
            Row("FreeSOLO", (22.0, 36.0, 22.9, 6.5, 23.2, 33.8), "5 % images"),
            Row("sup.", (22.3, 38.0, 22.9, 6.3, 24.0, 34.8), "10 % images"),
            Row("MoCo-v2", (23.2, 39.0, 23.9, 6.7, 24.6, 36.2), "10 % images"),
            Row("DenseCL", (23.7, 39.3, 24.5, 7.3, 25.2, 37.1), "10 % images"),
            Row("FreeSOLO", (25.6, 41.6, 26.7, 8.3, 27.5, 40.3), "10 % images"),
        ),
    ),
    Published(
        "6", "supervised, with limited segmentation masks", _VAL, _AP_SIZES,
        (
            Row("sup.", (17.8, 36.1, 15.9, 6.3, 19.5, 27.4), "5 % masks"),
            Row("MoCo-v2", (17.2, 34.9, 14.9, 5.8, 19.0, 26.2), "5 % masks"),
            Row("DenseCL", (20.1, 39.0, 18.3, 7.6, 21.4, 31.2), "5 % masks"),
            Row("FreeSOLO", (29.9, 50.5, 30.5, 10.7, 32.5, 46.7), "5 % masks"),
            Row("sup.", (25.4, 45.6, 25.1, 8.8, 26.9, 40.7), "10 % masks"),
            Row("MoCo-v2", (25.6, 45.1, 25.5, 8.7, 27.2, 40.4), "10 % masks"),
            Row("DenseCL", (26.1, 45.2, 26.3, 9.1, 28.0, 40.8), "10 % masks"),
            Row("FreeSOLO", (31.1, 51.4, 32.0, 11.2, 34.1, 48.4), "10 % masks"),
        ),
    ),
    Published(
        "s1", "class-agnostic instance segmentation, medium and large objects", _VAL,
        (*_AP, "AP*", "AP*_medium", "AP*_large"),
        (
            Row("MCG", (4.6, 0.8, 1.6, 9.4, 32.4, 7.4), _ANNOTATED),
            Row("COB", (8.8, 1.9, 3.3, 15.6, 36.5, 11.0), _ANNOTATED),
            Row("FreeSOLO", (9.8, 2.9, 4.0, 24.3, 21.5, 34.3), _NOT),
        ),
    ),
    Published(
        "7a", "Free Mask with different pre-training methods", _VAL, _AR_SIZES,
        (
            Row("sup.", (7.8, 0.1, 11.3, 16.4)),
            Row("SimCLR", (6.1, 1.0, 12.1, 6.7)),
            Row("MoCo-v2", (4.7, 1.6, 8.1, 5.4)),
            Row("DINO", (3.2, 2.8, 5.2, 0.9)),
            Row("EsViT", (6.3, 0.0, 6.0, 17.8)),
            Row("DenseCL", (11.5, 0.1, 6.0, 39.5)),
        ),
    ),
    Published(
        "7b", "pyramid queries in Free Mask", _VAL, _AR_SIZES,
        (
            Row("0.25", (10.1, 0.0, 1.9, 39.5)),
            Row("1.0", (11.3, 0.1, 6.0, 38.6)),
            Row("pyramid", (11.5, 0.1, 6.0, 39.5)),
        ),
    ),
    Published(
        "7c", "self-training iterations; -1: coarse masks, 0: without self-training", _VAL, _AP,
        (
            Row("-1", (2.3, 0.2, 0.7)),
            Row("0", (7.9, 2.5, 3.3)),
            Row("1", (8.3, 2.8, 3.7)),
            Row("2", (7.7, 2.9, 3.5)),
        ),
    ),
    Published(
        "7d", "full against weak supervision by coarse masks", _VAL, _AP,
        (Row("full", (6.2, 1.6, 2.4)), Row("weak", (7.9, 2.5, 3.3))),
    ),
    Published(
        "7e", "mask loss terms", _VAL, _AP,
        (
            Row("combination", (7.9, 2.5, 3.3)),
            Row("w/o avg-proj", (3.8, 1.6, 2.0)),
            Row("w/o max-proj", (7.1, 1.6, 2.6)),
            Row("w/o pairwise", (6.1, 0.9, 2.1)),
        ),
    ),
    Published(
        "7f", "semantic embedding, after fine-tuning with 10 % of the images", _VAL, ("AP", "AP50", "AP75"),
        (Row("w/o semantic", (24.9, 40.5, 26.1)), Row("with semantic", (25.6, 41.6, 26.7))),
    ),
)  # fmt: skip

PUBLISHED: dict[str, Published] = {table.number: table for table in _ALL}
"""By number; s1 is that of the appendix."""
