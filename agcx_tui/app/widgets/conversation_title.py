"""The first line of a conversation: its title, and as many facts as fit."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from agcx_format.transcript import safe_line
from agcx_tui.core.conversation.subject import Conversation
from agcx_tui.core.words import format

__all__ = ["title_line"]


def title_line(conversation: Conversation, width: int) -> tuple[Content, str]:
    """The texts at the left and the right of a line of `width` cells."""
    data, checkpoint = conversation.metadata, conversation.checkpoint
    star = "★ " if data.is_favorite else ""
    title = star + (safe_line(data.title).strip() or "(no title)")
    messages, size = (
        data.message_count,
        format.size(conversation.size + conversation.checkpoint_bytes),
    )
    if checkpoint is not None:
        name = safe_line(checkpoint.name).strip() or "(no name)"
        title = f"◆ Checkpoint “{name}” of {title}"
        messages, size = conversation.source.known(), ""
    # 0 where the writer did not count turns.
    is_counted = checkpoint is None and data.turn_count > 0
    turns = format.counted(data.turn_count, "turn") if is_counted else ""
    mode = format.unusual_mode(data.current_mode.value)
    model = safe_line(format.known_model(data.model))
    facts = [model, mode, format.counted(messages, "message"), turns, size]
    # The title takes precedence: facts are left out by rank.
    for leaving in (None, turns, mode, size, model):
        facts = [fact for fact in facts if fact and fact != leaving]
        right = " · ".join(facts)
        if cell_len(f"{title}    {right}") <= width:
            break
    return Content.styled(title, "bold $foreground"), right
