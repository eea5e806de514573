"""Read and write the sessions of AGCodex: `.agcx` files, one by one or a store of them.

>>> from agcx_format import InputText, Message, new_message, new_session, open_store
>>> question = new_message(Message(None, "user", [InputText("Why is the build red?")]))
>>> session = new_session(title="Red build", model="gpt-5", messages=[question])
>>> store = open_store(directory)
>>> store.save_session(session.metadata.id, *session)
>>> [metadata.title for metadata in store.list_sessions()]
['Red build']
>>> with store.open_session(session.metadata.id) as opened:
...     for message in opened:  # decoded one by one, however large the file
...         print(type(message.item).__name__, message.metadata.edited)
Message False

Import names one by one: `from agcx_format import *` gives none of them.

The public names, by area; `help(agcx_format.Store)` explains one of them.  Everything else may change.

stores
    open_store Store SessionEditor SessionStorage SessionStore StorageBackend CompressionLevel
    ScanEntry Act
one file
    SessionFile read_session write_session MessageSource ListSource Pending PENDING SectionPlace
    listed
sessions
    new_session initial_state Session SessionMetadata ConversationSnapshot
    ConversationContext SessionState FilterSettings OperatingMode ModeHistory
    Checkpoint CheckpointMetadata SessionIndex AstIndexState EmbeddingCacheState Float32
messages
    new_message MessageSnapshot MessageMetadata FileContext ToolCallMetadata
    Item: Message Reasoning LocalShellCall FunctionCall FunctionCallOutput Other UnknownItem
        ReasoningWithoutContent; ResponseItem, those that the Rust crate reads
    in them: ContentPart ContentItem InputText InputImage OutputText ReasoningContent ReasoningText
        PlainText SummaryText ExecAction LocalShellStatus
time
    Timestamp ns_of to_datetime
JSON
    to_json to_plain from_json from_session_json
errors of files and stores, all of them a PersistenceError
    InvalidMagic UnsupportedVersion CorruptData BincodeDecodeError MessagePackDecodeError
    CompressionError SessionNotFound AmbiguousSession StaleSession FileClosed InvalidCheckpoint
    IndexCorrupted LayoutCannotHold LockFailed LockHeld StoreNotWritable SavedNotListed
    UndoConflict NothingToUndo ConversionError

Packages for more:

agcx_format.aio         a store for asyncio
agcx_format.transcript  what an item says: its text, its tool calls, safe for a screen
agcx_format.search      full-text search over a store
agcx_format.exporting   Markdown, HTML, text, JSON, transcripts for Codex and Claude Code
agcx_format.importing   conversations of Codex, Claude Code, and other agents
agcx_format.redaction   find secrets and replace them
agcx_format.doctor      verify and repair
agcx_format.space       where the bytes go, and rules for cleaning up
agcx_format.store       the trash, edits, backups, copies, and names of files
agcx_format.catalog     what a list remembers of a store
agcx_format.disk        durable writes
agcx_format.processes   work in other processes, on all cores

Changes:

0.1.0   The first version: both layouts, checkpoints and the index; acts with undo.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import on_demand

if TYPE_CHECKING:
    from agcx_format.codec.json import from_json as from_json
    from agcx_format.codec.json import to_json as to_json
    from agcx_format.codec.json import to_plain as to_plain
    from agcx_format.errors import AmbiguousSession as AmbiguousSession
    from agcx_format.errors import BincodeDecodeError as BincodeDecodeError
    from agcx_format.errors import CompressionError as CompressionError
    from agcx_format.errors import ConversionError as ConversionError
    from agcx_format.errors import CorruptData as CorruptData
    from agcx_format.errors import FileClosed as FileClosed
    from agcx_format.errors import IndexCorrupted as IndexCorrupted
    from agcx_format.errors import InvalidCheckpoint as InvalidCheckpoint
    from agcx_format.errors import InvalidMagic as InvalidMagic
    from agcx_format.errors import LayoutCannotHold as LayoutCannotHold
    from agcx_format.errors import LockFailed as LockFailed
    from agcx_format.errors import LockHeld as LockHeld
    from agcx_format.errors import MessagePackDecodeError as MessagePackDecodeError
    from agcx_format.errors import NothingToUndo as NothingToUndo
    from agcx_format.errors import PersistenceError as PersistenceError
    from agcx_format.errors import SavedNotListed as SavedNotListed
    from agcx_format.errors import SessionNotFound as SessionNotFound
    from agcx_format.errors import StaleSession as StaleSession
    from agcx_format.errors import StoreNotWritable as StoreNotWritable
    from agcx_format.errors import UndoConflict as UndoConflict
    from agcx_format.errors import UnsupportedVersion as UnsupportedVersion
    from agcx_format.exporting.json_document import from_session_json as from_session_json
    from agcx_format.layout.base import SectionPlace as SectionPlace
    from agcx_format.model.fields import Float32 as Float32
    from agcx_format.model.items import ContentItem as ContentItem
    from agcx_format.model.items import ContentPart as ContentPart
    from agcx_format.model.items import ExecAction as ExecAction
    from agcx_format.model.items import FileContext as FileContext
    from agcx_format.model.items import FunctionCall as FunctionCall
    from agcx_format.model.items import FunctionCallOutput as FunctionCallOutput
    from agcx_format.model.items import InputImage as InputImage
    from agcx_format.model.items import InputText as InputText
    from agcx_format.model.items import Item as Item
    from agcx_format.model.items import LocalShellCall as LocalShellCall
    from agcx_format.model.items import LocalShellStatus as LocalShellStatus
    from agcx_format.model.items import Message as Message
    from agcx_format.model.items import MessageMetadata as MessageMetadata
    from agcx_format.model.items import MessageSnapshot as MessageSnapshot
    from agcx_format.model.items import Other as Other
    from agcx_format.model.items import OutputText as OutputText
    from agcx_format.model.items import PlainText as PlainText
    from agcx_format.model.items import Reasoning as Reasoning
    from agcx_format.model.items import ReasoningContent as ReasoningContent
    from agcx_format.model.items import ReasoningText as ReasoningText
    from agcx_format.model.items import ReasoningWithoutContent as ReasoningWithoutContent
    from agcx_format.model.items import ResponseItem as ResponseItem
    from agcx_format.model.items import SummaryText as SummaryText
    from agcx_format.model.items import ToolCallMetadata as ToolCallMetadata
    from agcx_format.model.items import UnknownItem as UnknownItem
    from agcx_format.model.new import initial_state as initial_state
    from agcx_format.model.new import new_message as new_message
    from agcx_format.model.new import new_session as new_session
    from agcx_format.model.session import AstIndexState as AstIndexState
    from agcx_format.model.session import Checkpoint as Checkpoint
    from agcx_format.model.session import CheckpointMetadata as CheckpointMetadata
    from agcx_format.model.session import ConversationContext as ConversationContext
    from agcx_format.model.session import ConversationSnapshot as ConversationSnapshot
    from agcx_format.model.session import EmbeddingCacheState as EmbeddingCacheState
    from agcx_format.model.session import FilterSettings as FilterSettings
    from agcx_format.model.session import ModeHistory as ModeHistory
    from agcx_format.model.session import OperatingMode as OperatingMode
    from agcx_format.model.session import Session as Session
    from agcx_format.model.session import SessionIndex as SessionIndex
    from agcx_format.model.session import SessionMetadata as SessionMetadata
    from agcx_format.model.session import SessionState as SessionState
    from agcx_format.model.timestamps import Timestamp as Timestamp
    from agcx_format.model.timestamps import ns_of as ns_of
    from agcx_format.model.timestamps import to_datetime as to_datetime
    from agcx_format.session.lazy import SessionFile as SessionFile
    from agcx_format.session.listed import listed as listed
    from agcx_format.session.source import PENDING as PENDING
    from agcx_format.session.source import ListSource as ListSource
    from agcx_format.session.source import MessageSource as MessageSource
    from agcx_format.session.source import Pending as Pending
    from agcx_format.session.whole import read_session as read_session
    from agcx_format.session.whole import write_session as write_session
    from agcx_format.store.acts.manifest import Act as Act
    from agcx_format.store.backend import SessionStorage as SessionStorage
    from agcx_format.store.backend import SessionStore as SessionStore
    from agcx_format.store.backend import StorageBackend as StorageBackend
    from agcx_format.store.compression import CompressionLevel as CompressionLevel
    from agcx_format.store.editing import SessionEditor as SessionEditor
    from agcx_format.store.entries import ScanEntry as ScanEntry
    from agcx_format.store.store import Store as Store
    from agcx_format.store.store import open_store as open_store

_HOMES = {
    "codec.json": "from_json to_json to_plain",
    "errors": """AmbiguousSession BincodeDecodeError CompressionError ConversionError CorruptData
        FileClosed IndexCorrupted InvalidCheckpoint InvalidMagic LayoutCannotHold LockFailed LockHeld
        MessagePackDecodeError NothingToUndo PersistenceError SavedNotListed SessionNotFound
        StaleSession StoreNotWritable UndoConflict UnsupportedVersion""",
    "exporting.json_document": "from_session_json",
    "layout.base": "SectionPlace",
    "model.fields": "Float32",
    "model.items": """ContentItem ContentPart ExecAction FileContext FunctionCall FunctionCallOutput
        InputImage InputText Item LocalShellCall LocalShellStatus Message MessageMetadata
        MessageSnapshot Other OutputText PlainText Reasoning ReasoningContent ReasoningText
        ReasoningWithoutContent ResponseItem SummaryText ToolCallMetadata UnknownItem""",
    "model.new": "initial_state new_message new_session",
    "model.session": """AstIndexState Checkpoint CheckpointMetadata ConversationContext ConversationSnapshot
        EmbeddingCacheState FilterSettings ModeHistory OperatingMode Session SessionIndex SessionMetadata
        SessionState""",
    "model.timestamps": "Timestamp ns_of to_datetime",
    "session.lazy": "SessionFile",
    "session.listed": "listed",
    "session.source": "ListSource MessageSource PENDING Pending",
    "session.whole": "read_session write_session",
    "store.acts.manifest": "Act",
    "store.backend": "SessionStorage SessionStore StorageBackend",
    "store.compression": "CompressionLevel",
    "store.editing": "SessionEditor",
    "store.entries": "ScanEntry",
    "store.store": "Store open_store",
}

__version__ = "0.1.0"

# No `__all__`: `help()` would print every class in full, where the page above says what there is.
if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
