"""What is remembered for a person, and the configuration, may hold any value: the program starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st

from agcx_tui.app import themes
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.keys import usable
from agcx_tui.app.keys.conflicts import key_problems
from agcx_tui.core.local.choices import Remembered
from agcx_tui.core.local.config_file import load as load_config
from agcx_tui.core.local.reading_positions import ReadingPositions
from tests.slow.fuzz.wrong_values import NOT_REGULAR, Tree, as_json, wrong


def positions(folder: Path) -> object:
    kept = ReadingPositions(folder)
    found = kept.load("a", "/a")
    kept.save("b", "/b", None)
    kept.forget(["c"])
    return found


def choices(folder: Path) -> object:
    kept = Remembered(folder)
    kept.change(sort="title")
    return kept.choices


@pytest.mark.parametrize(
    ("name", "value", "use"),
    [
        (
            "positions.json",
            {"version": 1, "entries": [{"session": "a", "path": "/a", "message": 3, "row": 1}]},
            positions,
        ),
        (
            "choices.json",
            {
                "version": 1, "theme": "agcx-dark", "preview": "right", "share_right": 0.5,
                "share_below": 0.4, "sort": "size", "descending": True,
            },
            choices,
        ),
    ],
)  # fmt: skip
def test_what_is_remembered_wrongly_is_not_remembered(tmp_path, fuzzing, name, value, use):
    def check(trees: list[Tree]) -> None:
        (tmp_path / name).write_bytes(as_json(trees[0]))
        use(tmp_path)

    check([value])
    fuzzing(check, wrong([value]), examples=150)


CONFIG = """theme = "agcx-dark"
preview = "right"
sort = "accessed"
descending = true
mouse = true
time_zone = "Europe/Berlin"
[keys]
list.down = "down,j"
"""
TOML = [
    "1", "-1", "1e400", "nan", "true", '""', "[]", "{}", "1979-05-27", '"\\u0000"', '"../../etc"', '"UTC"',
    '["a", 1]', '"' + "a" * 5000 + '"', "{a.b.c = 1}", '"Europe"', "9" * 400, "[[[[1]]]]", '"\\U0010ffff"',
]  # fmt: skip


def test_a_configuration_of_wrong_values_is_told(tmp_path, fuzzing, monkeypatch):
    path = tmp_path / "config.toml"

    def check(text: str) -> None:
        path.write_text(text, encoding="utf-8")
        config, problems = load_config(path)
        keys, refused = usable.usable(config)
        said = [
            *problems,
            *themes.problems(config),
            *refused,
            *key_problems(AgcxApp, keys, config.place),
        ]
        assert all(isinstance(each, str) for each in said)

    lines = CONFIG.splitlines()
    at = st.integers(0, len(lines) - 1)

    def changed(number: int, value: str, copies: int) -> str:
        name = lines[number].partition("=")[0]
        new = f"{name}= {value}" if "=" in lines[number] else f"keys = {value}"
        return "\n".join([*lines[:number], *[new] * copies, *lines[number + 1 :]])

    check(CONFIG)
    check("[keys]\n" + ".".join("a" * 1_200) + " = 1")
    check("keys." * 1_200 + "a = 1")
    fuzzing(check, st.builds(changed, at, st.sampled_from(TOML), st.integers(0, 2)), examples=150)


@pytest.mark.parametrize("make", NOT_REGULAR)
def test_what_is_no_regular_file_in_the_place_of_any_of_them_is_none(tmp_path, make):
    for name in ("positions.json", "choices.json", "config.toml"):
        make(tmp_path / name)
    assert positions(tmp_path) is None
    choices(tmp_path)
    assert load_config(tmp_path / "config.toml")[1] != []
