"""What an item of a conversation says to a person: its text, its tool calls, made safe for a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.transcript.escaping import safe_line as safe_line
    from agcx_format.transcript.escaping import safe_text as safe_text
    from agcx_format.transcript.folding import Needle as Needle
    from agcx_format.transcript.folding import fold as fold
    from agcx_format.transcript.title import short_title as short_title
    from agcx_format.transcript.tools import (
        TELLING as TELLING,
    )
    from agcx_format.transcript.tools import (
        Call as Call,
    )
    from agcx_format.transcript.tools import (
        CallOutcome as CallOutcome,
    )
    from agcx_format.transcript.tools import (
        Output as Output,
    )
    from agcx_format.transcript.tools import (
        read_call as read_call,
    )
    from agcx_format.transcript.tools import (
        read_output as read_output,
    )
    from agcx_format.transcript.words import (
        genuine_user_text as genuine_user_text,
    )
    from agcx_format.transcript.words import (
        own_words as own_words,
    )
    from agcx_format.transcript.words import (
        text_of as text_of,
    )

_HOMES = {
    "escaping": "safe_line safe_text",
    "folding": "Needle fold",
    "title": "short_title",
    "tools": "Call CallOutcome Output TELLING read_call read_output",
    "words": "genuine_user_text own_words text_of",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
