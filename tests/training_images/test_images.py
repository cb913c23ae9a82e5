# SPDX-License-Identifier: Apache-2.0
"""Every image can be built from what the repository holds, and runs as nobody in particular."""

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
"""Where a distribution is not called as what it is imported as."""
SPOKEN = {"name", "summary", "scores", "charts", "files", "origin"}

every_image = pytest.mark.parametrize("image", IMAGES)


def read(image, arguments=None):
    return instructions(HOME / image / "Dockerfile", arguments)


def only(image, word):
    (found,) = [one for one in read(image) if one.word == word]
    return found


def copied(image, arguments=None):
    """What COPY takes from the project."""
    return [source for one in read(image, arguments) if one.word == "COPY" for source in one.words[:-1]]


def locked(path):
    return {match[1].lower().replace("_", "-"): match[2] for match in PINNED.finditer(path.read_text("utf-8"))}


def locks(image):
    return [
        ROOT / source for source in copied(image) if source.endswith(".lock") and source != "requirements/data.lock"
    ]


def distribution(module):
    known = next((name for name in DISTRIBUTIONS if module == name or module.startswith(f"{name}.")), None)
    return DISTRIBUTIONS[known] if known else module.partition(".")[0].replace("_", "-").lower()


def passed_on(image):
    """Whether the build sees a path: the last pattern of .dockerignore that matches it decides."""
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


def test_all_images_stand_on_one_base():
    assert len({only(image, "FROM").rest for image in IMAGES}) == 1


@every_image
def test_it_runs_as_somebody_who_is_not_root(image):
    steps = read(image)
    user = only(image, "USER").rest.partition(":")[0]
    assert user not in {"", "0", "root"}
    assert any(f"--uid {user}" in one.rest for one in steps if one.word == "RUN")
    assert [one.word for one in steps].index("USER") > max(
        number for number, one in enumerate(steps) if one.word in {"RUN", "COPY"}
    )


@every_image
def test_signals_reach_the_trainer_and_not_a_shell(image):
    entry = only(image, "ENTRYPOINT")
    assert entry.rest.startswith("[")
    assert entry.words == ["python", "-m", f"training_images.{image}"]


@every_image
def test_everything_that_is_copied_exists_and_reaches_the_build(image):
    sees = passed_on(image)
    for accelerator in ("cuda", "cpu"):
        for source in copied(image, {"ACCELERATOR": accelerator}):
            assert (ROOT / source).exists(), source
            assert sees(source), source


@every_image
def test_nothing_but_what_is_copied_reaches_the_build(image):
    sees = passed_on(image)
    assert not [
        path
        for path in ("README.md", ".git/config", "tests/conftest.py", "build/data/x", "infra/aws/mine.tfvars")
        if sees(path)
    ]


@every_image
def test_every_module_that_it_needs_is_copied(image):
    sources = copied(image)
    needed = inside(f"training_images.{image}.__main__")
    assert not sorted(path for path in needed if not any(path == one or path.startswith(f"{one}/") for one in sources))


@every_image
def test_nothing_is_baked_where_a_platform_mounts_its_own(image):
    assert not any("/opt/ml" in one.rest or "/gcs" in one.rest for one in read(image))


@every_image
def test_the_commit_of_the_build_is_known_to_the_trainer(image):
    assert "FEDERATION_SOURCE=abc" in [
        one.rest for one in read(image, {"FEDERATION_SOURCE": "abc"}) if one.word == "ENV"
    ]


@every_image
def test_threads_that_wait_do_not_spin(image):
    told = " ".join(one.rest for one in read(image) if one.word == "ENV")
    assert "OMP_NUM_THREADS=1" in told
    assert "PYTHONDONTWRITEBYTECODE=1" in told


@every_image
def test_what_is_installed_is_installed_by_hash(image):
    installs = [one.rest for one in read(image) if one.word == "RUN" and "pip install" in one.rest]
    assert installs
    for command in installs:
        assert command.count("pip install") == command.count("--require-hashes") == command.count("-r /tmp/")


@every_image
def test_its_lock_covers_everything_that_it_imports_even_late(image):
    known = {name for path in locks(image) for name in locked(path)}
    imported = outside(f"training_images.{image}.__main__")
    wanted = {distribution(name): file for name, file in imported.items() if name not in {"google", "google.cloud"}}
    assert not {name: file for name, file in wanted.items() if name not in known}


@every_image
def test_its_list_asks_for_nothing_that_it_does_not_import(image):
    imported = {distribution(name) for name in outside(f"training_images.{image}.__main__")}
    assert not asked(HOME / image / "requirements.in") - imported


@every_image
def test_torch_is_in_an_image_that_imports_it_and_in_no_other(image):
    brought = any(path.name.startswith("torch-") for path in locks(image))
    assert brought == ("torch" in {distribution(name) for name in outside(f"training_images.{image}.__main__")})


@every_image
def test_its_lock_has_what_its_list_asks_for_and_names_no_host(image):
    lock = HOME / image / "requirements.lock"
    assert asked(HOME / image / "requirements.in") <= locked(lock).keys()
    assert "://" not in lock.read_text("utf-8")
    assert "--index" not in lock.read_text("utf-8")


def asked(path):
    found = set()
    for line in path.read_text("utf-8").splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("-r "):
            found |= asked(path.parent / words.removeprefix("-r ").strip())
        elif words:
            found.add(re.split(r"[<>=!\[;]", words)[0].strip().lower().replace("_", "-"))
    return found


def test_images_learn_with_the_versions_that_tests_learn_with():
    tested = locked(ROOT / "requirements" / "training.lock")
    for image in IMAGES:
        if "torch" in locked(HOME / image / "requirements.lock"):
            for name, version in locked(HOME / image / "requirements.lock").items():
                assert tested.get(name, version) == version, f"{image}: {name}"


def test_torch_is_one_version_for_all_and_no_lock_of_ours_brings_gpu_libraries_to_tests():
    found = {locked(HOME / image / "requirements.lock").get("torch") for image in IMAGES}
    assert found - {None} == {"2.13.0"}
    assert locked(HOME / "torch-cpu.lock") == {"torch": "2.13.0"}
    assert not [
        name
        for name in locked(ROOT / "requirements" / "training.lock")
        if name.startswith(("torch", "nvidia", "cuda", "triton"))
    ]


@every_image
def test_it_says_what_it_is_in_five_lines(image):
    lines = (HOME / image / "README.md").read_text("utf-8").splitlines()
    assert len(lines) == 5
    assert lines[0] == f"# {image}"


@every_image
def test_its_card_can_be_filled_in(image):
    words = Template((HOME / image / "card.md").read_text("utf-8"))
    assert words.is_valid()
    assert {"name", "summary", "scores", "files", "origin"} <= set(words.get_identifiers()) <= SPOKEN
