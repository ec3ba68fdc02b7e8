"""Instance masks without labels: FreeSOLO (CVPR 2022), written from the paper. Arrays in, `Instances` out."""
