"""What a program put in the person's place is named in plain words."""

from __future__ import annotations

import pytest

from agcx_format.transcript import injected_summary


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("<command-name>/clear</command-name>\n  <command-args></command-args>", ("command", "/clear")),
        (
            "<command-message>review</command-message>\n<command-name>/review</command-name>\n"
            "<command-args>the dam</command-args>",
            ("command", "/review the dam"),
        ),
        ("<local-command-stdout>Set.\nMore</local-command-stdout>", ("command output", "Set.")),
        ("<local-command-stdout></local-command-stdout>", ("command output", "(none)")),
        ("<bash-input>git status</bash-input>", ("command", "! git status")),
        ("<bash-stdout></bash-stdout><bash-stderr>fatal: no</bash-stderr>", ("command output", "fatal: no")),
        ("<turn_aborted>\n  <reason>interrupted</reason>\n</turn_aborted>", ("interrupted", "by the person")),
        ("<turn_aborted>\n  <reason>replaced</reason>\n</turn_aborted>", ("interrupted", "")),
        ("<environment_context>\n<cwd>/w</cwd>", None),
        ("<command-message>review</command-message>", None),
        ("<local-command-stdout>" + "x" * 9_000, ("command output", "x" * 4_074)),
        ("plain words", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_block_is_named_by_what_it_is(text, summary):
    assert injected_summary(text) == summary
