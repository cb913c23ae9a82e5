# SPDX-License-Identifier: Apache-2.0
"""Every image can be built from the repository's files, and does not run as root."""

import re
from fnmatch import fnmatch
from string import Template

import pytest
from tests.training_images.dockerfiles import instructions
from tests.training_images.imports import ROOT, inside, outside

HOME = ROOT / "training_images"
IMAGES = sorted(path.parent.name for path in HOME.glob("*/Dockerfile"))
BASE = re.compile(r"python:3\.11-slim-bookworm@sha256:[0-9a-f]{64}")
PINNED = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+)(?: ;[^\\]*)? \\$((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?$)+)", re.MULTILINE
)
DISTRIBUTIONS = {
    "google.cloud.storage": "google-cloud-storage",
    "google.protobuf": "protobuf",
    "pytrec_eval": "pytrec-eval-terrier",
    "yaml": "pyyaml",
}
"""Modules whose distribution has another name."""
VARIABLES = {"name", "summary", "scores", "charts", "files", "origin"}

every_image = pytest.mark.parametrize("image", IMAGES)


def read(image, arguments=None):
    return instructions(HOME / image / "Dockerfile", arguments)


def only(image, word):
    (instruction,) = [instruction for instruction in read(image) if instruction.word == word]
    return instruction


def copied(image, arguments=None):
    """The paths of the project in COPY instructions."""
    return [
        source
        for instruction in read(image, arguments)
        if instruction.word == "COPY"
        for source in instruction.words[:-1]
    ]


def locked(path):
    return {match[1].lower().replace("_", "-"): match[2] for match in PINNED.finditer(path.read_text("utf-8"))}


def locks(image):
    return [
        ROOT / source for source in copied(image) if source.endswith(".lock") and source != "requirements/data.lock"
    ]


def distribution(module):
    known = next((name for name in DISTRIBUTIONS if module == name or module.startswith(f"{name}.")), None)
    return DISTRIBUTIONS[known] if known else module.partition(".")[0].replace("_", "-").lower()


def build_context(image):
    """Says whether the build gets a path: the last matching pattern of .dockerignore decides."""
    patterns = (HOME / image / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in patterns if line and not line.startswith("#")]

    def sees(path):
        seen = True
        for rule in rules:
            wanted = rule.removeprefix("!")
            if fnmatch(path, wanted) or fnmatch(path, f"{wanted}/*") or wanted == "*":
                seen = rule.startswith("!")
        return seen

    return sees


@every_image
def test_the_base_is_pinned_by_its_digest(image):
    assert BASE.fullmatch(only(image, "FROM").rest)


def test_all_images_have_the_same_base():
    assert len({only(image, "FROM").rest for image in IMAGES}) == 1


@every_image
def test_it_does_not_run_as_root(image):
    steps = read(image)
    user = only(image, "USER").rest.partition(":")[0]
    assert user not in {"", "0", "root"}
    assert any(f"--uid {user}" in instruction.rest for instruction in steps if instruction.word == "RUN")
    assert [instruction.word for instruction in steps].index("USER") > max(
        number for number, instruction in enumerate(steps) if instruction.word in {"RUN", "COPY"}
    )


@every_image
def test_signals_reach_the_trainer_and_not_a_shell(image):
    entry = only(image, "ENTRYPOINT")
    assert entry.rest.startswith("[")
    assert entry.words == ["python", "-m", f"training_images.{image}"]


@every_image
def test_onnxruntime_sends_nothing_home(image):
    has_it = "onnxruntime" in {name for path in locks(image) for name in locked(path)}
    variables = " ".join(instruction.rest for instruction in read(image) if instruction.word == "ENV")
    assert has_it == ("ORT_DISABLE_TELEMETRY=1" in variables)


@every_image
def test_all_copied_files_exist_and_reach_the_build(image):
    sees = build_context(image)
    for accelerator in ("cuda", "cpu"):
        for source in copied(image, {"ACCELERATOR": accelerator}):
            assert (ROOT / source).exists(), source
            assert sees(source), source


@every_image
def test_other_files_do_not_reach_the_build(image):
    sees = build_context(image)
    assert not [
        path
        for path in ("README.md", ".git/config", "tests/conftest.py", "build/data/x", "infra/aws/mine.tfvars")
        if sees(path)
    ]


@every_image
def test_every_imported_module_is_copied(image):
    sources = copied(image)
    needed = inside(f"training_images.{image}.__main__")
    assert not sorted(path for path in needed if not any(path == one or path.startswith(f"{one}/") for one in sources))


@every_image
def test_no_file_is_copied_to_a_folder_that_a_platform_mounts(image):
    assert not any("/opt/ml" in instruction.rest or "/gcs" in instruction.rest for instruction in read(image))


@every_image
def test_the_trainer_knows_the_commit_of_its_build(image):
    assert "FEDERATION_SOURCE=abc" in [
        instruction.rest for instruction in read(image, {"FEDERATION_SOURCE": "abc"}) if instruction.word == "ENV"
    ]


@every_image
def test_torch_uses_one_thread_and_python_writes_no_bytecode(image):
    variables = " ".join(instruction.rest for instruction in read(image) if instruction.word == "ENV")
    assert "OMP_NUM_THREADS=1" in variables
    assert "PYTHONDONTWRITEBYTECODE=1" in variables


@every_image
def test_every_package_is_installed_by_hash(image):
    installs = [
        instruction.rest
        for instruction in read(image)
        if instruction.word == "RUN" and "pip install" in instruction.rest
    ]
    assert installs
    for command in installs:
        assert command.count("pip install") == command.count("--require-hashes") == command.count("-r /tmp/")


@every_image
def test_its_lock_has_every_package_that_it_imports_even_inside_functions(image):
    known = {name for path in locks(image) for name in locked(path)}
    imported = outside(f"training_images.{image}.__main__")
    wanted = {distribution(name): file for name, file in imported.items() if name not in {"google", "google.cloud"}}
    assert not {name: file for name, file in wanted.items() if name not in known}


@every_image
def test_its_requirements_are_only_packages_that_it_imports(image):
    imported = {distribution(name) for name in outside(f"training_images.{image}.__main__")}
    assert not requirements(HOME / image / "requirements.in") - imported


@every_image
def test_torch_is_in_an_image_that_imports_it_and_in_no_other(image):
    has_torch = any(path.name.startswith("torch-") for path in locks(image))
    assert has_torch == ("torch" in {distribution(name) for name in outside(f"training_images.{image}.__main__")})


@every_image
def test_its_lock_has_its_requirements_and_names_no_host(image):
    lock = HOME / image / "requirements.lock"
    assert requirements(HOME / image / "requirements.in") <= locked(lock).keys()
    assert "://" not in lock.read_text("utf-8")
    assert "--index" not in lock.read_text("utf-8")


def requirements(path):
    names = set()
    for line in path.read_text("utf-8").splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("-r "):
            names |= requirements(path.parent / words.removeprefix("-r ").strip())
        elif words:
            names.add(re.split(r"[<>=!\[;]", words)[0].strip().lower().replace("_", "-"))
    return names


def test_images_have_the_versions_of_the_tests():
    tested = locked(ROOT / "requirements" / "training.lock")
    for image in IMAGES:
        if "torch" in locked(HOME / image / "requirements.lock"):
            for name, version in locked(HOME / image / "requirements.lock").items():
                assert tested.get(name, version) == version, f"{image}: {name}"


def test_all_images_have_one_version_of_torch_and_the_tests_no_gpu_libraries():
    versions = {locked(HOME / image / "requirements.lock").get("torch") for image in IMAGES}
    assert versions - {None} == {"2.13.0"}
    assert locked(HOME / "torch-cpu.lock") == {"torch": "2.13.0"}
    assert not [
        name
        for name in locked(ROOT / "requirements" / "training.lock")
        if name.startswith(("torch", "nvidia", "cuda", "triton"))
    ]


@every_image
def test_its_readme_has_five_lines(image):
    lines = (HOME / image / "README.md").read_text("utf-8").splitlines()
    assert len(lines) == 5
    assert lines[0] == f"# {image}"


@every_image
def test_its_card_can_be_filled_in(image):
    words = Template((HOME / image / "card.md").read_text("utf-8"))
    assert words.is_valid()
    assert {"name", "summary", "scores", "files", "origin"} <= set(words.get_identifiers()) <= VARIABLES
