"""Caches that are whole by their checksums and wrong in what they say do not keep the program from starting.

A file that the program wrote is taken apart, one of its values is replaced, and it is put together again
with checksums that are right.  It counts as one that is not there, or what it says is shown until
the store is read.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from zlib import crc32

import msgspec
import pytest
from hypothesis import strategies as st

from agcx_format.catalog import HistoryCache, history_cache
from agcx_format.catalog import file as catalog_module
from agcx_format.catalog.file import Catalog
from agcx_format.space import measure_cache
from agcx_format.space.measure import Stats, gather
from agcx_format.space.measure_cache import StatsCache
from agcx_format.store.store import open_store
from agcx_tui.app.startup import first_paint
from agcx_tui.core.local import page_file
from agcx_tui.core.local.paths import Location, catalogs, histories, measures
from agcx_tui.core.words import acts, format, storage_report
from tests.slow.fuzz.wrong_values import (
    NOT_REGULAR,
    Tree,
    as_json,
    frames,
    put_together,
    replaced,
    wrong,
)
from tests.support.browsing import SIZE, browser, demo_copy, scanned
from tests.support.entries import NOW_SECONDS
from tests.support.many_acts import repeat_last_act


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


@pytest.mark.parametrize("make", NOT_REGULAR)
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
    for path in there:
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
    assert Catalog(catalogs(cache), store).load() is None
    assert len(list(StatsCache(measures(cache), store).gather(open_store(store).scan()))) == 15
    assert HistoryCache(histories(cache), store).log() == []
    assert page_file.load(page, str(store), "x") is None
