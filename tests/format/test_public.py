"""The public face of the library: what a stranger finds with `help()`, and all that the app may use."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pydoc
import re
import sys
from functools import cache, cached_property
from pathlib import Path

import pytest

import agcx_format
from agcx_format import errors
from agcx_format.exporting import session_json
from agcx_format.redaction import redact
from tests.support import ROOT

LIBRARY = ROOT / "agcx_format"
# Packages that nobody outside of the library imports from.
PRIVATE = {"codec", "layout", "model", "session"}
PACKAGES = ["agcx_format"] + [
    f"agcx_format.{path.parent.name}"
    for path in sorted(LIBRARY.glob("*/__init__.py"))
    if path.parent.name not in PRIVATE
]
ON_DEMAND = [name for name in PACKAGES if hasattr(importlib.import_module(name), "_HOMES")]
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(LIBRARY.rglob("*.py"))
    if ">>>" in path.read_text("utf-8")
]


def table(package: str) -> set[tuple[str, str]]:
    """Each name that a package imports on demand, with the module that has it."""
    homes = importlib.import_module(package)._HOMES
    return {(f"{package}.{module}", name) for module in homes for name in homes[module].split()}


@cache
def public_names(module: str) -> set[str]:
    found = importlib.import_module(module)
    if module == "agcx_format":
        return {name for _, name in table(module)} | {"__version__", "errors", "limits"}
    return set(getattr(found, "__all__", [])) or {n for n in vars(found) if not n.startswith("_")}


@pytest.mark.parametrize("package", ON_DEMAND)
def test_type_checkers_see_the_names_that_are_imported_on_demand(package: str):
    tree = ast.parse(Path(importlib.import_module(package).__file__).read_text("utf-8"))
    (block,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    declared = {
        (node.module, alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == alias.asname
    }
    assert declared == table(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str):
    module = importlib.import_module(package)
    for name in public_names(package):
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError):
        _ = module.no_such_name


@pytest.mark.parametrize("package", ON_DEMAND)
def test_no_public_name_is_that_of_a_module(package: str):
    """Importing the module would put it in the place of the function."""
    folder = Path(importlib.import_module(package).__file__).parent
    modules = {path.stem for path in folder.iterdir()}
    assert not {name for _, name in table(package)} & modules


def test_the_documentation_has_every_public_name_and_no_other():
    words = set(re.findall(r"\w+", agcx_format.__doc__))
    names = {name for _, name in table("agcx_format")}
    assert names <= words
    for package in PACKAGES[1:]:
        assert re.search(rf"^{package} ", agcx_format.__doc__, re.MULTILINE), package
    areas = agcx_format.__doc__.partition("The public names")[2].partition("Packages for more")[0]
    said = set(re.findall(r"\b[A-Z]+[a-z]\w+|\b[a-z]+_\w+", areas))
    assert said - names <= {"Everything", "The", "Rust", "JSON", "agcx_format"}


def test_help_is_a_page():
    assert len(pydoc.plain(pydoc.render_doc(agcx_format))) < 6000


@pytest.mark.parametrize("package", PACKAGES)
def test_help_explains_every_public_class_function_and_method(package: str):
    module = importlib.import_module(package)
    assert pydoc.render_doc(module)
    public = [getattr(module, name) for name in sorted(public_names(package))]
    ours = [value for value in public if getattr(value, "__module__", "").startswith("agcx_format")]
    silent = [
        value.__qualname__ for value in ours if inspect.isroutine(value) and not value.__doc__
    ]
    for cls in filter(inspect.isclass, ours):
        if not cls.__doc__ or cls.__doc__.startswith(f"{cls.__name__}("):
            silent.append(cls.__qualname__)
        silent += [f"{cls.__qualname__}.{name}" for name in undocumented_members(cls)]
    assert silent == []


def undocumented_members(cls: type) -> set[str]:
    """The public methods and properties that neither `cls` nor a protocol beside it documents."""
    bases = [base for base in cls.__mro__ if base.__module__.startswith("agcx_format")]
    protocols = [
        value
        for value in vars(sys.modules[cls.__module__]).values()
        if inspect.isclass(value) and getattr(value, "_is_protocol", False)
    ]
    members = {
        name
        for base in bases
        for name, value in vars(base).items()
        if not name.startswith("_")
        and (inspect.isroutine(value) or isinstance(value, property | cached_property))
    }
    documented = {
        name
        for name in members
        for each in (cls, *protocols)
        if inspect.getdoc(inspect.getattr_static(each, name, None))
    }
    return members - documented


def test_a_shell_completes_what_is_public_and_not_what_a_package_imports():
    for package in ON_DEMAND:
        listed = dir(importlib.import_module(package))
        assert {name for _, name in table(package)} <= set(listed)
        assert not {"TYPE_CHECKING", "annotations", "names_in", "on_demand"} & set(listed)


def test_every_error_is_public():
    kinds = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.PersistenceError)
    }
    assert kinds <= {name for _, name in table("agcx_format")}


def test_the_parts_of_a_session_have_names_wherever_it_comes_from(tmp_path: Path):
    made = agcx_format.new_session(title="Red build")
    store = agcx_format.open_store(tmp_path / "store")
    store.save_session(made.metadata.id, *made)
    agcx_format.write_session(tmp_path / "a.agcx", *made, layout=2)
    sessions = [
        made,
        store.load_session(made.metadata.id),
        agcx_format.read_session(tmp_path / "a.agcx"),
        agcx_format.from_session_json(session_json(*made)),
        redact(made, [])[0],
    ]
    assert {session.metadata.title for session in sessions} == {"Red build"}
    assert all(session.state == made.state for session in sessions)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_are_true(name: str, tmp_path: Path):
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for test in finder.find(module, name, globs=vars(module) | {"directory": tmp_path / "store"}):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries


def test_the_app_uses_what_is_public():
    paths = sorted((ROOT / "agcx_tui").rglob("*.py"))
    wrong = {str(path.relative_to(ROOT)): private_names(path) for path in paths}
    assert {path: names for path, names in wrong.items() if names} == {}


def private_names(path: Path) -> list[str]:
    """What a module of the app imports of the library that is not public."""
    private = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            private += [a.name for a in node.names if a.name.startswith("agcx_format.")]
        elif isinstance(node, ast.ImportFrom) and node.module:
            package, _, inside = node.module.partition(".")
            if package != "agcx_format":
                continue
            if "." in inside or inside in PRIVATE or inside.startswith("_"):
                private.append(node.module)
            else:
                names = {alias.name for alias in node.names} - public_names(node.module)
                private += [f"{node.module}.{name}" for name in names]
    return private
