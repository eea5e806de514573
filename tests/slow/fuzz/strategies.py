"""Values of every type that AGCX files hold, as unkind as the types allow.

Strategy: like the codecs, these are worked out from the schema of `agcx_format.model`, so a field or an
item kind that is added there is fuzzed without a line here.  Numbers and lengths crowd around the
borders at which an encoding takes another form; texts hold what terminals, file systems and
parsers trip over.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

import msgpack
from hypothesis import strategies as st

from agcx_format.model import schema
from agcx_format.model.fields import Float32
from agcx_format.model.items import MessageSnapshot, ReasoningWithoutContent, UnknownItem
from agcx_format.model.session import ConversationSnapshot, SessionMetadata, SessionState
from agcx_format.model.timestamps import Timestamp

# bincode turns from one form to the next at 251 and 65536, MessagePack at 32, 128, 256 and 65536.
_BORDERS = [0, 1, 31, 32, 127, 128, 250, 251, 252, 253, 254, 255, 256, 65_535, 65_536]
_LENGTHS = [31, 32, 250, 251, 255, 256]

_HOSTILE = [
    "",
    "\0",
    "\x1b[2J\x1b]0;title\x07",
    "a\nb\r\nc\td",
    "\x85\u2028\u2029\x9b31m",
    "\u202eright to left\u202c\u2066",
    "\ufeff\u200b\u200d",
    "e\u0301\U0001f469\u200d\U0001f469\u200d\U0001f467",
    "\U0010ffff\ufffe\ud7ff",
    "[red]{}%s$(rm -rf ~)`id`",
    "../../etc/passwd",
    '{"type": "message"}',
    "type",
    "null",
]

texts = st.one_of(
    st.sampled_from(_HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(_LENGTHS).map("x".__mul__),
    st.sampled_from([126, 128, 32_768]).map("é".__mul__),
)

moments = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(Timestamp.from_ns),
    # Whole seconds, thousandths, millionths: each has a shorter form.
    st.tuples(st.integers(-(10**11), 10**11), st.sampled_from([10**9, 10**6, 10**3])).map(
        lambda pair: Timestamp.from_ns(pair[0] * pair[1])
    ),
    st.sampled_from(
        [
            "0000-01-01T00:00:00Z",
            "-0001-12-31T23:59:59.999999999Z",
            "9999-12-31T23:59:59.999Z",
            "+10000-01-01T00:00:00Z",
            "-262143-01-01T00:00:00Z",
            "+262142-12-31T23:59:59.000000001Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T23:59:60.5Z",
            "2024-02-29T00:00:00.1Z",
        ]
    ).map(Timestamp),
).map(str.__str__)

floats = st.one_of(
    st.sampled_from(
        [b"\x00\x00\x00\x00", b"\x80\x00\x00\x00", b"\x00\x00\x00\x01", b"\x7f\x7f\xff\xff",
         b"\x7f\x80\x00\x00", b"\xff\x80\x00\x00", b"\x7f\xc0\x00\x00", b"\x7f\x80\x00\x01",
         b"\xff\xbf\xff\xff", b"\x3f\x80\x00\x00"]
    ),
    st.binary(min_size=4, max_size=4),
).map(Float32)  # fmt: skip

ids = st.one_of(st.uuids(), st.sampled_from([UUID(int=0), UUID(int=2**128 - 1)]))


def whole_numbers(maximum: int) -> st.SearchStrategy[int]:
    borders = [n for n in (*_BORDERS, 2**32 - 1, 2**32, 2**63, 2**64 - 1) if n <= maximum]
    return st.one_of(st.sampled_from(borders), st.integers(0, maximum))


# Anything MessagePack has: what a later version of the Rust code may put into a new kind of item.
_plain = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(),
        texts,
        st.binary(max_size=300),
        st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=20)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(texts, st.integers(0, 9)), inner)
    ),
    max_leaves=8,
)


def _unknown_items(known: frozenset[str]) -> st.SearchStrategy[UnknownItem]:
    tags = texts.filter(lambda tag: tag not in known)
    as_array = st.builds(lambda tag, rest: [tag, *rest], tags, st.lists(_plain, max_size=4))
    as_map = st.builds(
        lambda rest, tag: {**rest, "type": tag},
        st.dictionaries(texts.filter(lambda key: key != "type"), _plain, min_size=1, max_size=4),
        tags,
    )
    return st.one_of(as_array, as_map).map(msgpack.packb).map(UnknownItem)


@cache
def of_shape(shape: schema.Shape, odd: bool) -> st.SearchStrategy[Any]:
    """Values of a shape.

    With `odd` items of unknown kinds are among them, and the reasoning items of three fields that
    Rust writes and does not read.
    """
    match shape:
        case schema.String():
            return texts
        case schema.Bool():
            return st.booleans()
        case schema.Uint(maximum):
            return whole_numbers(maximum)
        case schema.F32():
            return floats
        case schema.Id():
            return ids
        case schema.Time():
            return moments
        case schema.UnitEnum(enum):
            return st.sampled_from(list(enum))
        case schema.Optional(inner):
            return st.none() | of_shape(inner, odd)
        case schema.Sequence(item):
            return st.lists(of_shape(item, odd), max_size=3)
        case schema.Mapping(key, value):
            return st.dictionaries(of_shape(key, odd), of_shape(value, odd), max_size=3)
        case schema.Tuple(items):
            return st.tuples(*[of_shape(item, odd) for item in items])
        case schema.Record(cls, _, fields):
            return st.builds(cls, *[of_shape(field, odd) for _, field in fields])
        case schema.Tagged(variants):
            return _of_variants(variants, odd)


def _of_variants(variants: tuple[schema.Record, ...], odd: bool) -> st.SearchStrategy[Any]:
    kinds = [of_shape(variant, odd) for variant in variants]
    tags = frozenset(variant.tag for variant in variants)
    if odd and "reasoning" in tags:
        # The trap: the same tag with a field less.
        kinds.append(of_shape(schema.record_of(ReasoningWithoutContent), odd))
    if odd and tags & {"message", "input_text"}:
        names = frozenset(variant.cls.variant for variant in variants)
        kinds.append(_unknown_items(tags | names))
    return st.one_of(kinds)


def values(type_: Any, *, odd: bool = True) -> st.SearchStrategy[Any]:
    return of_shape(schema.shape_of(type_), odd)


@st.composite
def sessions(draw: st.DrawFn) -> tuple:
    """Whole sessions, sometimes with many messages."""
    metadata = draw(values(SessionMetadata))
    conversation = draw(values(ConversationSnapshot))
    messages = draw(st.lists(values(MessageSnapshot), max_size=3))
    conversation = ConversationSnapshot(
        conversation.id,
        (conversation.messages + messages) * draw(st.sampled_from([1, 1, 1, 40])),
        conversation.context,
        conversation.mode_history,
    )
    return metadata, conversation, draw(values(SessionState))
