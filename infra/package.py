# SPDX-License-Identifier: Apache-2.0
"""Package what is deployed: dist/federation-aws.zip and dist/federation-gcp.zip, the same bytes from the same commit.

An entry file, the package without what is not deployed, and the pinned libraries of that cloud. Names are sorted, dates
and modes fixed; byte code is of the unchecked-hash kind, since a fixed date would make ordinary byte code stale.

    python infra/package.py [aws] [gcp] [--with NAME] [--architecture A] [--no-dependencies] [--json]
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
if not __package__:
    sys.path.insert(0, str(ROOT))

from infra.archive import compiled_for, zipped  # noqa: E402 - after the path, when it is run as a file
from infra.pinned import Target, requirements  # noqa: E402 - the same

NEVER_DEPLOYED: Final = frozenset({"cli", "demo", "harnesses", "simulation", "local", "offline", "__main__.py"})
CLOUDS: Final = frozenset({"aws", "azure", "gcp", "hub", "kubernetes"})
COMMAND_ONLY: Final = frozenset({"typer", "rich"})
"""The project's dependencies that only the command and the tests import."""
IN_LAMBDA: Final = frozenset({"boto3", "botocore", "s3transfer"})
"""The Lambda runtime has these; `--bundle-sdk` pins them in the package instead."""
BOTOCORE_SERVICES: Final = frozenset(
    {"cloudwatch", "events", "s3", "sagemaker", "sagemaker-runtime", "secretsmanager", "sqs", "ssm", "sts"}
)
ENTRY_FRAMEWORK: Final = {"aws": "aws-lambda-powertools", "gcp": "functions-framework"}
"""Dependencies that only that cloud's entry file imports."""
GLIBC: Final = {"aws": 34, "gcp": 35}
"""Minor version of glibc 2 on Amazon Linux 2023 and on Google's Ubuntu 22.04 base."""
UNPACKED: Final = 262_144_000
"""Limit with layers: 250 MB, see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
TRIMMED: Final = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The description of a zip: its cloud, its adapters, and its interpreter."""

    cloud: str
    entry: str
    folder: str
    vendored: bool
    adapters: frozenset[str]
    target: Target = field(default_factory=lambda: Target(python="3.13", architecture="x86_64"))
    bundle_sdk: bool = False
    dependencies: bool = True

    @property
    def name(self) -> str:
        """The file's name, which states the added adapters."""
        added = sorted(self.adapters - PACKAGES[self.cloud].adapters)
        return "-with-".join((f"federation-{self.cloud}", *added)) + ".zip"


PACKAGES: Final[Mapping[str, Package]] = {
    "aws": Package(
        cloud="aws",
        entry="lambda_function.py",
        folder="/var/task",
        vendored=True,
        adapters=frozenset({"aws", "hub"}),
    ),
    "gcp": Package(
        cloud="gcp", entry="main.py", folder="/workspace", vendored=False, adapters=frozenset({"gcp", "hub"})
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A written zip."""

    name: str
    bytes: int
    sha256: str
    byte_code: bool


def sources(functions: Path, package: Package) -> Iterator[str]:
    """The files of functions/ that go into the package, as relative paths: code only."""
    left_out = NEVER_DEPLOYED | (CLOUDS - package.adapters)
    yield package.entry
    for path in sorted((functions / "federation").rglob("*.py")):
        inside = path.relative_to(functions / "federation")
        if path.is_file() and inside.parts[0] not in left_out:
            yield path.relative_to(functions).as_posix()


def roots(package: Package, project: Mapping[str, object]) -> Sequence[str]:
    """The requirements of the package's code, as in pyproject.toml."""
    table = project["project"]
    if not isinstance(table, dict):
        raise SystemExit("pyproject.toml has no [project]")
    lines = [*table["dependencies"]]
    for adapter in sorted(package.adapters):
        lines += table["optional-dependencies"][adapter]
    foreign = {framework for cloud, framework in ENTRY_FRAMEWORK.items() if cloud != package.cloud}
    return [line for line in lines if not line.startswith((*COMMAND_ONLY, *foreign))]


def needed(package: Package) -> str:
    """The package's requirements file: a part of the lock, with hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lock = (ROOT / "requirements/dev.lock").read_text("utf-8")
    present = IN_LAMBDA if package.cloud == "aws" and not package.bundle_sdk else frozenset[str]()
    return requirements(roots(package, project), lock, package.target, without=present)


def build(package: Package, output: Path, functions: Path = ROOT / "functions") -> Built:
    """Write the package's zip into the folder `output`.

    Raises:
        SystemExit: The entry file is missing, or a library is not available for the target.
    """
    if not (functions / package.entry).is_file():
        raise SystemExit(f"{functions / package.entry} is not there; run this from a whole checkout")
    with tempfile.TemporaryDirectory(prefix="federation-package-") as folder:
        stage = Path(folder)
        _copy_files(package, stage, functions)
        compiled = compiled_for(package.target.python, stage, package.folder)
        _fits(package, sum(path.stat().st_size for path in stage.rglob("*") if path.is_file()))
        output.mkdir(parents=True, exist_ok=True)
        body = zipped(stage, output / package.name)
    return Built(name=package.name, bytes=len(body), sha256=hashlib.sha256(body).hexdigest(), byte_code=compiled)


def unpacked(package: Package, folder: Path) -> Path:
    """Unpack the package, for this interpreter and without libraries, into `folder`, and return its place there."""
    here = Target(python=f"{sys.version_info.major}.{sys.version_info.minor}", architecture="x86_64")
    built = build(replace(package, target=here, dependencies=False), folder / "dist")
    shutil.unpack_archive(folder / "dist" / built.name, folder / package.cloud)
    return folder / package.cloud


def _fits(package: Package, unpacked: int) -> None:
    if package.cloud == "aws" and unpacked >= UNPACKED:
        raise SystemExit(
            f"{package.name} would have {unpacked:,} bytes unpacked, but Lambda takes fewer than {UNPACKED:,}: leave out an "
            "adapter or --bundle-sdk; nothing was written"
        )


def _copy_files(package: Package, stage: Path, functions: Path) -> None:
    if package.dependencies:
        _add_dependencies(package, stage)
    for name in sources(functions, package):
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(functions / name, stage / name)


def _add_dependencies(package: Package, stage: Path) -> None:
    requirements_text = needed(package)
    if not package.vendored:
        (stage / "requirements.txt").write_text(requirements_text, "utf-8")
        return
    _install(package, requirements_text, stage)
    for path in sorted(stage.rglob("*")):
        if path.is_file() and _is_dead_weight(path.relative_to(stage)):
            path.unlink()


def _install(package: Package, requirements_text: str, stage: Path) -> None:
    """Let pip unpack wheels for the target. Pip compares each with its hash in the lock."""
    machine = "aarch64" if package.target.architecture == "arm64" else "x86_64"
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC[package.cloud], 4, -1)]
    platforms = [f"--platform={tag}" for tag in (*tags, f"manylinux2014_{machine}", f"linux_{machine}")]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(requirements_text)
        file.flush()
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        wheels = ["--require-hashes", "--only-binary=:all:", "--no-compile", "--implementation=cp", *platforms]
        # The lock is for the target's Python; pip would check Requires-Python against the Python that runs it.
        exact = [*wheels, "--ignore-requires-python"]
        where = [f"--python-version={package.target.python}", f"--target={stage}", f"--requirement={file.name}"]
        process = subprocess.run([*pip, *exact, *where], check=False)  # noqa: S603 - our own arguments
    if process.returncode:
        raise SystemExit("pip could not install the libraries above; nothing was written")


def _is_dead_weight(path: Path) -> bool:
    """Whether a library's file is useless at run time, or differs between installations."""
    parts = path.parts
    if parts[:2] == ("botocore", "data") and len(parts) > 3:  # noqa: PLR2004 - botocore/data/SERVICE/...
        return parts[2] not in BOTOCORE_SERVICES
    if parts[:2] == ("kubernetes", "aio"):
        return True  # a second client, for asyncio: with byte code, a quarter of Lambda's limit
    if path.parent.name.endswith(".dist-info"):
        return path.name in TRIMMED
    return parts[0] == "bin" or bool({"tests", "__pycache__"} & set(parts[:-1])) or path.suffix in (".pyi", ".a", ".h")


def asked(arguments: Sequence[str] | None = None) -> tuple[Sequence[Package], argparse.Namespace]:
    """The packages that the command line asks for, and the parsed arguments."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clouds", nargs="*", metavar="aws|gcp", help="default: both")
    parser.add_argument("--with", dest="added", action="append", default=[], choices=sorted(CLOUDS - {"hub"}))
    parser.add_argument("--architecture", choices=["x86_64", "arm64"], default="x86_64")
    parser.add_argument("--python", default="3.13")
    parser.add_argument("--bundle-sdk", action="store_true", help="pin boto3 instead of using the Lambda runtime's")
    parser.add_argument("--vendor", action="store_true", help="put the libraries into Google's zip too")
    parser.add_argument("--no-dependencies", action="store_true", help="our own files only: needs no network")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    unknown = sorted({*options.clouds} - {*PACKAGES})
    if unknown:
        parser.error(f"no package for {', '.join(unknown)}; there are {', '.join(PACKAGES)}")
    return [_configured(PACKAGES[cloud], options) for cloud in options.clouds or PACKAGES], options


def _configured(package: Package, options: argparse.Namespace) -> Package:
    return replace(
        package,
        adapters=package.adapters | {*options.added},
        vendored=package.vendored or options.vendor,
        target=Target(python=options.python, architecture=options.architecture),
        bundle_sdk=options.bundle_sdk,
        dependencies=not options.no_dependencies,
    )


def main() -> None:
    """Build the packages asked for, and print name, size and SHA-256 of each."""
    packages, options = asked()
    built = [build(package, options.output) for package in packages]
    if options.json:
        sys.stdout.write(json.dumps([asdict(zip_file) for zip_file in built], indent=2) + "\n")
        return
    for zip_file in built:
        note = "" if zip_file.byte_code else f"  (no byte code: python{options.python} is not on the path)"
        sys.stdout.write(f"{zip_file.name}  {zip_file.bytes:,} bytes  sha256:{zip_file.sha256}{note}\n")


if __name__ == "__main__":
    main()
