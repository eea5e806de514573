"""Which part may know of which: the arrows of the design, held by looking at every import.

The library works without a screen, the byte layer without a file, and the command line without
Textual until a screen is to be shown.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support import ROOT

# The folders of the library by floor: each may import from the floors below its own, never sideways.
FLOORS = [
    {"variables"},
    {"errors", "limits", "collecting", "counting", "model", "subagents"},
    {"codec", "disk", "transcript", "redaction", "processes"},
    {"layout", "exporting"},
    {"session"},
    {"store"},
    {"catalog", "space", "importing", "doctor", "search", "aio"},
]
# Those that turn bytes and values into each other, and open nothing.
_NO_FILES = ("model", "codec", "layout", "transcript", "exporting", "redaction")

# What reaches files, beside the builtin `open`.
_FILE_MODULES = {"os", "io", "pathlib", "tempfile", "shutil", "mmap", "fcntl", "subprocess"}


def modules(package: str) -> Iterator[Path]:
    yield from sorted((ROOT / package).rglob("*.py"))


def each_of(paths: Iterable[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """One test of all these modules, which names each that fails: a test for each would be 1,700."""

    def decorate(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            wrong = []
            for path in paths:
                try:
                    check(path)
                except AssertionError as error:
                    wrong.append(f"{path.relative_to(ROOT)}: {error}")
            assert not wrong, "\n".join(wrong)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return decorate


@cache
def imported(path: Path) -> frozenset[str]:
    """The full names of what a module imports, anywhere in it: within functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written out"
            assert node.module
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def string_texts(path: Path) -> Iterator[tuple[int, str]]:
    """The line and text of every string expression; what it does not spell out is a group in it."""
    inner: set[ast.AST] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        # Outer expressions come first.
        if node not in inner and (parts := _parts(node)):
            inner |= set(ast.walk(node))
            texts = [part.value if _is_text(part) else "(?:…)" for part in parts]
            yield node.lineno, "".join(texts)


def _parts(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.JoinedStr(values):
            return values
        case ast.BinOp(left, ast.Add(), right):
            return (_parts(left) or [left]) + (_parts(right) or [right])
    return [node] if _is_text(node) else []


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


# The end of a group, a quantifier, and a plus of its own.
_possessive_group = re.compile(r"(?<![\\(])\)(?:[*+?]|\{\d*,?\d*\})\+").search


def packages(names: Iterable[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


@each_of([*modules("agcx_format")])
def test_the_library_knows_nothing_of_screens(path):
    assert not packages(imported(path)) & {"textual", "rich", "click", "agcx_tui"}


def folder_of(name: str) -> str:
    """The folder, or the module beside them, that a full name of the library leads to."""
    return name.split(".")[1]


def floor_of(folder: str) -> int:
    return next(number for number, floor in enumerate(FLOORS) if folder in floor)


def test_every_folder_of_the_library_has_a_floor():
    folders = {
        path.stem
        for path in (ROOT / "agcx_format").iterdir()
        if not path.name.startswith("_") and path.name != "py.typed"
    }
    assert folders == set().union(*FLOORS)


@each_of([*modules("agcx_format")])
def test_a_folder_imports_from_the_floors_below(path):
    here = path.relative_to(ROOT / "agcx_format").with_suffix("").parts[0]
    if here == "__init__":
        return
    ours = [name for name in imported(path) if name.startswith("agcx_format.")]
    # `from agcx_format import x` names the package as well; `_exports` belongs to no floor.
    folders = {folder_of(name) for name in ours} - {here, "_exports"}
    assert {folder for folder in folders if floor_of(folder) >= floor_of(here)} == set()


def test_no_modules_stand_in_a_circle():
    names = {
        name_of(path): path for package in ("agcx_format", "agcx_tui") for path in modules(package)
    }
    graph = {name: needed(path) & names.keys() - {name} for name, path in names.items()}
    # Raises `CycleError`, which names the circle.
    assert len([*TopologicalSorter(graph).static_order()]) == len(names)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def needed(path: Path) -> set[str]:
    """The modules that a module imports when it runs, at its start or later: not those of annotations."""
    found = set()
    for node in running(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            package = ROOT.joinpath(*node.module.split("."))
            for alias in node.names:
                inner = package / alias.name
                is_module = inner.with_suffix(".py").exists() or inner.is_dir()
                found.add(f"{node.module}.{alias.name}" if is_module else node.module)
    return found


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those in `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        yield child
        yield from running(child)


@each_of([path for folder in _NO_FILES for path in modules(f"agcx_format/{folder}")])
def test_values_and_bytes_open_nothing(path):
    imports = imported(path)
    # They only name a path, or what is done at a fork.
    harmless = {"os.PathLike", "os.fspath", "os.register_at_fork"}
    if imports & harmless:
        imports -= {"os", *harmless}
    assert not packages(imports) & _FILE_MODULES
    names = {
        node.id
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name)
    }
    assert "open" not in names


@each_of([*modules("agcx_tui/core")])
def test_what_is_said_and_done_knows_neither_screens_nor_commands(path):
    imports = imported(path)
    assert not packages(imports) & {"textual", "click"}
    ours = {name.split(".")[1] for name in imports if name.startswith("agcx_tui.")}
    assert ours <= {"core"}


@each_of([*modules("agcx_tui/app")])
def test_screens_know_no_commands(path):
    assert not [name for name in imported(path) if name.startswith("agcx_tui.cli")]


# Within `app` each may import from those before it.
_ROOMS = ["blocks", "widgets", "dialogs", "screens"]


@each_of([path for room in _ROOMS for path in modules(f"agcx_tui/app/{room}")])
def test_blocks_widgets_dialogs_and_screens_stand_on_each_other(path):
    room = path.relative_to(ROOT / "agcx_tui/app").parts[0]
    above = {f"agcx_tui.app.{name}" for name in _ROOMS[_ROOMS.index(room) + 1 :]} | {
        "agcx_tui.app.app"
    }
    above.add("agcx_tui.app.startup")
    names = imported(path)
    assert not [name for name in names if any(name.startswith(f"{each}") for each in above)]


# What Textual reads from the class of a screen: settings rather than members.
_SETTINGS = {"BINDINGS", "AUTO_FOCUS", "DEFAULT_CSS"}
# A screen has parts and connects them: about so many members of its own can be known by heart.
_MOST_MEMBERS = 40


def classes(path: Path) -> Iterator[ast.ClassDef]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef):
            yield node


def members(node: ast.ClassDef) -> set[str]:
    """The names that a class defines in its body, and those that its methods set on `self`."""
    names = set()
    for each in node.body:
        match each:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                names.add(name)
            case ast.Assign(targets):
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(ast.Name(name)):
                names.add(name)
    for each in ast.walk(node):
        match each:
            case ast.Attribute(ast.Name("self"), name, ast.Store()):
                names.add(name)
    return names - _SETTINGS


@each_of([*modules("agcx_tui/app/screens")])
def test_a_screen_has_parts_rather_than_many_members(path):
    found = {node.name: sorted(members(node)) for node in classes(path)}
    assert {name: names for name, names in found.items() if len(names) > _MOST_MEMBERS} == {}


@each_of([*modules("agcx_tui/app/screens")])
def test_no_screen_is_a_chain_of_mixins(path):
    for node in classes(path):
        assert len(node.bases) <= 1 + any(
            isinstance(base, ast.Subscript) and ast.unparse(base).startswith("Generic")
            for base in node.bases
        ), node.name


@each_of([*modules("agcx_tui/app")])
def test_what_the_app_offers_is_typed(path):
    """Types say what there is: no attribute of the app or a screen is looked up by name, none hides in
    `__dict__`, and no stub waits to be overridden."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(ast.Name("getattr"), [looked_in, *_]):
                words = ast.unparse(looked_in)
                assert not re.search(r"\b(app|screen)$", words), f"{path}:{node.lineno}: {words}"
            case ast.Attribute(attr="__dict__"):
                raise AssertionError(f"{path}:{node.lineno}: __dict__")
            case ast.Raise(exc=ast.Name("NotImplementedError")):
                raise AssertionError(f"{path}:{node.lineno}: a stub")


@each_of([*modules("agcx_tui/cli")])
def test_the_command_line_names_textual_nowhere(path):
    assert "textual" not in packages(imported(path))


@pytest.mark.parametrize(
    "module",
    [
        "agcx_tui.cli",
        "agcx_tui.demo",
        "agcx_tui.core.sessions.query",
        "agcx_tui.core.sessions.table",
        "agcx_tui.core.words.format",
        "agcx_tui.core.export.write_files",
        "agcx_tui.core.local.paths",
        "agcx_tui.core.words.acts",
        "agcx_tui.core.words.storage_report",
        "agcx_tui.core.words.deletion",
        "agcx_tui.core.store.forget",
        "agcx_tui.core.export.keep_copies",
        "agcx_tui.core.words.typed_values",
        "agcx_tui.core.words.spared",
    ],
)
def test_what_the_command_line_uses_loads_no_textual(module):
    code = f"import sys, {module}; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_the_library_loads_nothing_before_a_name_is_asked_for():
    code = "import sys, agcx_format; sys.exit(bool({'msgspec', 'zstandard'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


@each_of([*modules("agcx_format"), *modules("agcx_tui")])
def test_no_pattern_repeats_a_group_possessively(path):
    """Python before 3.11.5 continues at the wrong place after `(?:…)++` (gh-100061, gh-106052), and
    secrets were missed; the atomic group `(?>(?:…)+)` means the same and is right everywhere, as is
    `[…]++`, the possessive repetition of a single character."""
    lines = [line for line, text in string_texts(path) if _possessive_group(text)]
    assert not lines, f"{path}: write (?>(?:…)+) in lines {lines}"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('r"(?:ab?c)*+x"', True),
        ('r"(?:a){2,3}+"', True),
        ('rf"{A}++"', True),
        ('rf"(?:{A}){{4}}+"', True),
        ('A + "?+"', True),
        ('r"[ab]*+\\)++(?>(?:ab?c)*)(a)+b+"', False),
        ('rf"{A}+(?>{A}*)[ab]{{2}}+"', False),
    ],
)
def test_a_possessive_group_is_recognized(tmp_path, source, found):
    path = tmp_path / "module.py"
    path.write_text(source, "utf-8")
    assert any(_possessive_group(text) for _, text in string_texts(path)) is found


def test_no_file_is_longer_than_one_sitting():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for package in ("agcx_format", "agcx_tui")
        for path in modules(package)
    }
    assert {path: length for path, length in lengths.items() if length > 450} == {}


def body_names(node: ast.ClassDef) -> Iterator[str]:
    """The names that a class body defines: methods, attributes, classes."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield each.name
        elif isinstance(each, ast.Assign):
            yield from (name.id for name in each.targets if isinstance(name, ast.Name))
        elif isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id


def test_a_class_of_the_app_has_parts_rather_than_many_members():
    """About forty names are as many as one keeps in mind."""
    counts = {
        f"{path.relative_to(ROOT)}: {node.name}": len(set(body_names(node)))
        for path in modules("agcx_tui/app")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    assert {name: count for name, count in counts.items() if count > 42} == {}
