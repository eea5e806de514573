"""Sessions that hold secrets, and the secrets."""

from __future__ import annotations

from uuid import UUID

from msgspec.structs import replace

from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import InputText, Message
from agcx_format.model.timestamps import Timestamp

TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
OTHER = "gh" + "p_" + "b1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PASSWORD = "hunter2" + "!x"


def session(*items, title="t", **context):
    draft = ImportDraft(UUID(int=7), Timestamp("2025-08-26T04:12:50.123Z"))
    for number, item in enumerate(items, 1):
        draft.add(item, number)
    made = draft.finish(source=None, agent="", title=title, model="m", tags=[], directory="/src")
    conversation = replace(made.conversation, context=replace(made.conversation.context, **context))
    return made.metadata, conversation, made.state


def said(text: str) -> Message:
    return Message(None, "user", [InputText(text)])
