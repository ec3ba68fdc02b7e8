"""From decisions to better proposals: what is learnt from, what is kept out, who judges, what is promoted."""
