"""Stands in for ``python -m trainers propose`` in tests: the same flags and output, three simple masks an image.

The environment says how it behaves: FAKE_SECONDS an image, FAKE_IDENTITY, FAKE_DIE (after so many images it ends with
an error), FAKE_DEAF (SIGTERM is ignored), FAKE_NOISE (prints a line that is no event).
"""

import argparse
import base64
import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from freesolo.instances import Instances


def masks_of(width, height):
    planes = np.zeros((3, height, width), bool)
    planes[0, : height // 2] = True
    planes[1, :, width // 2 :] = True
    planes[2, 0, 0] = True
    return Instances.from_masks(planes, np.array([0.9, 0.5, 0.1], np.float32))


def record_of(key, path):
    try:
        with Image.open(path) as picture:
            picture.load()
            width, height = picture.size
    except OSError as error:
        return {"key": key, "path": path, "error": f"not readable ({error})"}
    found = masks_of(width, height)
    embeddings = np.arange(6, dtype=np.float16).reshape(3, 2)
    return {
        "key": key,
        "path": path,
        "width": width,
        "height": height,
        "proposer": os.environ.get("FAKE_IDENTITY", "fake@1"),
        "seconds": 0.0,
        "instances": [
            {"counts": counts.decode(), "score": float(score)}
            for counts, score in zip(found.counts, found.scores, strict=True)
        ],
        "embeddings": base64.b64encode(embeddings.tobytes()).decode(),
        "embedding_dim": 2,
        "hierarchy": None,
        "note": "",
    }


def emit(event):
    print(json.dumps(event), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["propose"])
    parser.add_argument("--list", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--proposer", default="default")
    parser.add_argument("--hierarchies")
    parser.add_argument("--events", action="store_true")
    args = parser.parse_args()
    if os.environ.get("FAKE_DEAF"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.environ.get("FAKE_NOISE"):
        print("a library says hello")
    entries = [json.loads(line) for line in args.list.read_text("utf-8").splitlines()]
    emit({"event": "start", "total": len(entries), "workers": 1})
    with args.out.open("a", encoding="utf-8") as stream:
        for done, entry in enumerate(entries, start=1):
            time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
            if done > int(os.environ.get("FAKE_DIE", "1000000")):
                print("the network is missing: install it", file=sys.stderr)
                sys.exit(3)
            record = record_of(entry["key"], entry["path"])
            stream.write(json.dumps(record) + "\n")
            stream.flush()
            masks = len(record.get("instances", []))
            error = record.get("error")
            progress = {"done": done, "total": len(entries), "rate": 1.5, "seconds_left": 2.0}
            emit({"event": "image", "key": entry["key"], "error": error, "masks": masks, **progress})
    emit({"event": "done", "total": len(entries)})


main()
