import pytest

from app.errors import SettingsError
from app.settings import Settings


def test_a_password_may_hold_colons():
    assert Settings.from_flags(auth="me:a:b").auth == ("me", "a:b")
    assert Settings.from_flags(auth=None).auth is None


@pytest.mark.parametrize("auth", ["", "me", "me:", ":secret"])
def test_half_a_login_is_refused(auth):
    with pytest.raises(SettingsError, match="--auth wants USER:PASSWORD"):
        Settings.from_flags(auth=auth)


@pytest.mark.parametrize("port", [-1, 65536])
def test_impossible_ports_are_refused(port):
    with pytest.raises(SettingsError, match="port"):
        Settings.from_flags(auth=None, port=port)
