"""The program's own directories are those that `platformdirs` names, whether or not it is asked."""

from __future__ import annotations

import os

import platformdirs
import pytest

from agcx_tui.core.local import paths

VARIABLES = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@pytest.mark.parametrize("home", ["/home/someone", "/home/some one/", "/", "home", "", None])
@pytest.mark.parametrize("named", [None, "", " ", "/x/y", "/x//y/", "x", "~/x", "./x"])
def test_they_are_those_of_platformdirs(monkeypatch, home, named):
    for variable, value in [("HOME", home), *((each, named) for each in VARIABLES)]:
        if value is None:
            monkeypatch.delenv(variable, raising=False)
        else:
            monkeypatch.setenv(variable, value)
    monkeypatch.delenv("AGCX_CONFIG", raising=False)
    assert (
        paths.config_file(os.environ)
        == platformdirs.user_config_path("agcx", False) / "config.toml"
    )
    assert paths.state_directory() == platformdirs.user_state_path("agcx", False)
    assert paths.cache_directory() == platformdirs.user_cache_path("agcx", False)
