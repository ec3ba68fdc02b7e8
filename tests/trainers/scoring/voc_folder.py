"""A small folder in Pascal VOC's official layout: palette PNGs, lists, annotations with pixels counted from 1."""

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 40, 60
DOG, PERSON = 12, 15


def palette():
    """VOC's colour map: three bits of a number at a time are the next lower bits of red, green and blue."""
    colours = np.zeros((256, 3), np.uint8)
    for number in range(256):
        rest = number
        for place in range(7, -1, -1):
            for channel in range(3):
                colours[number, channel] |= (rest >> channel & 1) << place
            rest >>= 3
    return colours.flatten().tolist()


def write_png(path, numbers):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(numbers)
    image.putpalette(palette())
    assert image.mode == "P"
    image.save(path)


def objects_and_classes():
    """Two objects with the void border that VOC's annotators left around each."""
    objects = np.zeros((HEIGHT, WIDTH), np.uint8)
    objects[4:26, 4:26] = 255
    objects[5:25, 5:25] = 1
    objects[4:31, 34:51] = 255
    objects[5:30, 35:50] = 2
    classes = np.choose(np.minimum(objects, 3), [0, DOG, PERSON, 255]).astype(np.uint8)
    return objects, classes


XML = """<annotation><filename>{name}.jpg</filename><size><width>60</width><height>40</height><depth>3</depth></size>
<object><name>dog</name><difficult>0</difficult><bndbox><xmin>6</xmin><ymin>6</ymin><xmax>25</xmax><ymax>25</ymax></bndbox></object>
<object><name>person</name><difficult>1</difficult><bndbox><xmin>36</xmin><ymin>6</ymin><xmax>50</xmax><ymax>30</ymax></bndbox>
<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part></object>
</annotation>"""


def make(folder, names=("2007_000001", "2007_000002")):
    """Two images alike."""
    for kind, split in (("Segmentation", "val"), ("Main", "trainval")):
        path = folder / "ImageSets" / kind / f"{split}.txt"
        path.parent.mkdir(parents=True)
        path.write_text("".join(f"{name}\n" for name in names), "ascii")
    objects, classes = objects_and_classes()
    for folder_name in ("JPEGImages", "Annotations"):
        (folder / folder_name).mkdir()
    for name in names:
        write_png(folder / "SegmentationObject" / f"{name}.png", objects)
        write_png(folder / "SegmentationClass" / f"{name}.png", classes)
        Image.new("RGB", (WIDTH, HEIGHT)).save(folder / "JPEGImages" / f"{name}.jpg")
        (folder / "Annotations" / f"{name}.xml").write_text(XML.format(name=name), "ascii")
    return folder
