"""What starts in an instant must not load what takes seconds."""

import subprocess
import sys

SLOW = ("torch", "torchvision", "timm", "sklearn", "skimage", "gradio")


def test_a_jobs_process_and_the_routes_load_nothing_slow():
    code = (
        f"import sys, app.cli, app.jobs.runner, app.web.routes; print([name for name in {SLOW} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
