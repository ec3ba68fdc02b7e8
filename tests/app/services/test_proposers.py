import subprocess
import sys

import pytest

from app.errors import SettingsError
from app.services.proposers import known
from freesolo.proposers import available


def test_every_registered_name_is_known():
    assert {known(name) for name in available()} == set(available()) >= {"union", "default", "solo", "fast", "paper"}


@pytest.mark.parametrize(
    "name", ["os:getcwd", "/models/solo.safetensors", "settings.json", "Default", "", None, ["default"]]
)
def test_code_files_and_anything_else_are_refused(name):
    with pytest.raises(SettingsError, match=r"no proposer called .*; there are: union, default, solo, fast, paper"):
        known(name)


def test_the_names_cost_no_network():
    script = "import sys, app.services.proposers as p; p.known('default'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
