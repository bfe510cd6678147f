"""Rules of this repository that a reader relies on and a machine can check."""

from __future__ import annotations

import ast
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

from cliprow.cli.main import cliprow

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "cliprow"
FOLDERS = ("src", "sql", "supabase", "web", "tests", "docs", "bench", "deploy", ".ci")
TEXTS = {".py", ".sql", ".toml", ".md", ".ts", ".tsx", ".json", ".css", ".html", ".yml", ".yaml", ""}
MAX_LINES = 450

#: Imports point from a later line to an earlier one, or stay within their line.
LAYERS = (
    {"errors", "models", "web"},
    {
        "background",
        "config",
        "connections",
        "doors",
        "files",
        "filling",
        "images",
        "spreadsheets",
        "sealing",
        "statements",
        "topic_files",
    },
    {"db", "storage", "auth", "media", "local", "migrate", "export", "topic_rows", "topics"},
    {"providers", "stages"},
    {"account", "asking", "control", "batches", "dry_run", "job_export", "queue", "remote"},
    {"__main__", "api", "cli", "legacy", "ops"},
)
#: What knows neither database nor queue, and what it therefore must not import.
PURE = {"media", "providers", "stages"}
OUTSIDE = {"psycopg", "procrastinate", "cliprow.db", "cliprow.local", "cliprow.migrate", "cliprow.storage"}
#: Packages under the GPL, imported only by programs that run in a process of their own.
GPL = {"piper", "espeakng_loader"}


@cache
def files() -> list[Path]:
    """Every text file of the repository, generated and installed ones left out."""
    # `.git` is a file where the checkout is a second worktree.
    found = [path for path in ROOT.iterdir() if path.is_file() and path.name not in {"uv.lock", ".git"}]
    for folder in FOLDERS:
        found += [
            path
            for path in (ROOT / folder).rglob("*")
            if path.is_file()
            and not {"node_modules", "__pycache__", "dist", ".temp"} & set(path.relative_to(ROOT).parts)
            and path.relative_to(ROOT).parts[:3] != ("web", "src", "types")
            and path.name != "package-lock.json"
        ]
    return sorted(path for path in found if path.suffix in TEXTS)


@cache
def modules() -> dict[str, ast.Module]:
    """The package's modules by dotted name."""
    trees = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        trees[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text(encoding="utf-8"))
    return trees


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names a module imports, wherever in it; `from a import b` gives both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name their module from the top"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def part(module: str) -> str:
    """Return the part of the package that a module belongs to, the key of `LAYERS`."""
    return module.split(".")[1] if "." in module else ""


def test_modules_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in files()
        if path.suffix in {".py", ".sql", ".ts", ".tsx"} and "migrations" not in path.parts
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_modules_are_named_for_what_they_hold() -> None:
    vague = re.compile(r"(utils?|helpers?|common|managers?|misc)", re.IGNORECASE)
    assert [path for path in files() if vague.fullmatch(path.stem)] == []


def test_imports_run_one_way() -> None:
    rank = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    unplaced = {part(module) for module in modules()} - set(rank) - {""}
    assert unplaced == set(), "say in LAYERS where these belong"
    wrong = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        for name in imports(tree)
        if name.startswith("cliprow.") and rank.get(part(name), 0) > rank.get(part(module), 0)
    ]
    assert wrong == []


def test_stages_know_neither_database_nor_queue() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        if part(module) in PURE
        for name in imports(tree)
        if within(name, OUTSIDE)
    ]
    assert wrong == []


def test_only_media_touches_av() -> None:
    users = {
        part(module) for module, tree in modules().items() if any(within(n, {"av"}) for n in imports(tree))
    }
    assert users <= {"media"}


def test_gpl_engines_stay_in_processes_of_their_own() -> None:
    engines = {module for module, tree in modules().items() if any(within(n, GPL) for n in imports(tree))}
    wrong = [
        f"{module} imports {name}"
        for module, tree in modules().items()
        for name in imports(tree)
        if name in engines and module != name
    ]
    assert wrong == []


def test_what_is_imported_is_declared() -> None:
    """A package that is here only because another one brought it can be gone tomorrow."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    declared = set()
    for line in lines:
        name, extras = re.fullmatch(r"([\w.-]+)(?:\[(.*?)\])?.*", line.lower().replace("_", "-")).groups()  # type: ignore[union-attr]
        # psycopg[pool] is the package psycopg-pool
        declared |= {name, *(f"{name}-{extra}" for extra in (extras or "").split(","))}
    providers = packages_distributions()
    undeclared = {
        name.split(".")[0]
        for tree in modules().values()
        for name in imports(tree)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "cliprow"}
        and not {each.lower().replace("_", "-") for each in providers.get(name.split(".")[0], [])} & declared
    }
    assert sorted(undeclared) == []


def test_extras_and_groups_agree() -> None:
    """`uv run` installs the groups; people who use pip get the same from the extras."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for extra, packages in document["project"]["optional-dependencies"].items():
        assert document["dependency-groups"][extra] == packages


def error_codes(tree: ast.Module) -> Iterator[object]:
    """Yield the constants given to something called error_code."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="error_code")], value=ast.Constant(value=code)):
                yield code
            case ast.keyword(arg="error_code", value=ast.Constant(value=code)):
                yield code


def test_error_codes_are_upper_case() -> None:
    codes = {code for tree in modules().values() for code in error_codes(tree)}
    assert codes
    assert [code for code in codes if not re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", str(code))] == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a path of somebody's machine", r"(?<![\w.~}:/-])/(?:root|opt|work)/\w"),
        ("the address of a package index", r"(?:pypi|pythonhosted)\.org|npmjs\.(?:org|com)"),
    ],
)
def test_nothing_points_at_one_machine(what: str, pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {what}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]
    assert found == []


def test_sql_is_lower_case_inside_functions_too() -> None:
    keyword = re.compile(
        r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|RETURN|RETURNS|BEGIN|END|IF|THEN|CREATE|FUNCTION|LANGUAGE)\b"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "sql").glob("*.sql"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if keyword.search(re.sub(r"--.*|'[^']*'", "", line))
    ]
    assert found == []


def commands_named(text: str) -> set[str]:
    """The `cliprow ...` commands in a text: words up to the first that is an option, a file or a value."""
    return {match[1].strip() for match in re.finditer(r"\bcliprow((?: [a-z]+(?![\w./=-]))+)", text)}


@pytest.mark.parametrize(
    "name", ["README.md", "justfile", "CONTRIBUTING.md", "docs/operations.md", "docs/scale.md"]
)
def test_commands_that_are_named_exist(name: str) -> None:
    code = re.findall(
        r"`[^`\n]+`|^    .+$|^```.*?^```", (ROOT / name).read_text(encoding="utf-8"), re.M | re.S
    )
    missing = []
    for line in sorted(set().union(*map(commands_named, code))):
        command: click.Command | None = cliprow
        for word in line.split():
            if not isinstance(command, click.Group):
                break  # the rest are arguments
            command = command.commands.get(word)
        if command is None:
            missing.append(f"cliprow {line}")
    assert missing == []
