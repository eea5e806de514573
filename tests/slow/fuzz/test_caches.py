"""Caches that are whole by their checksums and wrong in what they say do not keep the program from starting.

A file that the program wrote is taken apart, one of its values is replaced, and it is put together again
with checksums that are right.  It counts as one that is not there, or what it says is shown until
the store is read.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
import pytest
from hypothesis import strategies as st

from agcx_format.catalog import HistoryCache, history_cache
from agcx_format.catalog import file as catalog_module
from agcx_format.catalog.file import Catalog
from agcx_format.disk.checked_frames import framed
from agcx_format.space import measure_cache
from agcx_format.space.measure import Stats, gather
from agcx_format.space.measure_cache import StatsCache
from agcx_format.store.store import open_store
from agcx_tui.app import themes
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.keys import usable
from agcx_tui.app.keys.conflicts import key_problems
from agcx_tui.app.startup import first_paint
from agcx_tui.core.local import page_file
from agcx_tui.core.local.choices import Remembered
from agcx_tui.core.local.config_file import load as load_config
from agcx_tui.core.local.paths import Location, catalogs, histories, measures
from agcx_tui.core.local.reading_positions import ReadingPositions
from agcx_tui.core.words import acts, format, storage_report
from tests.support.browsing import SIZE, browser, demo_copy, scanned
from tests.support.entries import NOW_SECONDS
from tests.support.many_acts import repeat_last_act

# What may stand where another value stood: all kinds, and of each what is at a bound or beyond it.
HOSTILE = [
    None, True, -1, 0, 1, 3, 255, 2**31, 2**63 - 1, -(2**63), 2**64 - 1, float("nan"), float("inf"), -1e300,
    "", "a", "\0", "../..", "é" * 3000, "\n\x1b[31m", b"", b"\0", b"\xff" * 7, b"x" * 4096, b"/", b"a/b",
    b"..",
    [], [[]], [None], [b"a", 1], {}, {"a": 1}, {0: b"a"}, {-1: b"a"}, {2**40: b"a"},
]  # fmt: skip
Tree = Any


def places(tree: Tree, above: tuple = ()) -> Iterator[tuple]:
    """The way to every value in it."""
    yield above
    parts = (
        tree.items()
        if isinstance(tree, dict)
        else enumerate(tree)
        if isinstance(tree, list)
        else ()
    )
    for key, value in parts:
        yield from places(value, (*above, key))


def replaced(tree: Tree, way: tuple, value: Tree) -> Tree:
    if not way:
        return value
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    copy[way[0]] = replaced(copy[way[0]], way[1:], value)
    return copy


@st.composite
def wrong(draw: st.DrawFn, trees: list[Tree]) -> list[Tree]:
    """The same with one or two values replaced, cut, or made longer."""
    trees = list(trees)
    for _ in range(draw(st.integers(1, 2))):
        number = draw(st.integers(0, len(trees) - 1))
        way = draw(st.sampled_from(list(places(trees[number]))))
        was = trees[number]
        for key in way:
            was = was[key]
        others = st.sampled_from(HOSTILE)
        if isinstance(was, bytes | str | list) and was:
            others |= st.sampled_from([was[:-1], was + was, was[:0], was[::-1]])
        if isinstance(was, bytes) and len(was) >= 8:
            # A number in an array.
            number_at = draw(st.integers(0, len(was) // 8 - 1)) * 8
            odd = draw(
                st.sampled_from(
                    [b"\xff" * 8, b"\0" * 8, b"\xff" * 7 + b"\x7f", b"\0" * 7 + b"\x80"]
                )
            )
            others |= st.just(was[:number_at] + odd + was[number_at + 8 :])
        trees[number] = replaced(trees[number], way, draw(others))
    return trees


def frames(data: bytes, at: int) -> list[Tree]:
    """The values of a cache file's frames, which begin at `at`; what is no value is bytes."""
    found = []
    while at < len(data):
        length, _ = struct.unpack_from("<II", data, at)
        found.append(data[at + 8 : at + 8 + length])
        at += 8 + length
    return found


def put_together(magic: bytes, payloads: list[bytes]) -> bytes:
    return magic + b"".join(map(framed, payloads))


@pytest.fixture(scope="module")
def used(tmp_path_factory) -> tuple[Path, Path]:
    """A store, and the cache directory of a browser that has shown it."""
    folder = tmp_path_factory.mktemp("caches")
    store, cache = demo_copy(folder / "history"), folder / "cache"
    entries = list(open_store(store).scan())
    from agcx_format.catalog import Columns, Opening

    columns = Columns()
    rows = [columns.put(entry) for entry in entries]
    columns.set_opening(rows[0], Opening("some words", "/src"))
    Catalog(catalogs(cache), store).save(columns, rows)
    list(StatsCache(measures(cache), store).gather(entries))
    return store, cache


def test_a_catalog_of_wrong_values_is_shown_or_is_none(used, fuzzing):
    store, cache = used
    path = Catalog(catalogs(cache), store).path
    good = path.read_bytes()
    magic = catalog_module.MAGIC
    trees = [msgspec.msgpack.decode(part) for part in frames(good, len(magic))]
    tried = {"shown": 0}

    def check(values: list[Tree]) -> None:
        path.write_bytes(put_together(magic, list(map(msgspec.msgpack.encode, values))))
        screen = browser(store, cache=cache).get_default_screen()
        table = screen.table
        tried["shown"] += bool(table.order)
        for row in table.order:
            for fact in (
                table.title,
                table.model,
                table.tags,
                table.mode,
                table.id,
                table.directory,
            ):
                fact(row)
            for name in ("accessed", "updated", "created"):
                format.age(table.date(row, name), NOW_SECONDS * 1_000_000)
            format.size(table.size(row))
            format.number(table.messages(row))
            format.ratio(table.ratio(row))
            if (error := table.error(row)) is not None:
                format.short_reason(error)
        for key in ("title", "size", "ratio", "messages", "created"):
            table.sort_by(key)
        catalog = Catalog(catalogs(cache), store)
        catalog.load()
        catalog.forget([])

    try:
        check(trees)
        assert tried["shown"]
        fuzzing(check, wrong(trees), examples=250)
    finally:
        path.write_bytes(good)
    assert tried["shown"] > 10


# One of each kind that is shown: wrong totals, dates beyond all calendars, sizes, names, errors.
@pytest.mark.parametrize("seed", range(4))
def test_the_browser_starts_on_a_catalog_of_wrong_values(used, tmp_path, seed):
    store, cache = used
    path = Catalog(catalogs(cache), store).path
    good = path.read_bytes()
    magic = catalog_module.MAGIC
    head, page = (msgspec.msgpack.decode(part) for part in frames(good, len(magic)))
    count, arrays = page[0], page[1]
    wide = (2**63 - 1).to_bytes(8, "little")
    odd = [
        [[head[0], 2**31, 2**31, 2**62, 0], page],
        [
            head,
            replaced(
                page, (1,), arrays | dict.fromkeys(("accessed", "updated", "created"), wide * count)
            ),
        ],
        [
            head,
            replaced(
                page, (1,), arrays | {"sizes": b"\xff" * 8 * count, "messages": b"\xff" * 8 * count}
            ),
        ],
        [head, replaced(page, (8,), {0: ["ValueError", b"\xff", None, -1, True, 2**63, -1]})],
    ][seed]
    path.write_bytes(put_together(magic, list(map(msgspec.msgpack.encode, odd))))

    async def start() -> None:
        async with browser(store, cache=cache).run_test(size=SIZE) as pilot:
            await scanned(pilot)

    try:
        asyncio.run(start())
    finally:
        path.write_bytes(good)


def test_measures_of_wrong_values_are_told_or_taken_again(used, fuzzing):
    store, cache = used
    kept = StatsCache(measures(cache), store)
    good = kept.path.read_bytes()
    magic = measure_cache.MAGIC
    first, *others = frames(good, len(magic))
    trees = [msgspec.msgpack.decode(part) for part in others]
    entries = list(open_store(store).scan())

    def check(values: list[Tree]) -> None:
        kept.path.write_bytes(put_together(magic, [first, *map(msgspec.msgpack.encode, values)]))
        found = list(kept.gather(entries))
        assert {each.path for each in found} == {each.path for each in gather(entries)}
        stats = Stats()
        for file in found:
            stats.add(file)
        for section in storage_report.sections(stats):
            for line in section.lines:
                storage_report.bar(line.amount, section.largest)
                format.size(line.amount)
        storage_report.headline(stats)

    try:
        check(trees)
        fuzzing(check, wrong(trees), examples=60)
    finally:
        kept.path.write_bytes(good)


def test_a_history_of_wrong_values_is_shown_or_is_none(tmp_path, fuzzing):
    store = demo_copy(tmp_path / "history")
    opened = open_store(store)
    opened.delete([next(entry for entry in opened.scan() if entry.metadata)])
    repeat_last_act(store, 540)
    kept = HistoryCache(tmp_path / "cache", store)
    before = kept.log()
    kept.save()
    good = kept.path.read_bytes()
    magic = history_cache.MAGIC
    first, second = frames(good, len(magic))
    rows = msgspec.msgpack.decode(second)
    # A few, so that what is replaced is often one of their values.
    few = dict(list(rows.items())[:3])
    ids = [act.id for act in before]

    def check(values: list[Tree]) -> None:
        encoded = msgspec.msgpack.encode(values[0])
        kept.path.write_bytes(put_together(magic, [first, encoded]))
        log = kept.log()
        assert [act.id for act in log] == ids
        for act in log:
            acts.describe(act)
            acts.titles_of(act)
            acts.state_of(act)
        kept.trash()
        kept.save()

    check([rows])
    check([few])
    manifest = json.loads(next(iter(few.values()))[1])

    def with_manifest(trees: list[Tree]) -> list[Tree]:
        name, (inode, _) = next(iter(few.items()))
        return [{**few, name: [inode, as_json(trees[0])]}]

    fuzzing(check, wrong([few]) | wrong([manifest]).map(with_manifest), examples=60)


def test_a_page_of_wrong_values_is_painted_or_is_none(used, tmp_path, monkeypatch, fuzzing):
    store, _ = used
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((80, 3)))
    path = page_file.page_path(tmp_path / "agcx", store)
    session = next(str(each) for each in store.glob("*.agcx"))
    depends = page_file.conditions((80, 3), os.environ, first_paint_config())
    lines = [page_file.Line(f"a{page_file.AGE}b", 1_700_000_000_000_000, session)] * 2
    page_file.save(path, str(store), depends, [*lines, page_file.Line("keys")])
    good = Path(path).read_bytes().partition(b"\n")[2]
    location = Location(store, (store,))
    assert first_paint.page(location)

    def check(body: bytes) -> None:
        Path(path).write_bytes(f"{page_file.MAGIC} {crc32(body):08x}\n".encode() + body)
        found = first_paint.page(location)
        assert found is None or len(found) == 3

    head, _, rows = good.rpartition(b"\n" + depends.encode() + b"\n")
    odd = st.sampled_from(
        [b"\x1f", b"\n", b"\0", b"9" * 30, b"-" + b"9" * 25, b"1" * 5000, b"\xff", b"", b"/"]
    )
    where = st.integers(0, len(rows))
    change = st.builds(
        lambda at, until, put: rows[: min(at, until)] + put + rows[max(at, until) :],
        where,
        where,
        odd,
    )
    fuzzing(
        check,
        change.map(lambda changed: head + b"\n" + depends.encode() + b"\n" + changed),
        examples=200,
    )


def first_paint_config() -> Path:
    from agcx_tui.core.local.paths import config_file

    return config_file(os.environ)


def positions(folder: Path) -> object:
    kept = ReadingPositions(folder)
    found = kept.load("a", "/a")
    kept.save("b", "/b", None)
    kept.forget(["c"])
    return found


def choices(folder: Path) -> object:
    kept = Remembered(folder)
    kept.change(sort="title")
    return kept.choices


@pytest.mark.parametrize(
    ("name", "value", "use"),
    [
        (
            "positions.json",
            {"version": 1, "entries": [{"session": "a", "path": "/a", "message": 3, "row": 1}]},
            positions,
        ),
        (
            "choices.json",
            {
                "version": 1, "theme": "agcx-dark", "preview": "right", "share_right": 0.5,
                "share_below": 0.4, "sort": "size", "descending": True,
            },
            choices,
        ),
    ],
)  # fmt: skip
def test_what_is_remembered_wrongly_is_not_remembered(tmp_path, fuzzing, name, value, use):
    def check(trees: list[Tree]) -> None:
        (tmp_path / name).write_bytes(as_json(trees[0]))
        use(tmp_path)

    check([value])
    fuzzing(check, wrong([value]), examples=150)


def as_json(tree: Tree) -> bytes:
    text = json.dumps(tree, default=lambda data: data.decode("latin-1"), skipkeys=True)
    return text.encode("utf-8", "surrogatepass")


CONFIG = """theme = "agcx-dark"
preview = "right"
sort = "accessed"
descending = true
mouse = true
time_zone = "Europe/Berlin"
[keys]
list.down = "down,j"
"""
TOML = [
    "1", "-1", "1e400", "nan", "true", '""', "[]", "{}", "1979-05-27", '"\\u0000"', '"../../etc"', '"UTC"',
    '["a", 1]', '"' + "a" * 5000 + '"', "{a.b.c = 1}", '"Europe"', "9" * 400, "[[[[1]]]]", '"\\U0010ffff"',
]  # fmt: skip


def test_a_configuration_of_wrong_values_is_told(tmp_path, fuzzing, monkeypatch):
    path = tmp_path / "config.toml"

    def check(text: str) -> None:
        path.write_text(text, encoding="utf-8")
        config, problems = load_config(path)
        keys, refused = usable.usable(config)
        said = [
            *problems,
            *themes.problems(config),
            *refused,
            *key_problems(AgcxApp, keys, config.place),
        ]
        assert all(isinstance(each, str) for each in said)

    lines = CONFIG.splitlines()
    at = st.integers(0, len(lines) - 1)

    def changed(number: int, value: str, copies: int) -> str:
        name = lines[number].partition("=")[0]
        new = f"{name}= {value}" if "=" in lines[number] else f"keys = {value}"
        return "\n".join([*lines[:number], *[new] * copies, *lines[number + 1 :]])

    check(CONFIG)
    check("[keys]\n" + ".".join("a" * 1_200) + " = 1")
    check("keys." * 1_200 + "a = 1")
    fuzzing(check, st.builds(changed, at, st.sampled_from(TOML), st.integers(0, 2)), examples=150)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: os.symlink("/dev/zero", path), os.mkdir])
def test_what_is_no_regular_file_in_the_place_of_any_of_them_is_none(
    used, tmp_path, monkeypatch, make
):
    store, _ = used
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache = tmp_path / "cache" / "agcx"
    page = page_file.page_path(cache, store)
    there = [
        Catalog(catalogs(cache), store).path,
        StatsCache(measures(cache), store).path,
        HistoryCache(histories(cache), store).path,
        Path(page),
    ]
    there += [tmp_path / "positions.json", tmp_path / "choices.json", tmp_path / "config.toml"]
    for path in there:
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
    assert Catalog(catalogs(cache), store).load() is None
    assert len(list(StatsCache(measures(cache), store).gather(open_store(store).scan()))) == 15
    assert HistoryCache(histories(cache), store).log() == []
    assert page_file.load(page, str(store), "x") is None
    assert (positions(tmp_path), load_config(there[-1])[1] != []) == (None, True)
    choices(tmp_path)
