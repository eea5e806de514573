"""The long conversation of the demo: hundreds of messages about one migration after another.

It is generated from a table of migrations and a template for each step, as a script like those in
`sessions/`.
"""

from __future__ import annotations

_ABOUT = """\
+++
title = "Move every migration to the new runner"
model = "gpt-5-codex"
mode = "Build"
age = "9d"
tags = ["sql", "chore"]
directory = "/home/robin/src/shop"
open_files = ["migrations/README.md"]
[[checkpoints]]
name = "first half, all green"
after = 200
description = "Up to and with 0022"
+++

@@ user
The new runner wants one file per migration with `up` and `down`. Move all 44, one at a time. Run
the tests after each and tell me in one sentence what it was. Say so if something is odd.
"""

# What the migrations do: each step is applied to each table.
_TABLES = (
    "customers", "orders", "invoices", "payments", "refunds", "carts", "cart_lines", "addresses",
    "products", "stock", "suppliers",
)  # fmt: skip
_STEPS = (
    ("add", "created_at", "timestamptz NOT NULL DEFAULT now()"),
    ("add", "note", "text"),
    ("index", "created_at", ""),
    ("drop", "legacy_id", ""),
)

_ODD = {
    13: "its `down` drops a column that its `up` never added; now it says `IF EXISTS`",
    27: "it ran `UPDATE` without a transaction; now it has one",
    38: "two statements stood on one line and only the first was run. Since 2021, it seems",
}


def script() -> str:
    """The conversation as a script."""
    steps = [(table, *step) for step in _STEPS for table in _TABLES]
    parts = [_ABOUT]
    for number, (table, verb, column, kind) in enumerate(steps, 1):
        parts.append(_step(number, table, verb, column, kind))
        if number == 22:
            parts.append(_HALF)
    parts.append(_END)
    return "\n".join(parts)


def _step(number: int, table: str, verb: str, column: str, kind: str) -> str:
    name = f"{number:04}_{verb}_{table}_{column}"
    up, down = _sql(table, verb, column, kind)
    seconds = 2 + number % 5 + number * 0.07
    odd = _ODD.get(number)
    thought = "@@ thinking +2s\n" + _capital(odd) + ".\n" if odd else ""
    said = f"`{name}` is moved: {_words(table, verb, column)}."
    if odd:
        said += f" Odd: {odd}."
    return f"""\
@@ call shell +3s
cat migrations/old/{name}.sql

@@ output 0.1s +1s
-- {number:04}
{up}
-- @undo
{down}

{thought}@@ call apply_patch +6s
*** Begin Patch
*** Delete File: migrations/old/{name}.sql
*** Add File: migrations/{name}.py
+\"\"\"{_capital(_words(table, verb, column))}.\"\"\"
+
+up = "{up}"
+down = "{down}"
*** End Patch

@@ output 0.1s +1s
Success. Updated the following files:
A migrations/{name}.py
D migrations/old/{name}.sql

@@ run +2s
pytest -q tests/test_migrations.py -k {number:04}

@@ output {seconds:.1f}s +{round(seconds) + 1}s
{3 + number % 3} passed in {seconds - 0.2:.2f}s

@@ assistant +3s
{said}
"""


def _sql(table: str, verb: str, column: str, kind: str) -> tuple[str, str]:
    if verb == "add":
        return f"ALTER TABLE {table} ADD {column} {kind};", f"ALTER TABLE {table} DROP {column};"
    if verb == "index":
        name = f"{table}_{column}"
        return f"CREATE INDEX {name} ON {table} ({column});", f"DROP INDEX {name};"
    return (
        f"ALTER TABLE {table} DROP {column};",
        f"ALTER TABLE {table} ADD {column} bigint; -- the values are gone",
    )


def _words(table: str, verb: str, column: str) -> str:
    return {
        "add": f"adds `{column}` to {table}",
        "index": f"indexes {table} by `{column}`",
        "drop": f"drops `{column}` from {table}",
    }[verb]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


_HALF = """\
@@ assistant +4s
Half of them are over. Nothing but 0013 was odd so far. Shall I go on?

@@ user +11m
Yes. Commit this half first.

@@ call shell +3s
git add migrations && git commit -m "Move the first 22 migrations to the new runner"

@@ output 0.4s +1s
[main 51d0b7e] Move the first 22 migrations to the new runner
 44 files changed, 220 insertions(+), 154 deletions(-)
"""

_END = """\
@@ run +4s
pytest -q tests/test_migrations.py && rmdir migrations/old

@@ output 41.7s +43s
176 passed in 41.22s

@@ assistant +7s
All 44 are moved, the old directory is gone, **176 tests pass**.

| what             |                                                    |
|------------------|----------------------------------------------------|
| moved as is      | 41                                                 |
| with a change    | 3: `0013`, `0027`, `0038`                          |
| cannot be undone | 11: the `drop` ones, whose values are gone for good |

Please look at `0038` yourself: its second statement has never run in production, and now it would.

@@ user +26m
I have looked: that column is needed nowhere. Leave the statement out, and thank you.

@@ assistant +6s
Left out, with a comment that says why. The tests still pass.
"""
