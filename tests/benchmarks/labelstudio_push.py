"""How fast masks get into a Label Studio on this machine and back, and how that compares with its SDK.

python tests/benchmarks/labelstudio_push.py [--images 400]

Starts a Label Studio of its own (`make environments`), pushes images of 640x480 with 10 masks each, pulls as many submitted
annotations back, and sends the first images once more through the SDK: its `mask2rle`, its client.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from label_studio_sdk import LabelStudio
from label_studio_sdk.converter.brush import mask2rle

from app.labelstudio import interface, pull, regions
from app.labelstudio.client import Client
from app.labelstudio.interface import Label
from app.labelstudio.push import PushRequest, push
from freesolo.codecs import coco_rle
from tests.environments import LABEL_STUDIO
from tests.integration.helpers import disc, make_case
from tests.integration.server import TOKEN, LabelStudioServer
from tests.ports import free_port

SIZE = (480, 640)
MASKS = 10
SDK_IMAGES = 60


def blobs(seed):
    """(10, 480, 640) bool: masks with wavy outlines, as proposals have them."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    wave = 6 * np.sin(rows / 7) + 6 * np.sin(columns / 9)
    return np.stack(
        [
            disc(*SIZE, rng.integers(60, 420) + wave, rng.integers(60, 580) + wave, rng.integers(25, 90))
            for _ in range(MASKS)
        ]
    )


def sdk_rate(url, case, images):
    """Tasks a second through the SDK, predictions in bulk."""
    ls = LabelStudio(base_url=url, api_key=TOKEN, max_retries=0)
    project = ls.projects.create(title="sdk", label_config=interface.write([Label("object", "#ff0000")]))
    start = time.perf_counter()
    rows = []
    for name in images:
        result = []
        for mask in case.of_image(name):
            [region] = regions.write(regions.PushedMask(mask.id, mask.counts, "object", mask.score), SIZE, "brush")
            region["value"]["rle"] = mask2rle(coco_rle.decode(mask.counts, SIZE).astype(np.uint8) * 255)
            result.append(region)
        rows.append(
            {"data": {"image": name}, "predictions": [{"model_version": "sdk@1", "score": 1.0, "result": result}]}
        )
    ls.projects.import_tasks(id=project.id, request=rows)
    return len(images) / (time.perf_counter() - start)


def submit_all(client, project):
    """Accept every prediction, as pressing Submit on each task does."""
    for task in list(client.tasks(project, fields="all")):
        prediction = task["predictions"][0]
        result = [{**region, "origin": "prediction"} for region in prediction["result"]]
        client.post(f"api/tasks/{task['id']}/annotations/", {"result": result, "parent_prediction": prediction["id"]})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=400)
    number = parser.parse_args().images
    if reason := LABEL_STUDIO.why_not():
        raise SystemExit(reason)
    names = [f"{k:05}.png" for k in range(number)]
    with tempfile.TemporaryDirectory() as folder:
        server = LabelStudioServer(Path(folder), free_port())
        server.start()
        try:
            case = make_case(server.root / "case", {name: (SIZE, blobs(seed)) for seed, name in enumerate(names)})
            with Client(server.url, TOKEN) as client:
                first = push(case.ws, client, PushRequest())
                again = push(case.ws, client, PushRequest())
                submit_all(client, first.project.id)
                start = time.perf_counter()
                back = pull.pull(case.ws, client, pull.PullRequest())
                pulled = time.perf_counter() - start
            sdk = sdk_rate(server.url, case, names[:SDK_IMAGES])
            case.ws.close()
        finally:
            server.stop()
    rate = first.sent / first.seconds
    print(f"push: {first.sent} images of 640x480 with {MASKS} masks in {first.seconds:.1f} s, {rate:.0f} images/s")
    print(f"second push: {again.sent} sent, {again.seconds:.2f} s")
    print(f"pull: {back.images} submitted images in {pulled:.1f} s, {back.images / pulled:.0f} images/s")
    print(f"through the SDK: {sdk:.0f} images/s; ours is {rate / sdk:.1f} times as fast")
    print(json.dumps({"push": rate, "pull": back.images / pulled, "sdk": sdk}))


if __name__ == "__main__":
    main()
