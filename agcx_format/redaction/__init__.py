"""Find the secrets in a conversation, show them for review, and replace them.

>>> from agcx_format import InputText, Message, new_message, new_session
>>> from agcx_format.redaction import find_in_session, redact
>>> words = "Use the token ghp_" + "0a1B2c3D4e5F6g7H8i" * 2
>>> session = new_session(messages=[new_message(Message(None, "user", [InputText(words)]))])
>>> found = find_in_session(session)
>>> [(each.kind, each.message, each.field) for each in found]
[('github-token', 0, 'item.content[0].text')]
>>> hidden, redaction = redact(session, found)
>>> hidden.conversation.messages[0].item.content[0].text
'Use the token [redacted github-token 1]'

In the sessions of a store, with their checkpoints, `store.content.review` finds secrets and
`store.content.redact` replaces them, as one act that can be undone.

`rules` is the table of what secrets look like, `one_text` finds them in a text, `find` in all texts of a
session, and `replace` puts placeholders in their place. `texts` walks the texts of a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.redaction.find import Find as Find
    from agcx_format.redaction.find import find_in_session as find_in_session
    from agcx_format.redaction.find import find_secrets as find_secrets
    from agcx_format.redaction.one_text import spans as spans
    from agcx_format.redaction.replace import Placeholders as Placeholders
    from agcx_format.redaction.replace import Redaction as Redaction
    from agcx_format.redaction.replace import redact as redact

_HOMES = {
    "find": "Find find_in_session find_secrets",
    "one_text": "spans",
    "replace": "Placeholders Redaction redact",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
