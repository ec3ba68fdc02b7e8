"""Stands in for ``python -m trainers`` in tests: the same flags and output. `propose` finds three simple masks an image, `train`,
`finetune` and `selftrain` write weights that hold nothing, `pretrain` an empty backbone.

The environment says how it behaves: FAKE_SECONDS an image or step, FAKE_IDENTITY, FAKE_DIE (after so many images or steps it ends with
an error), FAKE_DEAF (SIGTERM is ignored), FAKE_NOISE (prints a line that is no event), FAKE_LEARNT (what trained weights find: ``better``
finds only the right half of an image, ``worse`` only its corner), FAKE_STEADY (agreement after a round of selftrain; 0.5 before it).
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
from safetensors.numpy import save_file

from freesolo.instances import Instances

LEARNT = {"better": [1], "worse": [2]}


def masks_of(width, height, proposer):
    planes = np.zeros((3, height, width), bool)
    planes[0, : height // 2] = True
    planes[1, :, width // 2 :] = True
    planes[2, 0, 0] = True
    found = Instances.from_masks(planes, np.array([0.9, 0.5, 0.1], np.float32))
    learnt = LEARNT.get(os.environ.get("FAKE_LEARNT", "")) if proposer.endswith(".safetensors") else None
    return found if learnt is None else found[learnt]


def record_of(key, path, proposer):
    try:
        with Image.open(path) as picture:
            picture.load()
            width, height = picture.size
    except OSError as error:
        return {"key": key, "path": path, "error": f"not readable ({error})"}
    found = masks_of(width, height, proposer)
    embeddings = np.arange(2 * len(found), dtype=np.float16).reshape(-1, 2)
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


def learn(args):
    """Tell of the steps."""
    steps = int(args.steps)
    emit({"event": "start", "name": "run", "images": 1, "masks": 1, "step": 0, "steps": steps})
    show(args, 0, steps)
    for step in range(1, steps + 1):
        time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
        if step > int(os.environ.get("FAKE_DIE", "1000000")):
            print("the loss is no number at step 3: images/a.png", file=sys.stderr)
            sys.exit(3)
        losses = {"loss": 1 / step}
        emit(
            {
                "event": "step",
                "step": step,
                "steps": steps,
                "seconds_a_step": 0.5,
                "seconds_left": 1.0,
                "losses": losses,
            }
        )

    show(args, steps, steps)


def show(args, step, steps):
    """The first mask of `masks_of` on each image of ``--show``, with the start; later all three."""
    if getattr(args, "show", None) is None:
        return
    rows = []
    for line in Path(args.show).read_text("utf-8").splitlines():
        entry = json.loads(line)
        with Image.open(entry["path"]) as picture:
            width, height = picture.size
        counts = [code.decode() for code in masks_of(width, height, "").counts]
        rows.append({"key": entry["key"], "width": width, "height": height, "masks": counts[: 3 if step else 1]})
    emit({"event": "shown", "step": step, "steps": steps, "images": rows})


def result(args, name, metadata):
    args.out.mkdir(parents=True, exist_ok=True)
    data = np.frombuffer(args.source.read_bytes(), np.uint8)
    save_file({"data": data}, args.out / name, metadata)
    emit({"event": "result", "path": str(args.out / name), "figures": {}})


def finetune(args):
    learn(args)
    result(args, "solo.safetensors", {"format": "freesolo-solo-1", "card": "{}"})


def train(args):
    finetune(args)


def selftrain(args):
    for begin in (args.start, args.backbone):
        if begin is not None and not Path(begin).is_file():
            sys.exit(f"{begin}: there is no such weights file")
    learn(args)
    now = float(os.environ.get("FAKE_STEADY", "0.6"))
    emit({"event": "round", "number": 1, "by": "agreement", "before": 0.5, "now": now})
    result(args, "solo.safetensors", {"format": "freesolo-solo-1", "card": "{}"})


def pretrain(args):
    learn(args)
    result(args, "backbone.safetensors", {})


def export(args):
    if os.environ.get("FAKE_DIE"):
        sys.exit("error: onnx not installed")
    args.out.write_bytes(b"onnx of " + args.weights.read_bytes()[:8])


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    trainings = []
    for run, own in (
        (finetune, ("--images", "--start", "--preset", "--beside", "--show")),
        (selftrain, ("--start", "--backbone", "--show")),
        (train, ("--start",)),
        (pretrain, ()),
    ):
        training = commands.add_parser(run.__name__)
        training.add_argument("source", type=Path)
        for flag in (*own, "--steps", "--batch", "--seed", "--threads", "--set"):
            training.add_argument(flag)
        training.add_argument("--no-resume", action="store_true")
        training.set_defaults(run=run)
        trainings.append(training)
    exporting = commands.add_parser("export-onnx")
    exporting.add_argument("weights", type=Path)
    exporting.add_argument("out", type=Path)
    exporting.set_defaults(run=export)
    proposing = commands.add_parser("propose")
    proposing.add_argument("--list", type=Path, required=True)
    proposing.add_argument("--proposer", default="default")
    proposing.add_argument("--hierarchies")
    proposing.set_defaults(run=propose)
    for command in (*trainings, proposing):
        command.add_argument("--out", type=Path, required=True)
        command.add_argument("--events", action="store_true")
    args = parser.parse_args()
    if os.environ.get("FAKE_DEAF"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.environ.get("FAKE_NOISE"):
        print("a library says hello")
    args.run(args)


def propose(args):
    entries = [json.loads(line) for line in args.list.read_text("utf-8").splitlines()]
    emit({"event": "start", "total": len(entries), "workers": 1})
    with args.out.open("a", encoding="utf-8") as stream:
        for done, entry in enumerate(entries, start=1):
            time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
            if done > int(os.environ.get("FAKE_DIE", "1000000")):
                print("the network is missing: install it", file=sys.stderr)
                sys.exit(3)
            record = record_of(entry["key"], entry["path"], args.proposer)
            stream.write(json.dumps(record) + "\n")
            stream.flush()
            masks = len(record.get("instances", []))
            error = record.get("error")
            progress = {"done": done, "total": len(entries), "rate": 1.5, "seconds_left": 2.0}
            emit({"event": "image", "key": entry["key"], "error": error, "masks": masks, **progress})
    emit({"event": "done", "total": len(entries)})


main()
