import pytest

from freesolo.errors import ConfigError
from trainers.errors import UsageError
from trainers.training.contrastive.settings import PretrainSettings, resolve
from trainers.training.yaml_files import to_yaml


def test_defaults_are_the_papers():
    settings = PretrainSettings()
    assert (settings.dense_weight, settings.temperature, settings.momentum) == (0.5, 0.2, 0.999)
    assert settings.for_images(1_000_000, 1).queue == 65_536


def test_small_folders_get_a_queue_of_their_size():
    settings = PretrainSettings(batch=8)
    assert settings.for_images(300, 1).queue == 300
    assert settings.for_images(3, 4).queue == 32  # what one step of all ranks adds
    assert settings.model_copy(update={"queue": 5000}).for_images(300, 1).queue == 5000


def test_flags_go_before_the_file(tmp_path):
    (tmp_path / "s.yaml").write_text("batch: 4\nviews: {size: 64, flip: 0}\n")
    settings = resolve(tmp_path / "s.yaml", {"batch": 6, "views": {"size": 96}})
    assert (settings.batch, settings.views.size, settings.views.flip) == (6, 96, 0)


def test_settings_are_read_back_from_their_file(tmp_path):
    settings = PretrainSettings(batch=5, queue=77)
    (tmp_path / "s.yaml").write_text(to_yaml(settings))
    assert resolve(tmp_path / "s.yaml", {}) == settings


def test_batchnorm_of_a_single_image_is_refused():
    with pytest.raises(ConfigError, match="batch of 2 or more"):
        resolve(None, {"batch": 1})
    assert resolve(None, {"batch": 1, "norm": "frozen"}).batch == 1


def test_unknown_keys_are_told():
    with pytest.raises(ConfigError, match="temprature"):
        resolve(None, {"temprature": 0.1})


@pytest.mark.parametrize(
    ("text", "reason"), [("- 1", "holds no settings"), ("a: [", "not YAML"), (None, "cannot be read")]
)
def test_files_that_are_no_settings_are_told(tmp_path, text, reason):
    if text is not None:
        (tmp_path / "s.yaml").write_text(text)
    with pytest.raises(UsageError, match=reason):
        resolve(tmp_path / "s.yaml", {})
