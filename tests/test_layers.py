"""The house: imports point downwards, never in a circle, and never hide inside a function."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = {
    ".".join(("espat", *path.relative_to(ROOT / "simulator").with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(ROOT.glob("simulator/**/*.py"))
}

MODULE = {"module", "board", "firmware"}
"""What makes up the module as a whole."""

FLOORS = (
    {"core"},
    {"persist"},
    {"system"},
    {"radio"},
    {"stack"},
    MODULE,
    {"commands"},
    {"dialects"},
    {"scenario"},
    {"control"},
    {"cli", "testing"},
    {"pytest_plugin", "__main__"},
)
"""From the ground up. Rooms on one floor stand side by side and do not import each other, save those of MODULE."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def room(module: str) -> str:
    """The room of a dotted module name; the package itself has none."""
    return [*module.split("."), ""][1]


def imports(module: str) -> Iterator[str]:
    """The modules of this package that a module imports, wherever the import stands."""
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in SOURCES)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                if submodule in SOURCES:
                    yield submodule
                elif node.module in SOURCES:
                    yield node.module


def test_every_room_has_its_floor() -> None:
    assert {room(module) for module in SOURCES} - {""} == set(FLOOR)


@pytest.mark.parametrize("module", [module for module in SOURCES if room(module)])
def test_imports_point_downwards(module: str) -> None:
    own = room(module)
    for imported in imports(module):
        other = room(imported)
        if not other:  # the package itself: the version, and names that load what they are at first use
            continue
        assert FLOOR[other] <= FLOOR[own], f"{module} imports {imported}, which is upstairs"
        neighbours = other != own and FLOOR[other] == FLOOR[own]
        assert not neighbours or own in MODULE, f"{module} imports {imported}, which is next door"


def folder(module: str) -> str:
    """The folder that a module is in; what stands beside the folders is a room of its own."""
    inside = module.count(".") > 1 and SOURCES[module].name != "__init__.py"
    return module.rpartition(".")[0] if inside else module


def test_there_is_no_circle() -> None:
    graph = {module: set(imports(module)) - {module, "espat"} for module in SOURCES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_folders_form_no_circle_either() -> None:
    graph: dict[str, set[str]] = {}
    for module in SOURCES:
        own = graph.setdefault(folder(module), set())
        own |= {folder(imported) for imported in imports(module) if imported != "espat"}
    TopologicalSorter({name: others - {name} for name, others in graph.items()}).prepare()


def test_the_package_itself_imports_nothing_but_for_type_checkers() -> None:
    loaded = "import sys, espat; print([name for name in sys.modules if name.startswith('espat.')])"
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout == "[]\n"


def test_espat_run_without_a_world_reads_no_files_of_the_world() -> None:
    loaded = (
        "import sys, espat.cli.run, espat.cli.serving, espat.scenario.stage.stage\n"
        "heavy = ('yaml', 'tomllib', 'cryptography', 'espat.scenario.schema', 'espat.scenario.tables')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("module", SOURCES)
def test_an_import_inside_a_function_says_why(module: str) -> None:
    source = SOURCES[module].read_text(encoding="utf-8")
    lines = source.splitlines()
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        inside = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
        for node in inside:
            near = lines[function.lineno : node.end_lineno]
            assert any("#" in line for line in near), f"{module}, line {node.lineno}: an import without a reason"
            name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            own_package = (name or "").split(".")[0] == "espat"
            hidden = own_package and room(module) not in ("cli", "pytest_plugin")
            assert not hidden, f"{module}, line {node.lineno}: a hidden import"


SOCKETS = ("stack", "cli", "core", "control", "")
"""Rooms with sockets of this machine: of modules in the stack, and those by which programs here reach a run."""


@pytest.mark.parametrize("module", [module for module in SOURCES if room(module) not in SOCKETS])
def test_sockets_of_this_machine_are_the_business_of_the_stack(module: str) -> None:
    for node in ast.walk(ast.parse(SOURCES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {"socket", "ssl"} & {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module not in ("socket", "ssl")


@pytest.mark.parametrize(
    "module",
    [module for module in SOURCES if room(module) in MODULE | {"system", "radio", "commands"}],
)
def test_the_module_has_its_own_time_and_its_own_dice(module: str) -> None:
    tree = ast.parse(SOURCES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not {"time", "random", "datetime"} & {alias.name for alias in node.names}, module
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "trio":
            assert node.attr not in ("sleep", "sleep_until", "current_time", "fail_after", "fail_at"), (
                f"{module}, line {node.lineno}: time goes through the module's clock"
            )


SANS_IO = ("line_discipline", "grammar", "arguments", "answers", "errors", "escape")


@pytest.mark.parametrize("name", SANS_IO)
def test_what_needs_no_input_or_output_imports_none(name: str) -> None:
    for node in ast.walk(ast.parse(SOURCES[f"espat.core.at.{name}"].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {"trio", "socket", "os", "time"} & {alias.name for alias in node.names}
