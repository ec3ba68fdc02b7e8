"""The results files of two proposers as one."""

from collections.abc import Set
from dataclasses import replace
from pathlib import Path

import numpy as np

from freesolo.instances import Float32
from freesolo.solo.embedding_space import EmbeddingSpace
from freesolo.union import UnionSettings, fuse, ranks, scores_at
from trainers.errors import UsageError
from trainers.records import Record, latest
from trainers.results import ResultsFile

QUANTILES = 501


def score_quantiles(path: Path, of: Set[str] | None = None) -> Float32:
    """(QUANTILES,) ascending scores of all masks of a results file, at equally spaced ranks.

    Args:
        path: the results file.
        of: paths of the images that count; None: all.

    Raises:
        UsageError: it holds no mask.
        CodecError: a line is damaged.
    """
    records = (record for record in latest(path) if isinstance(record, Record) and (of is None or record.path in of))
    scores = [record.instances.scores for record in records]
    flat = np.concatenate(scores) if scores else np.zeros(0, np.float32)
    if not len(flat):
        raise UsageError(f"{path} holds no mask")
    return np.asarray(np.quantile(flat, np.linspace(0, 1, QUANTILES)), np.float32)


def fuse_results(first: Path, second: Path, out: Path, settings: UnionSettings, space: EmbeddingSpace | None) -> None:
    """Write the union of two results files, image by image, for the images that both have masks of; scores as the first one's.

    Args:
        first: results of one proposer.
        second: of the other.
        out: the union's file, written anew.
        settings: of the fusion.
        space: takes the first one's embeddings to where the second one's are.

    Raises:
        UsageError: a file holds no mask.
        OutputError: the file cannot be written.
    """
    others = {record.path: record for record in latest(second) if isinstance(record, Record)}
    own_quantiles, other_quantiles = score_quantiles(first), score_quantiles(second)
    with ResultsFile(out, resume=False) as results:
        for record in latest(first):
            other = others.get(record.path)
            if not isinstance(record, Record) or other is None:
                continue
            own = record.instances
            if space is not None and own.embeddings is not None:
                own = replace(own, embeddings=space.project(own.embeddings))
            fused = fuse(
                own,
                other.instances,
                ranks(own.scores, own_quantiles),
                ranks(other.instances.scores, other_quantiles),
                settings,
            )
            fused = replace(fused, scores=scores_at(fused.scores, own_quantiles))
            name = f"union({record.proposer}+{other.proposer})"
            seconds = record.seconds + other.seconds
            results.append(replace(record, instances=fused, proposer=name, seconds=seconds).to_line())
