import subprocess
import sys

import pytest


def python(*arguments):
    return subprocess.run([sys.executable, *arguments], capture_output=True, encoding="utf-8", timeout=60, check=False)


@pytest.mark.parametrize("command", [[], ["propose"], ["evaluate"]])
def test_help_explains_without_loading_the_networks(command):
    code = (
        "import sys; sys.argv = ['trainers', *sys.argv[1:], '--help']\n"
        "from trainers.cli import main\n"
        "try: main()\n"
        "finally: print('LOADED', {'torch', 'cv2', 'numpy', 'freesolo.proposers'} & set(sys.modules))\n"
    )
    done = python("-c", code, *command)
    assert done.returncode == 0
    assert "LOADED set()" in done.stdout
    assert "mask" in done.stdout


def test_the_parent_of_the_workers_loads_no_torch():
    done = python("-c", "import sys, trainers.commands.propose; print('torch' in sys.modules)")
    assert done.stdout == "False\n"


def test_no_command_shows_the_help():
    done = python("-m", "trainers")
    assert "Commands" in done.stdout + done.stderr


@pytest.mark.parametrize(("module", "last"), [("ray", ""), ("another", "the interpreter's end\n")])
def test_a_process_that_ray_was_in_ends_at_once_with_its_code(module, last):
    """Ray's threads outlive its shutdown and crash an interpreter that ends."""
    code = (
        "import atexit, sys, types\n"
        "from trainers.cli import main\n"
        "sys.modules[sys.argv.pop(1)] = types.ModuleType('it')\n"
        'atexit.register(print, "the interpreter\'s end")\n'
        "main()\n"
    )
    done = python("-c", code, module, "propose", "no-such-folder", "--out", "nothing.jsonl")
    assert (done.returncode, done.stdout) == (2, last)
