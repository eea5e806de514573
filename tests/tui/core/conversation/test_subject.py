"""A session and a checkpoint of it open alike, and say what they offer."""

from __future__ import annotations

from agcx_format import open_store
from agcx_tui.core.conversation.subject import Offer, open_checkpoint, open_session


def test_a_session_offers_what_a_checkpoint_does_not(store):
    library = open_store(store)
    entry = next(entry for entry in library.scan() if entry.title == "Fix the grid layout")
    session = open_session(entry.path)
    try:
        assert session.offers == set(Offer)
        wanted = library.checkpoints.of(entry)[0]
        checkpoint = open_checkpoint(library, session.metadata, wanted)
        assert checkpoint.checkpoint == wanted.metadata
        assert checkpoint.offers == set()
        assert checkpoint.source.known() == wanted.metadata.message_index
        assert checkpoint.metadata == session.metadata
    finally:
        session.close()
