"""Find the secrets in a conversation, show them for review, and replace them.

`rules` is the table of what secrets look like, `one_text` finds them in a text, `find` in all texts of a
session, and `replace` puts placeholders in their place. `texts` walks the texts of a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.redaction.find import (
        Find as Find,
    )
    from agcx_format.redaction.find import (
        find_in_session as find_in_session,
    )
    from agcx_format.redaction.find import (
        find_secrets as find_secrets,
    )
    from agcx_format.redaction.one_text import (
        spans as spans,
    )
    from agcx_format.redaction.replace import (
        Placeholders as Placeholders,
    )
    from agcx_format.redaction.replace import (
        Redaction as Redaction,
    )
    from agcx_format.redaction.replace import (
        redact as redact,
    )

_HOMES = {
    "find": "Find find_in_session find_secrets",
    "one_text": "spans",
    "replace": "Placeholders Redaction redact",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
