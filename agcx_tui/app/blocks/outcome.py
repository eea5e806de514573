"""What came of a tool call: its text, whether it went well, and how long it took.

Strategy: agents wrote this down in several ways, in the message's own metadata, in a JSON envelope
around the output, or in lines before it.  All are tried, the more exact first; what none of them
says is not guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import msgspec

from agcx_format.model.items import FunctionCallOutput, MessageSnapshot

__all__ = ["Outcome", "outcome_of", "seconds_text"]

# A JSON envelope larger than this is shown as it is: taking it apart would stop the screen.
_ENVELOPE = 4 * 1024 * 1024

_header = re.compile(
    r"(?:(?:Exit code|Wall time|Chunk ID|Process exited with code|Process running with session ID"
    r"|Original token count|Total output lines)\b[^\n]*\n)+Output:\n?"
)
_code = re.compile(r"^(?:Exit code:|Process exited with code) *(-?\d+)", re.M)
_seconds = re.compile(r"^Wall time: *([\d.]+) *s", re.M)
_refused = re.compile(r"failed in sandbox .{0,80}?exit code: (-?\d+)")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`ok` is None when nothing says how it went; `seconds` likewise."""

    text: str = ""
    ok: bool | None = None
    code: int | None = None
    seconds: float | None = None
    error: str | None = None

    @property
    def word(self) -> str:
        """`ok`, `exit 1`, `failed`, or nothing."""
        if self.code:
            return f"exit {self.code}"
        return {True: "ok", False: "failed", None: ""}[self.ok]


def outcome_of(call: MessageSnapshot | None, answer: MessageSnapshot | None) -> Outcome:
    """From a call, its output, or both."""
    found = Outcome()
    if answer is not None and isinstance(answer.item, FunctionCallOutput):
        found = _from_text(answer.item.output)
    for message in (answer, call):
        if message is not None and message.metadata.tool_calls:
            noted = message.metadata.tool_calls[0]
            seconds = noted.execution_time_ms / 1000
            return replace(
                found,
                ok=noted.success if found.ok is None else found.ok,
                seconds=(seconds or None) if found.seconds is None else found.seconds,
                error=noted.error,
            )
    return found


def _from_text(output: str) -> Outcome:
    if output.startswith('{"') and len(output) <= _ENVELOPE:
        found = _from_envelope(output)
        if found is not None:
            return found
    match = _header.match(output)
    if match is not None:
        code, seconds = _code.search(match[0]), _seconds.search(match[0])
        number = int(code[1]) if code else None
        return Outcome(
            output[match.end() :],
            None if number is None else number == 0,
            number,
            _number(seconds[1]) if seconds else None,
        )
    if refused := _refused.match(output):
        return Outcome(output, False, int(refused[1]))
    return Outcome(output)


def _from_envelope(output: str) -> Outcome | None:
    """`{"output": …, "metadata": {"exit_code": …, "duration_seconds": …}}`."""
    try:
        value = msgspec.json.decode(output)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(value, dict) or not isinstance(value.get("output"), str):
        return None
    facts = value.get("metadata")
    facts = facts if isinstance(facts, dict) else {}
    code, seconds = facts.get("exit_code"), facts.get("duration_seconds")
    code = code if isinstance(code, int) and not isinstance(code, bool) else None
    return Outcome(value["output"], None if code is None else code == 0, code, _number(seconds))


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def seconds_text(seconds: float | None) -> str:
    """`0.1 s`, `12 s`, `3 min 5 s`, `2 h 10 min`; nothing for less than a tenth of a second."""
    if seconds is None or not 0.05 <= seconds < 1e9:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
