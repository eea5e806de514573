"""Read and write the sessions of AGCodex: `from agcx_format import open_store`.

Names are imported when they are first asked for, so that a program pays only for what it uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agcx_format.codec.json import from_json, to_json  # noqa: F401
    from agcx_format.errors import *  # noqa: F403
    from agcx_format.exporting.session_json import from_session_json  # noqa: F401
    from agcx_format.model.fields import *  # noqa: F403
    from agcx_format.model.items import *  # noqa: F403
    from agcx_format.model.session import *  # noqa: F403
    from agcx_format.model.timestamps import Timestamp, ns_of, to_datetime  # noqa: F401
    from agcx_format.session.lazy import SessionFile  # noqa: F401
    from agcx_format.session.source import MessageSource  # noqa: F401
    from agcx_format.session.whole import read_session, write_session  # noqa: F401
    from agcx_format.store.backend import CompressionLevel, SessionStorage, StorageBackend  # noqa: F401
    from agcx_format.store.store import Store, open_store  # noqa: F401

_HOME = {
    "agcx_format.errors": """PersistenceError InvalidMagic UnsupportedVersion CorruptData
        BincodeDecodeError MessagePackDecodeError CompressionError SessionNotFound
        FileClosed AmbiguousSession StaleSession InvalidCheckpoint IndexCorrupted LockFailed
        StoreNotWritable UndoConflict NothingToUndo ConversionError""",
    "agcx_format.session.whole": "read_session write_session",
    "agcx_format.session.lazy": "SessionFile",
    "agcx_format.codec.json": "from_json to_json",
    "agcx_format.exporting.session_json": "from_session_json",
    "agcx_format.session.source": "ListSource MessageSource PENDING",
    "agcx_format.store.backend": "CompressionLevel SessionStorage SessionStore StorageBackend",
    "agcx_format.store.store": "ScanEntry Store open_store",
    "agcx_format.store.acts.manifest": "Act",
    "agcx_format.model.new": "NewSession new_message new_session",
    "agcx_format.model.timestamps": "Timestamp ns_of to_datetime",
    "agcx_format.model.fields": "Float32",
    "agcx_format.model.items": """ContentItem ContentPart ExecAction FileContext FunctionCall
        FunctionCallOutput InputImage InputText Item LocalShellCall LocalShellStatus Message
        MessageMetadata MessageSnapshot Other OutputText PlainText Reasoning ReasoningContent ReasoningText
        ReasoningWithoutContent
        ResponseItem SummaryText ToolCallMetadata UnknownItem""",
    "agcx_format.model.session": """AstIndexState Checkpoint CheckpointMetadata ConversationContext
        ConversationSnapshot EmbeddingCacheState FilterSettings OperatingMode SessionIndex
        SessionMetadata SessionState""",
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'agcx_format' has no attribute {name!r}")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
