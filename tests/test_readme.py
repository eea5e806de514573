"""The README is run: its examples, its commands, its pictures."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from agcx_format.importing import agents
from agcx_tui.cli import agcx
from agcx_tui.demo import build_demo_store
from tests.support import ROOT

README = (ROOT / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_examples_run_on_a_real_store(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    build_demo_store(tmp_path / ".agcodex" / "history")
    for example in blocks("python"):
        exec(compile(example, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "Fix the grid layout gpt-5-codex" in printed
    assert "cannot be read:" in printed
    assert "LocalShellCall" in printed
    assert "Is it green now?" in (tmp_path / "session.md").read_text("utf-8")


def test_every_command_of_the_table_exists_with_its_options():
    rows = re.findall(r"^\| `agcx ([a-z]+)([^`|]*)` \|(.*)\|$", README, re.MULTILINE)
    assert {name for name, _, _ in rows} == set(agcx.places) - {"browse"}
    for name, rest, does in rows:
        words = [name, *rest.split()[:1]] if name == "import" else [name]
        if words[0] == "import":
            words[1:] = {"AGENT": ["codex"], "PATH…": ["paths"]}.get(rest.strip(), [])
        shown = CliRunner().invoke(agcx, [*words, "--help"]).output
        for option in re.findall(r"`(--[a-z]+)", does):
            assert option in shown


def test_every_agent_is_in_the_table_with_its_tag():
    rows = re.findall(r"^\| `([a-z]+)` \| `([a-z-]+)` \| `~/", README, re.MULTILINE)
    assert rows == [(agent.name, agent.tag) for agent in agents()]


def test_what_ci_runs_is_the_test_command_of_the_readme():
    command, working = [block.strip() for block in blocks("sh") if "pytest" in block]
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert command in lines
    checks = [line for line in lines if line.startswith((".venv/bin/ruff", ".venv/bin/mypy"))]
    assert len(checks) >= 2
    for check in checks:
        assert check in re.split(r" && |\n", working)


def test_what_is_installed_comes_from_this_directory_as_no_index_has_it():
    program = "".join(path.read_text("utf-8") for path in (ROOT / "agcx_tui").rglob("*.py"))
    for text in (README, program):
        assert not re.search(r"(pip|pipx|uv tool) install (-\w+ )?['\"]?agcx", text)
    assert set(re.search(r"'\.\[(.*?)\]'", README)[1].split(",")) == {"mcp", "pictures"}


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_what_it_links_to_is_there(target):
    assert (ROOT / target).exists()
