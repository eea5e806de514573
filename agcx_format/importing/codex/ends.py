"""How a call of a tool of Codex went, as an event says when it ends."""

from __future__ import annotations

from typing import Any

from agcx_format.importing.fields import as_json, as_text, texts_in
from agcx_format.transcript.outputs import CallOutcome

__all__ = ["end_of_item", "outcome_of"]

# How the status of a completed item says whether the call was a success.
_SUCCESS = {"completed": True, "failed": False, "declined": False}


def end_of_item(item: dict[str, Any]) -> CallOutcome:
    """What a completed item says about the call that it was."""
    status, error = _SUCCESS.get(as_text(item.get("status"))), item.get("error")
    words = as_text(error.get("message")) if isinstance(error, dict) else error
    result = {"Ok": item.get("result")} if isinstance(item.get("result"), dict) else None
    given = {"success": status, **item, "result": result, "error": words}
    if status is False:
        given |= {"success": False, "result": None}
    return outcome_of(given)


def outcome_of(payload: dict[str, Any]) -> CallOutcome:
    """What the end of a call says about it."""
    code = payload.get("exit_code")
    code = code if type(code) is int else None
    success, error = _result(payload.get("result"))
    if success is None:
        given = payload.get("success")
        success = given if isinstance(given, bool) else None if code is None else code == 0
    if success is False and not error:
        words = as_text(payload.get("stderr")) or as_text(payload.get("error"))
        error = _first_line(words) or (f"exit code {code}" if code else None)
    return CallOutcome(success, code, _seconds(payload.get("duration")), error)


def _result(result: Any) -> tuple[bool | None, str | None]:
    """Whether the result of an MCP tool is a success, and why not."""
    match result:
        case {"Err": error}:
            return False, _first_line(error if isinstance(error, str) else as_json(error))
        case {"Ok": {"isError": True, **rest}} | {"Ok": {"is_error": True, **rest}}:
            return False, _first_line("\n".join(texts_in(rest.get("content"))))
        case {"Ok": _}:
            return True, None
    return None, None


def _first_line(text: str) -> str | None:
    return text.lstrip()[:200].split("\n", 1)[0].rstrip() or None


def _seconds(duration: Any) -> float | None:
    match duration:
        case {"secs": int(seconds), "nanos": int(nanos)}:
            duration = seconds + nanos / 1e9
        case str(text) if text.endswith("ms") and text[:-2].replace(".", "", 1).isdigit():
            duration = float(text[:-2]) / 1000
        case str(text) if text.endswith("s") and text[:-1].replace(".", "", 1).isdigit():
            duration = float(text[:-1])
    if isinstance(duration, bool) or not isinstance(duration, int | float):
        return None
    return float(duration) if 0 <= duration < 1e12 else None
