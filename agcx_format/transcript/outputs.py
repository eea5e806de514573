"""Reads a tool's output: the text and pictures without their wrapping, and how the call went.

Strategy: agents wrap output in many ways. It is bare text, text below a header of a few lines, JSON around
a text, or a JSON list of texts and pictures. The item keeps what the agent wrote; these functions return
what a person wants to see. They never fail: output in an unknown form is shown unchanged.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from msgspec.structs import replace

from agcx_format.model.items import InputImage, InputText
from agcx_format.transcript.json_text import decoded_json

__all__ = [
    "CallOutcome", "Output", "failure_reason", "read_outcome", "read_output", "without_images",
]  # fmt: skip

# Output larger than this is not taken apart: parsing it would take noticeable time on every redraw.
_LARGEST_JSON = 16 * 1024 * 1024
# As much of an output as its last line is looked for in, and of that line as a list shows.
_LOOKED_AT = 2000
_LONGEST_REASON = 200
_QUOTE = ord('"')


class CallOutcome(msgspec.Struct, frozen=True, gc=False):
    """How a tool call went; a field is None where that is unknown.

    Fields:
        success: whether it did what it was called for.
        exit_code: of the process.
        seconds: how long it ran.
        error: why it failed, for people; may have several lines.
        status: `in_progress`, `incomplete`, `rejected`, or `aborted`; None once it has ended normally.
    """

    success: bool | None = None
    exit_code: int | None = None
    seconds: float | None = None
    error: str | None = None
    status: str | None = None

    @property
    def word(self) -> str:
        """`ok`, `exit 2`, `failed`, `rejected`, `in progress`, …; empty where nothing is known."""
        if self.exit_code is not None and self.success is not False:
            return f"exit {self.exit_code}" if self.exit_code else "ok"
        if self.exit_code:
            return f"exit {self.exit_code}"
        if self.status is not None:
            return self.status.replace("_", " ")
        return {True: "ok", False: "failed", None: ""}[self.success]


class Output(msgspec.Struct, frozen=True, gc=False):
    """A tool's output without its wrapping.

    Fields:
        text: all that it says, pictures left out.
        outcome: what the wrapping says about the call.
        content: texts and pictures in their order; a single text for most output.
    """

    text: str
    outcome: CallOutcome
    content: tuple[InputText | InputImage, ...]

    @property
    def images(self) -> tuple[InputImage, ...]:
        """The pictures in it."""
        return tuple(part for part in self.content if isinstance(part, InputImage))


# What output says of its call that says nothing.
_UNKNOWN = CallOutcome()
_ENDED = CallOutcome(True, 0)


def read_output(output: str) -> Output:
    """Take the wrapping off a tool's output."""
    if output[:1] in ("{", "[") and (wrapped := _from_json(output)):
        return wrapped
    if header := _header(output):
        rest, outcome = output[header.end() :], _from_header(header[0])
        result = _result_below(rest, outcome)
        return _inside(rest, outcome) if result is None else result
    if refusal := _refusal(output):
        return _plain(output, _refused(output, refusal))
    return _plain(output, _UNKNOWN)


class _Metadata(msgspec.Struct, gc=False):
    exit_code: int | None = None
    duration_seconds: float | None = None


class _Wrapped(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """The form of most output in JSON: a text, which is not needed here, and what is known about the call."""

    output: msgspec.Raw
    metadata: _Metadata


_wrapped = msgspec.json.Decoder(_Wrapped).decode


def _metadata(output: str) -> _Metadata | None:
    """The metadata of output in this form; None if it has another."""
    if len(output) > _LARGEST_JSON:
        return None
    try:
        found = _wrapped(output)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return found.metadata if memoryview(found.output)[0] == _QUOTE else None


def read_outcome(output: str) -> CallOutcome:
    """What `read_output` says about the call, without the text and the pictures."""
    if output[:1] == "{":
        if (usual := _metadata(output)) is not None:
            return _outcome(usual.exit_code, _duration(usual.duration_seconds))
        found = _parsed(output)
        if isinstance(found, dict):
            metadata = found.get("metadata")
            if len(found) == 2 and isinstance(metadata, dict) and type(found.get("output")) is str:
                return _from_metadata(metadata)
            if "content" in found:
                return read_output(output).outcome
        return _UNKNOWN
    if output[:1] == "[":
        return _UNKNOWN
    if header := _header(output):
        outcome = _from_header(header[0])
        result = _result_below(output[header.end() :], outcome)
        return outcome if result is None else result.outcome
    refusal = _refusal(output)
    return _refused(output, refusal) if refusal else _UNKNOWN


def without_images(output: str) -> str:
    """The same output, still wrapped, without the pictures in it."""
    if not read_output(output).images:
        return output
    if header := _header(output):
        return header[0] + without_images(output[header.end() :])
    match _parsed(output):
        case {"output": str(text), **others}:
            return _json({"output": without_images(text), **others})
        case {"content": list(parts), **others}:
            return _json({"content": _texts(parts), **others})
        case list(parts):
            return _json(_texts(parts))
    return output


def _texts(parts: list[Any]) -> list[Any]:
    """The parts that are no pictures, of parts that are all known."""
    return [part for part in parts if not any(map(_is_image, _content([part]) or ()))]


def _is_image(part: InputText | InputImage) -> bool:
    return isinstance(part, InputImage)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(text: str, outcome: CallOutcome) -> Output:
    return Output(text, outcome, (_text_part(text),) if text else ())


_text_part = InputText.unchecked


def _inside(text: str, outcome: CallOutcome) -> Output:
    """Text below a header or in an envelope, which may be a list of parts itself."""
    parts = _content(_parsed(text)) if text[:1] == "[" else None
    return _plain(text, outcome) if parts is None else _from_parts(parts, outcome)


def _result_below(text: str, outcome: CallOutcome) -> Output | None:
    """An MCP result below a header, with how long it took; None if it is that of a command.

    A command's header says how it ended, and what the command printed is not changed.
    """
    if text[:1] != "{" or outcome.exit_code is not None or outcome.status is not None:
        return None
    found = _from_result(_parsed(text))
    if found is None:
        return None
    return replace(found, outcome=replace(found.outcome, seconds=outcome.seconds))


def _from_parts(parts: list[InputText | InputImage], outcome: CallOutcome) -> Output:
    text = "\n".join(part.text for part in parts if isinstance(part, InputText))
    return Output(text, outcome, tuple(parts))


def failure_reason(outcome: CallOutcome, output: Output | None) -> str:
    """Why a call failed, on one line; empty if nothing says it.

    That is the error, or if that is only an exit code, the last line of the output.
    """
    if outcome.error and outcome.exit_code is None:
        return outcome.error.strip().split("\n", 1)[0][:_LONGEST_REASON]
    end = output.text[-_LOOKED_AT:].rstrip() if output is not None else ""
    return end.rpartition("\n")[2].strip()[:_LONGEST_REASON]


# --- headers and refusals

# The header is a few short lines before `Output:`; a longer text that happens to hold the word is not one.
_header = re.compile(
    r"(?:(?:Chunk ID|Exit code|Wall time|Original token count|Total output lines"
    r"|Process (?:exited|running) with|Command:)[^\n]{0,1000}\n){1,8}Output:(?:\n|\Z)"
).match
_exit_code = re.compile(r"^(?:Exit code:|Process exited with code) *(-?\d{1,10})", re.MULTILINE)
_wall_time = re.compile(r"^Wall time: *(\d{1,12}(?:\.\d+)?) *s", re.MULTILINE)
_running = re.compile(r"^Process running with", re.MULTILINE).search

# What agents say when the tool did not run at all, or was stopped.
_refusal = re.compile(
    r"failed in sandbox|execution error:|exec(?:_command)? failed|failed to parse function arguments"
    r"|unsupported call:|(?P<rejected>(?:patch|exec command) rejected|rejected by user"
    r"|The user doesn't want to (?:proceed with this tool use|take this action right now)"
    r"|The user (?:rejected permission to use this specific tool call|dismissed this question)"
    r"|(?:\[Operation Cancelled\] Reason: )?User did not allow tool call|User declined to answer"
    r"|The tool call is rejected by the user)"
    r"|(?P<aborted>aborted(?: by user)?\b)|command timed out|apply_patch verification failed"
    r"|tool call error:|error: (?:invalid (?:hunk|patch)|Failed to (?:find (?:expected lines|context)"
    r"|(?:read|write|delete) file))"
).match
_sandbox_code = re.compile(r"failed in sandbox .{0,80}?exit code: (-?\d{1,10})").match


def _from_header(header: str) -> CallOutcome:
    code, time = _exit_code.search(header), _wall_time.search(header)
    seconds = _duration(float(time[1])) if time else None
    outcome = _outcome(int(code[1]) if code else None, seconds)
    if not code and _running(header):
        return replace(outcome, status="in_progress")
    return outcome


def _refused(output: str, refusal: re.Match[str]) -> CallOutcome:
    code = _sandbox_code(output)
    return CallOutcome(
        success=False,
        exit_code=int(code[1]) if code else None,
        error=output.lstrip()[:200].split("\n", 1)[0].rstrip(),
        status=next((name for name, found in refusal.groupdict().items() if found), None),
    )


def _outcome(code: int | None, seconds: float | None) -> CallOutcome:
    if code == 0 and seconds is None:
        return _ENDED
    error = f"exit code {code}" if code else None
    return CallOutcome(None if code is None else code == 0, code, seconds, error)


def _from_metadata(metadata: dict[str, Any]) -> CallOutcome:
    code = metadata.get("exit_code")
    code = code if type(code) is int else None
    return _outcome(code, _duration(metadata.get("duration_seconds")))


def _duration(seconds: Any) -> float | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 <= seconds < 1e12 else None


# --- JSON


def _from_json(output: str) -> Output | None:
    """An envelope, a list of parts, or an MCP result; None for other JSON and for text."""
    found = _parsed(output)
    if isinstance(found, list):
        content = _content(found)
        return None if content is None else _from_parts(content, _UNKNOWN)
    if isinstance(found, dict) and len(found) == 2:
        # Most are these; patterns would take twice the time.
        text, metadata = found.get("output"), found.get("metadata")
        if isinstance(text, str) and isinstance(metadata, dict):
            return _inside(text, _from_metadata(metadata))
    return _from_result(found)


def _from_result(value: Any) -> Output | None:
    """An MCP result; None for anything else."""
    match value:
        case {"content": list(parts), **others} if others.keys() <= _MCP_FIELDS:
            if (content := _content(parts)) is None:
                return None
            found = _from_parts(content, _UNKNOWN)
            if others.get("isError", others.get("is_error")) is not True:
                return found
            error = found.text.lstrip()[:200].split("\n", 1)[0].rstrip() or None
            return replace(found, outcome=CallOutcome(success=False, error=error))
    return None


# What a result of the Model Context Protocol may hold beside its content.
_MCP_FIELDS = frozenset(
    {"isError", "is_error", "structuredContent", "structured_content", "_meta", "meta"}
)


def _parsed(text: str) -> Any:
    """The JSON value; None for text that is not JSON, or is too large to take apart."""
    try:
        return decoded_json(text)
    except ValueError:
        return None


def _content(parts: Any) -> list[InputText | InputImage] | None:
    """Texts and pictures, if every part is one of these and there is at least one."""
    if not isinstance(parts, list) or not parts:
        return None
    content: list[InputText | InputImage] = []
    for part in parts:
        match part:
            case {"type": "text" | "input_text" | "output_text", "text": str(text)}:
                content.append(InputText(text))
            case {"type": "resource", "resource": {"text": str(text)}}:
                content.append(InputText(text))
            case {"type": "resource_link", "uri": str(uri)}:
                content.append(InputText(uri))
            case {"type": "input_image" | "image_url", "image_url": str(url) | {"url": str(url)}}:
                content.append(InputImage(url))
            case {"type": "image", "data": str(data)}:
                content.append(_image(data, part.get("mimeType", part.get("mime_type"))))
            case {"type": "image", "source": {"type": "base64", "data": str(data), **source}}:
                content.append(_image(data, source.get("media_type")))
            case {"type": "image", "source": {"url": str(url)}}:
                content.append(InputImage(url))
            case _:
                return None
    return content


def _image(data: str, media_type: Any) -> InputImage:
    kind = media_type if isinstance(media_type, str) and media_type else "image/png"
    return InputImage(f"data:{kind};base64,{data}")
