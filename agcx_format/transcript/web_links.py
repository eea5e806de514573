"""The pages that a web search found, which Claude Code writes as JSON into its text, as a list."""

from __future__ import annotations

import re

from agcx_format.transcript.json_text import decoded_json

__all__ = ["with_list_of_links"]

_links = re.compile(r"^Links: (\[\{.*\}\])$", re.MULTILINE)


def with_list_of_links(text: str) -> str:
    """The text with a Markdown list of titles and addresses for each line of JSON."""
    return _links.sub(_listed, text) if "Links: [{" in text else text


def _listed(match: re.Match[str]) -> str:
    try:
        found = decoded_json(match[1])
    except ValueError:
        return match[0]
    rows = [
        f"- {' '.join(title.split())}: {url}"
        for each in found
        if isinstance(each, dict)
        and isinstance(title := each.get("title"), str)
        and isinstance(url := each.get("url"), str)
    ]
    return "\n".join(rows) if len(rows) == len(found) else match[0]
