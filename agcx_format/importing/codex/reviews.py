"""The text of a review, which Codex keeps as data of the event that ends it."""

from __future__ import annotations

from typing import Any

from agcx_format.importing.fields import as_text

__all__ = ["review_in"]


def review_in(event: dict[str, Any]) -> str:
    """What the review says: the summary, then each finding with its place; empty if it says nothing."""
    output = event.get("review_output")
    if not isinstance(output, dict):
        return ""
    whole = as_text(output.get("overall_explanation")).strip()
    verdict = as_text(output.get("overall_correctness")).strip()
    found = output.get("findings")
    findings = list(filter(None, map(_finding, found))) if isinstance(found, list) else []
    if not (whole or findings):
        return ""
    first = f"Review: {verdict}" if verdict else "Review"
    return "\n\n".join(filter(None, [first, whole, *findings]))


def _finding(finding: Any) -> str:
    if not isinstance(finding, dict):
        return ""
    title, body = (as_text(finding.get(name)).strip() for name in ("title", "body"))
    return "\n".join(filter(None, [f"- {title}" if title else "", _place(finding), body]))


def _place(finding: dict[str, Any]) -> str:
    match finding.get("code_location"):
        case {
            "absolute_file_path": str(path),
            "line_range": {"start": int(first), "end": int(last)},
        }:
            return f"{path}:{first}-{last}"
        case {"absolute_file_path": str(path)}:
            return path
    return ""
