# SPDX-License-Identifier: Apache-2.0
"""The packages are the same bytes from the same files, and hold what is deployed and nothing else.

Built without dependencies: these tests have no network. `make package` builds them whole.
"""

import ast
import json
import re
import shutil
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from infra.package import (
    CLOUDS,
    COMMAND_ONLY,
    IN_LAMBDA,
    NEVER_DEPLOYED,
    PACKAGES,
    ROOT,
    UNPACKED,
    Package,
    _fits,
    _is_dead_weight,
    asked,
    build,
    main,
    needed,
    sources,
)
from infra.pinned import Target, pins

LOCK = (ROOT / "requirements/dev.lock").read_text("utf-8")


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout's functions/ with entries of one line, so that these tests ask about packing alone."""
    folder = tmp_path_factory.mktemp("checkout") / "functions"
    junk = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "functions/federation", folder / "federation", ignore=junk)
    for package in PACKAGES.values():
        (folder / package.entry).write_text("def receive(): ...\n", "utf-8")
        (folder / "federation" / package.cloud).mkdir(exist_ok=True)
        (folder / "federation" / package.cloud / "store.py").write_text("", "utf-8")
    return folder


@pytest.fixture(params=sorted(PACKAGES))
def package(request: pytest.FixtureRequest) -> Package:
    return asked([request.param, "--no-dependencies"])[0][0]


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_same_files_give_the_same_bytes(package: Package, functions: Path, tmp_path: Path):
    first = build(package, tmp_path / "first", functions)
    for path in functions.rglob("*.py"):
        path.touch()
    second = build(package, tmp_path / "second", functions)
    assert first == second
    assert (tmp_path / "first" / first.name).read_bytes() == (tmp_path / "second" / second.name).read_bytes()


def test_another_file_gives_other_bytes(package: Package, functions: Path, tmp_path: Path):
    before = build(package, tmp_path / "before", functions)
    entry = functions / package.entry
    text = entry.read_text("utf-8")
    entry.write_text(text + "# changed\n", "utf-8")
    after = build(package, tmp_path / "after", functions)
    entry.write_text(text, "utf-8")
    assert before.sha256 != after.sha256


def test_a_package_holds_its_entry_and_its_own_cloud_and_not_the_other(
    package: Package, functions: Path, tmp_path: Path
):
    names = _names(tmp_path / build(package, tmp_path, functions).name)
    other = {"aws": "gcp", "gcp": "aws"}[package.cloud]
    assert package.entry in names
    assert f"federation/{package.cloud}/store.py" in names
    assert not [name for name in names if name.startswith(f"federation/{other}/")]
    assert not [name for name in names if name.split("/")[1:2] and name.split("/")[1] in NEVER_DEPLOYED]
    assert names == sorted(names)


def test_what_an_editor_or_a_person_left_beside_the_code_is_not_deployed(package: Package, functions: Path):
    before = list(sources(functions, package))
    strays = [functions / "federation" / name for name in (".env", "errors.py~", "wiring/.hub.py.swp", "token.txt")]
    for stray in strays:
        stray.write_text("HF_TOKEN=hf_secret", "utf-8")
    after = list(sources(functions, package))
    for stray in strays:
        stray.unlink()
    assert after == before


def test_the_other_clouds_adapters_come_when_they_are_asked_for(functions: Path, tmp_path: Path):
    ((relay,), _) = asked(["gcp", "--with", "aws", "--no-dependencies"])
    built = build(relay, tmp_path, functions)
    assert built.name == "federation-gcp-with-aws.zip"
    assert "federation/aws/store.py" in _names(tmp_path / built.name)


def test_dates_and_modes_do_not_tell_where_it_was_built(package: Package, functions: Path, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / build(package, tmp_path, functions).name) as archive:
        entries = archive.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_byte_code_is_unchecked_and_names_the_deployed_path(functions: Path, tmp_path: Path):
    here = asked(["aws", "--no-dependencies", "--python", _running()])[0][0]
    built = build(here, tmp_path, functions)
    with zipfile.ZipFile(tmp_path / built.name) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".pyc")]
        bodies = [archive.read(name) for name in compiled]
    assert built.byte_code
    assert len(compiled) == len([name for name in sources(functions, here) if name.endswith(".py")])
    assert {int.from_bytes(body[4:8], "little") for body in bodies} == {0b01}, "hash-based, and not checked (PEP 552)"
    assert all(b"/var/task/" in body for body in bodies)
    assert not any(str(tmp_path).encode() in body for body in bodies)


@pytest.mark.parametrize("name", ["PYTHONOPTIMIZE", "PYTHONPYCACHEPREFIX"])
def test_the_variables_of_whoever_builds_change_no_byte(
    functions: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    here = asked(["aws", "--no-dependencies", "--python", _running()])[0][0]
    plain = build(here, tmp_path / "plain", functions)
    monkeypatch.setenv(name, {"PYTHONOPTIMIZE": "2"}.get(name, str(tmp_path / "elsewhere")))
    assert build(here, tmp_path / "dist", functions) == plain


def test_an_interpreter_that_is_not_there_is_told_and_not_imitated(functions: Path, tmp_path: Path):
    built = build(asked(["aws", "--no-dependencies", "--python", "3.99"])[0][0], tmp_path, functions)
    assert not built.byte_code
    assert not [name for name in _names(tmp_path / built.name) if name.endswith(".pyc")]


def test_a_program_is_told_what_a_person_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(
        sys, "argv", ["package.py", "aws", "--no-dependencies", "--python=3.99", f"--output={tmp_path}"]
    )
    main()
    line = capsys.readouterr().out
    sys.argv.append("--json")
    main()
    (told,) = json.loads(capsys.readouterr().out)
    assert line.startswith(f"{told['name']}  {told['bytes']:,} bytes  sha256:{told['sha256']}  (no byte code")
    assert not told["byte_code"]


def test_a_package_that_lambda_would_not_take_is_refused():
    with pytest.raises(SystemExit, match=r"federation-aws.zip would have 262,144,000 bytes unpacked, .* fewer than"):
        _fits(PACKAGES["aws"], UNPACKED)
    _fits(PACKAGES["aws"], UNPACKED - 1)
    _fits(PACKAGES["gcp"], UNPACKED)


def test_a_client_of_kubernetes_is_packed_once():
    assert _is_dead_weight(Path("kubernetes/aio/client/api_client.py"))
    assert not _is_dead_weight(Path("kubernetes/client/api_client.py"))


def test_a_checkout_without_the_entry_is_refused(package: Package, functions: Path, tmp_path: Path):
    shutil.copytree(functions / "federation", tmp_path / "federation")
    with pytest.raises(SystemExit, match=r"is not there; run this from a whole checkout"):
        build(package, tmp_path / "dist", tmp_path)


def test_every_requirement_is_pinned_with_a_hash_and_the_command_stays_at_home(package: Package):
    found = pins(needed(package) + "end==1 \\\n")[:-1]
    names = {pin.name for pin in found}
    assert {"msgspec", "jsonschema-rs", "numpy"} <= names
    assert not names & {"rich", "pytest", "moto"}
    assert all("--hash=sha256:" in pin.text and pin.marker is None for pin in found)


def test_lambda_lends_its_sdk_unless_it_is_bundled():
    lent, bundled = (needed(asked(["aws", *extra])[0][0]) for extra in ([], ["--bundle-sdk"]))
    assert "boto3==" not in lent
    assert "botocore==" not in lent
    assert "boto3==" in bundled
    assert "botocore==" in bundled


def test_each_cloud_gets_its_own_frameworks():
    aws, gcp = (needed(asked([cloud, "--with", "aws", "--with", "gcp"])[0][0]) for cloud in ("aws", "gcp"))
    assert "functions-framework==" not in aws
    assert "aws-lambda-powertools==" in aws
    assert "functions-framework==" in gcp
    assert "aws-lambda-powertools==" not in gcp
    assert "boto3==" in gcp, "Google's runtime lends nothing"


def test_markers_are_judged_for_the_target_and_not_for_this_machine():
    old, new = (
        {
            pin.text.partition(" ")[0]
            for pin in pins(LOCK)
            if pin.holds(Target(python=python, architecture="arm64").environment())
        }
        for python in ("3.11", "3.13")
    )
    numpy = [pin.text.partition(" ")[0] for pin in pins(LOCK) if pin.name == "numpy"]
    assert len(numpy) == len(set(numpy) & (old | new)) == 2
    assert not set(numpy) & old & new


def test_whatever_an_entry_needs_when_it_starts_is_in_its_package(package: Package):
    functions = ROOT / "functions"
    packed = set(sources(functions, package))
    for name in _reached(functions, [package.entry, "federation/runtime.py"]):
        assert name in packed, f"{name} is imported at the start and is not in {package.name}"


def test_what_is_packed_needs_none_of_the_libraries_that_are_left_out(package: Package):
    functions = ROOT / "functions"
    for name in _reached(functions, [package.entry, "federation/runtime.py"]):
        assert not _imported(functions / name) & COMMAND_ONLY, name


@pytest.mark.parametrize("added", [(), ("azure", "aws", "gcp", "kubernetes")])
@pytest.mark.parametrize("cloud", sorted(PACKAGES))
def test_whatever_packed_code_imports_at_any_time_is_packed_or_lent(cloud: str, added: tuple[str, ...]):
    """As rfc8785, which only a document beyond ASCII needs: a name with an umlaut, or what a job said when it failed."""
    package = asked([cloud, *(word for name in added for word in ("--with", name))])[0][0]
    lent = IN_LAMBDA if cloud == "aws" else frozenset[str]()
    packed = {pin.name for pin in pins(needed(package) + "end==1 \\\n")[:-1]} | lent
    owners = {top: {_plain(owner) for owner in of} for top, of in packages_distributions().items()}
    left_out = {f"federation.{adapter}" for adapter in CLOUDS - package.adapters}
    for name in (one for one in sources(ROOT / "functions", package) if one.endswith(".py")):
        imported = _imported_sometime(ROOT / "functions" / name)
        if {".".join(module.split(".")[:2]) for module in _imported(ROOT / "functions" / name)} & left_out:
            continue  # what makes an adapter that is not packed either
        tops = {module.partition(".")[0] for module in imported} - sys.stdlib_module_names - {"federation"}
        for top in tops:
            assert owners.get(top, {top}) & packed, f"{name} imports {top}, which is not in {package.name}"


def _plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _imported_sometime(path: Path) -> set[str]:
    """What a module imports, be it only when one of its functions is called."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def _reached(functions: Path, starts: list[str]) -> list[str]:
    """Every file of functions/ that is read when one of the starts is imported."""
    todo, found = [name for name in starts if (functions / name).is_file()], set[str]()
    while todo:
        name = todo.pop()
        found.add(name)
        parts = [module.replace(".", "/") for module in _imported(functions / name) if module.startswith("federation")]
        parents = [parent.as_posix() for part in parts for parent in (Path(part), *Path(part).parents)]
        files = [file for part in parents for file in (f"{part}.py", f"{part}/__init__.py")]
        todo += [file for file in files if (functions / file).is_file() and file not in found]
    return sorted(found)


def _imported(path: Path) -> set[str]:
    """What a module imports when it is imported itself: modules, and names that may be modules."""
    found = set[str]()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def _running() -> str:

    return f"{sys.version_info.major}.{sys.version_info.minor}"
