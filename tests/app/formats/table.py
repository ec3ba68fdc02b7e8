"""Write the table of ``assets/formats.md``: every golden case through every format, and what came back.

    python -m tests.app.formats.table --out assets/formats.md

Run it again after a change of a format; a test compares the file with what this makes.
"""

import argparse
import json
import tempfile
from pathlib import Path

from app.errors import FormatError
from app.formats.registry import FORMATS
from app.labelstudio import regions
from app.labelstudio.regions import SHAPES, PushedMask
from app.services import pictures
from tests.app.formats.cases import golden_cases, known, with_images, written

HEAD = """# Formats

What each format keeps and loses. `python -m app formats` prints the same table, `python -m app export --format NAME` writes a
file and says before and after what it could not carry, `python -m app import-annotations FILE --format NAME` reads one back.

| name | file | keeps | loses |
| --- | --- | --- | --- |
"""

TABLE = """
## Every golden case through every format

Written by `python -m tests.app.formats.table --out assets/formats.md`: each case is written, the file is read back, and the
masks are compared.

* **exact**: pixels, name, category, score and state come back.
* **pixels**: every pixel of every mask comes back; the loss report tells what else does not (score, state).
* **IoU**: the lowest IoU of a mask with what comes back of it, which the loss report tells.
* **told**: the loss report tells which masks, pixels or images are not in the file.
* **†**: exact for fillers by area; the loss report warns of tools that draw outlines, which may show cuts and bridges.
* **refused**: nothing is written; the sentence says why.

The last two columns are no files: what `push` makes of the masks for Label Studio, as brushes and as polygons, and what `pull` reads of it,
ids included; scores and states stay here. Of pictures that browsers do not show at once `push` tells that they are passed over. The same is
tested through a real Label Studio, and there in a real browser.

"""


def ways():
    """(format, encoding), in the order of the registry."""
    return [(format_, encoding) for format_ in FORMATS.values() for encoding in format_.encodings or ("",)]


def outcome(format_, encoding, data, folder):
    """One cell: what came back of a case, checked on the file itself."""
    try:
        content, losses = written(format_, data, encoding)
    except FormatError:
        return "refused"
    if not format_.reads:
        return "told" if losses.sentences() else "exact"
    path = folder / f"x{format_.suffix}"
    path.write_bytes(content)
    back = {(p.file_name, m.counts) for p in format_.read(path, known(data)) for m in p.masks}
    wanted = {(page.picture.file_name, mask.counts) for page in data.pages() for mask in page.masks}
    assert losses.exact == (back == wanted), f"{format_.name} does not do what it tells"
    if losses.missing or losses.overlaps or losses.same_stem_count:
        return "told"
    mark = "†" if losses.notes else ""
    if losses.inexact:
        return f"IoU {losses.worst_iou:.2f}{mark}"
    return f"{'pixels' if losses.scores or losses.states or losses.categories or losses.names else 'exact'}{mark}"


def through_label_studio(shape, data):
    """The same of what a push sends and a pull reads, checked on ids, too."""
    for page in data.pages():
        if not pictures.fits(page.picture.width, page.picture.height):
            return "told"
        names = {category.id: category.name for category in data.categories}
        pushed = [PushedMask(mask.id, mask.counts, names[mask.category_id], mask.score) for mask in page.masks]
        sent = [region for mask in pushed for region in regions.write(mask, page.picture.size, shape)]
        back = regions.read(json.loads(json.dumps(sent)), page.picture.size)
        assert not back.faults
        found = [(region.id, region.counts, region.label) for region in back.regions]
        assert found == [(mask.id, mask.counts, mask.label) for mask in pushed], f"{shape} is not exact"
    return "exact"


def text():
    """The whole file."""
    lines = [f"| `{f.name}` | {f.title}, `{f.suffix}` | {f.keeps} | {f.loses} |" for f in FORMATS.values()]
    names = [" ".join(filter(None, (format_.name, encoding))) for format_, encoding in ways()]
    names += [f"Label Studio {shape}" for shape in SHAPES]
    table = [f"| case | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for case, data in golden_cases().items():
        with tempfile.TemporaryDirectory() as folder:
            shown = with_images(data, Path(folder))
            cells = [outcome(format_, encoding, shown, Path(folder)) for format_, encoding in ways()]
        cells += [through_label_studio(shape, data) for shape in SHAPES]
        table.append(f"| {case} | {' | '.join(cells)} |")
    return HEAD + "\n".join(lines) + "\n" + TABLE + "\n".join(table) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("assets/formats.md"))
    out = parser.parse_args().out
    out.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
