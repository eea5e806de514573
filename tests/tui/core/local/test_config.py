"""The configuration: what is clear holds, what is wrong is said with its place, nothing is fatal."""

from __future__ import annotations

import tomllib
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agcx_format.search import DEFAULT_CAP
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.keys.conflicts import key_problems
from agcx_tui.cli import agcx
from agcx_tui.core.local.choices import Choices, Remembered
from agcx_tui.core.local.config import Config
from agcx_tui.core.local.config_file import load
from agcx_tui.core.local.settings import SETTINGS, default_file
from agcx_tui.core.words.actions import documented
from agcx_tui.demo import build_demo_store
from tests.support import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def written(path: Path, text: str) -> tuple[Config, list[str]]:
    """What a file with this text says; without the file itself, which a configuration keeps for errors."""
    path.write_text(text)
    config, problems = load(path)
    return replace(config, path="", text=""), problems


def test_without_a_file_all_is_as_it_suits(tmp_path):
    assert load(tmp_path / "config.toml") == (Config(), [])


def test_every_setting_is_read(tmp_path):
    text = "".join(f"{setting.name} = {setting.example}\n" for setting in SETTINGS)
    text += '[keys]\nlist.down = ["x", "ctrl+n"]\n"list.up" = "?, y"\n'
    config, problems = written(tmp_path / "config.toml", text)
    assert problems == []
    assert config == Config(
        theme="agcx-dark",
        preview="right",
        sort="accessed",
        descending=True,
        columns=("project", "tags", "model", "messages", "size"),
        favorites_first=False,
        group="none",
        mouse=True,
        time_zone="Europe/Berlin",
        search_index=True,
        search_largest="2GB",
        keys={"list.down": "x,ctrl+n", "list.up": "?,y"},
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("preview = 'left'", "line 2: preview: it takes one of right, below, hidden"),
        ("preview = ['right']", "line 2: preview: it takes one of right, below, hidden"),
        ("sort = 1", "line 2: sort: it takes one of accessed, "),
        ("mouse = 'no'", "line 2: mouse: it takes true or false"),
        ("theme = 3", "line 2: theme: it takes a text in quotes"),
        ("time_zone = 'Mars/Base'", "line 2: time_zone: it takes the name of a time zone"),
        ("time_zone = '../etc'", "line 2: time_zone: it takes the name of a time zone"),
        ("colour = 1", "line 2: colour: no such setting; the settings are theme, preview, "),
        ("[keys]\nlist.down = 7", "line 3: keys.list.down: it takes keys such as"),
        ("[keys]\nlist.down = ''", "line 3: keys.list.down: it takes keys such as"),
        ("[keys]\nlist.down = 'F1'", "line 3: keys.list.down: it takes keys such as"),
        ("[search]\nindex = 1", "line 3: search.index: it takes true or false"),
        (
            "search.largest = 'much'",
            'line 2: search.largest: it takes a size such as "500MB" or "2GB"',
        ),
        ("search.index = 'no'", "line 2: search.index: it takes true or false"),
        ("[search]\nbook = 1", "line 3: search.book: no such setting; the settings are theme, "),
        ("search = 3", "line 2: search: no such setting"),
        ("keys = 3", "line 2: keys: no such setting"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_the_rest_holds(tmp_path, text, said):
    path = tmp_path / "config.toml"
    config, problems = written(path, f"descending = false\n{text}\n")
    assert config == Config(descending=False)
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}: {said}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"theme = 'x'\nsort = \n", "(at line 2, column 8); none of it is used"),
        (b"theme = '\xff'", "not UTF-8"),
        (b"a = " + b"[" * 50_000, "none of it is used"),
        (b"#" * 2_000_000, "too large"),
        (b"a = " + b"9" * 10_000, "none of it is used"),
    ],
)
def test_a_file_that_is_no_configuration_is_said_to_be_none(tmp_path, content, said):
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    config, (problem,) = load(path)
    assert config == Config()
    assert said in problem


def test_a_folder_in_its_place_is_said(tmp_path):
    assert load(tmp_path) == (Config(), [f"{tmp_path}: is a directory"])


@given(st.dictionaries(st.sampled_from([s.name for s in SETTINGS] + ["keys", "x"]), st.text()))
def test_whatever_the_values_there_is_a_configuration(tmp_path_factory, values):
    import json

    text = "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())
    assert isinstance(written(tmp_path_factory.mktemp("c") / "c", text)[0], Config)


def test_the_printed_file_changes_nothing_and_without_its_signs_repeats_what_is(tmp_path):
    path = tmp_path / "config.toml"
    text = default_file(path, documented())
    assert tomllib.loads(text) == {"search": {}, "sync": {}, "keys": {}}
    config, problems = written(
        path, "\n".join(line[2:] if " = " in line else line for line in text.splitlines())
    )
    assert problems == []
    assert config.search_bytes == DEFAULT_CAP
    assert dict(config.keys) == {k: keys for k, (keys, _) in documented().items()}
    assert key_problems(AgcxApp, config.keys) == []


def test_the_readme_names_every_setting():
    for setting in SETTINGS:
        assert f"`{setting.name}`" in README


def test_names_of_keys_that_are_none_and_keys_that_are_taken_are_said():
    found = key_problems(AgcxApp, {"list.dwon": "x", "list.down": "k"})
    assert found == [
        "keys.list.dwon: no such name; agcx config lists them",
        "keys: k no longer means up",
    ]
    # What is bound by what a screen is built on counts as well.
    assert key_problems(AgcxApp, {"browser.sort": "f2"}) == [
        "keys: f2 no longer means rename in place"
    ]
    assert key_problems(AgcxApp, {"list.up": "x", "list.down": "x,ctrl+n"}) == [
        "keys: x cannot mean both list.down and list.up"
    ]
    # A list that takes a key leaves none of it to the screen around it, nor to the program.
    assert key_problems(AgcxApp, {"list.down": "q"}) == [
        "keys: q no longer means back",
        "keys: q no longer means quit",
    ]
    assert key_problems(AgcxApp, {"list.down": "t", "list.up": "]"}) == []
    assert key_problems(AgcxApp, {"list.up": "down,j", "list.down": "up,k"}) == []
    # So is what has the focus, with the screen around it.
    assert key_problems(AgcxApp, {"list.down": "x", "browser.favorite": "x"}) == [
        "keys: x cannot mean both browser.favorite and list.down"
    ]
    assert key_problems(AgcxApp, {"transcript.down": "Z", "browser.favorite": "Z"}) == []


# --- the commands


def run(*words: str):
    return CliRunner().invoke(agcx, list(words))


def test_config_prints_where_the_file_is_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("AGCX_CONFIG", str(tmp_path / "mine.toml"))
    assert run("config", "--path").output == f"{tmp_path / 'mine.toml'}\n"
    monkeypatch.delenv("AGCX_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert "agcx" in run("config", "--path").output


def test_config_prints_every_setting_and_tells_what_is_wrong_with_the_file(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    path.write_text(
        "sort = 1\ntheme = 'dusk'\n"
        "[keys]\nlist.nothing = 'x'\nlist.up = 'not_a_key'\nlist.down = 'F1'\n"
    )
    monkeypatch.setenv("AGCX_CONFIG", str(path))
    result = run("config")
    assert result.exit_code == 1
    assert '# preview = "right"' in result.stdout
    assert '# list.down = "down,j"' in result.stdout
    assert "line 1: sort" in result.stderr
    assert "line 2: theme: there is no 'dusk'" in result.stderr
    assert "line 4: keys.list.nothing: no such name" in result.stderr
    assert "line 5: keys.list.up: there is no key not_a_key" in result.stderr
    assert "line 6: keys.list.down: it takes keys such as" in result.stderr
    assert "write f1" in result.stderr


def test_times_are_shown_in_the_zone_that_is_wished(tmp_path, monkeypatch):
    import time

    store, path = tmp_path / "history", tmp_path / "config.toml"
    build_demo_store(store, now=1_732_449_600 * 1_000_000_000)
    path.write_text("time_zone = 'Asia/Kathmandu'\n")
    monkeypatch.setenv("AGCX_CONFIG", str(path))
    monkeypatch.setenv("TZ", "UTC")
    try:
        run("list", "--store", str(store))
        assert datetime.now().astimezone().utcoffset().total_seconds() == 5.75 * 3600
    finally:
        monkeypatch.undo()
        time.tzset()


# --- what the program remembers by itself


def test_choices_are_there_the_next_time(tmp_path):
    first = Remembered(tmp_path / "state")
    assert first.change(sort="title", descending=False, share_right=0.4)
    first.keep()
    assert not first.change(sort="title")
    assert (tmp_path / "state" / "choices.json").stat().st_mode & 0o077 == 0
    again = Remembered(tmp_path / "state").choices
    assert again == Choices(sort="title", descending=False, share_right=0.4)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b'{"version":2,"sort":"title"}', b'{"version":1,"sort":"shoe"}',
        b'{"version":1,"preview":"left"}', b'{"version":1,"share_right":7}',
        b'{"version":1,"theme":[]}', b"[" * 60_000, b" " * 100_000,
    ],
)  # fmt: skip
def test_choices_that_are_not_ours_count_as_none(tmp_path, content):
    (tmp_path / "choices.json").write_bytes(content)
    assert Remembered(tmp_path).choices == Choices()


def test_without_a_place_to_keep_them_choices_last_as_long_as_the_program(tmp_path):
    (tmp_path / "file").write_text("")
    there = Remembered(tmp_path / "file" / "state")
    assert there.change(sort="size")
    there.keep()
    assert there.choices.sort == "size"
    nowhere = Remembered(None)
    assert not nowhere.change(sort="size")
    assert nowhere.choices.sort == "size"
