"""Messages are gone through to the last one, whoever reads them."""

from __future__ import annotations

from agcx_tui.core.conversation.find_message import all_messages
from tests.support.messages import user


class ReadByAnother:
    """A source of which another thread reads the rest just when it is asked whether that is done."""

    def __init__(self, messages: list) -> None:
        self._messages = messages
        self._known = 2
        self.error = None

    def known(self) -> int:
        return self._known

    @property
    def complete(self) -> bool:
        self._known = len(self._messages)
        return True

    def read_more(self) -> bool:
        return False

    def get(self, index: int):
        return self._messages[index]

    def size_of(self, index: int) -> int:
        return 100

    def sizes(self, start: int, stop: int) -> list[int]:
        return [100] * (stop - start)


def test_none_is_left_out_where_another_thread_reads_the_last_ones():
    messages = [user(f"message {number}") for number in range(5)]
    assert [found for _, found in all_messages(ReadByAnother(messages))] == messages
