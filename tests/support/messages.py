"""Messages made for the tests of the transcript, and an app that shows a source."""

from __future__ import annotations

from uuid import UUID

from textual.app import App, ComposeResult

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    MessageMetadata,
    MessageSnapshot,
    OutputText,
    Reasoning,
    SummaryText,
    ToolCallMetadata,
)
from agcx_tui.app.widgets.transcript.transcript import Transcript
from tests.support.golden_files import GOLDEN

NOON = 1_764_000_000 * 1_000_000_000


def snapshot(item, second: int = 0, **metadata) -> MessageSnapshot:
    from agcx_format.model.timestamps import Timestamp

    fields = {
        "edited": False, "edit_history": [], "branch_point": False, "branch_id": None,
        "parent_message_id": None, "message_id": UUID(int=0), "file_context": [],
        "tool_calls": [], **metadata,
    }  # fmt: skip
    moment = Timestamp.from_ns(NOON + second * 1_000_000_000)
    return MessageSnapshot(item, moment, 0, MessageMetadata(**fields))


def user(text: str, **more) -> MessageSnapshot:
    return snapshot(Message(None, "user", [InputText(text)]), **more)


def assistant(text: str, **more) -> MessageSnapshot:
    return snapshot(Message(None, "assistant", [OutputText(text)]), **more)


def call(arguments: str, call_id: str = "c1", name: str = "shell", **more) -> MessageSnapshot:
    return snapshot(FunctionCall(None, name, arguments, call_id), **more)


def output(text: str, call_id: str = "c1", **more) -> MessageSnapshot:
    return snapshot(FunctionCallOutput(call_id, text), **more)


def thought(text: str, **more) -> MessageSnapshot:
    return snapshot(Reasoning("r", [SummaryText(text)], None, None), **more)


def tool_call(success: bool, milliseconds: int = 0, error: str | None = None) -> ToolCallMetadata:
    return ToolCallMetadata("shell", milliseconds, success, error)


def golden(name: str) -> str:
    """The path of a golden session of layout 1."""
    for row in (GOLDEN / "v1.tsv").read_text().splitlines():
        if row.split("\t")[0] == name:
            return str(GOLDEN / "v1" / f"{row.split(chr(9))[1]}.agcx")
    raise LookupError(name)


class TranscriptApp(App):
    """Nothing but a transcript of a source."""

    def __init__(self, source, compact: bool = False) -> None:
        super().__init__()
        self.source = source
        self.transcript = Transcript(source, compact=compact)

    def compose(self) -> ComposeResult:
        yield self.transcript


def screen_text(transcript: Transcript) -> list[str]:
    """The rows on the screen, as they are drawn, without the rail."""
    return [transcript.render_line(y).text[2:].rstrip() for y in range(transcript.size.height)]


def turns(count: int) -> list[MessageSnapshot]:
    """Turns of five: a question, a thought, a call with 30 lines of output, an answer."""
    messages = []
    for turn in range(count):
        lines = "\n".join(f"out {turn}.{line}" for line in range(30))
        messages += [
            user(f"question {turn}"),
            thought(f"thinking {turn}\n\nat length"),
            call(f'{{"cmd":"run {turn}"}}', f"c{turn}"),
            output(lines, f"c{turn}"),
            assistant(f"answer {turn}\n\n" + "word " * (turn * 7 % 90)),
        ]
    return messages


def plain_layout(transcript: Transcript) -> list[str]:
    """Every line of every block, which is what the screen is a window onto."""
    view = transcript.viewport
    return [
        view.strip(place).text.rstrip()
        for index in range(len(view.heights))
        for place in view.within(index)
    ]


def assert_window(transcript: Transcript) -> None:
    shown, plain = screen_text(transcript), plain_layout(transcript)
    count = min(len(shown), len(plain))
    starts = [at for at in range(len(plain)) if plain[at : at + count] == shown[:count]]
    assert starts, shown
