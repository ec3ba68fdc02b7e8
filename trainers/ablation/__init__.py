"""The paper's ablations (table 7) at any scale, on any photographs: what varies, how it is run, and the figures beside the paper's."""
