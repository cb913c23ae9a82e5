# SPDX-License-Identifier: Apache-2.0
"""Does Terraform accept infra/aws and infra/gcp: as a home, away from home, under an organisation's rules?

`terraform fmt`, `init`, `validate` and `plan` run offline on copies, with the variables of examples/, and wrong values
must be refused. AWS needs its provider in a mirror folder of this machine: $TF_PLUGIN_MIRROR, or one of the usual
places. Google gets a provider that consists only of schemas (infra/terraform). If this machine lacks something, a check
is skipped, and a line says so.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
if not __package__:
    sys.path.insert(0, str(ROOT))

from infra.terraform.audit import faults  # noqa: E402 - after the path, when it is run as a file
from infra.terraform.google_stub import serving  # noqa: E402 - the same
from infra.terraform.wrong_values import WRONG, arguments, taken  # noqa: E402 - the same

MIRRORS: Final = (
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "/opt/*plugins*",
    "/opt/terraform*",
)
"""Folders that may contain a mirror: those of Terraform, and those of common build images."""
_LONGEST: Final = {"aws": 20, "gcp": 18}
"""Length of the longest prefix that variables.tf allows. One plan uses it, to find names that get too long."""
_AWS: Final = "registry.terraform.io/hashicorp/aws"
_OFFLINE: Final = """
provider "aws" {
  access_key                  = "offline"
  secret_key                  = "offline"
  allowed_account_ids         = []
  skip_credentials_validation = true
  skip_metadata_api_check     = "true"
  skip_region_validation      = true
  skip_requesting_account_id  = true
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """The Terraform binary and its environment."""

    binary: str
    environment: Mapping[str, str]

    def run(self, folder: Path, *arguments: str) -> str:
        """Run a command and return what it prints.

        Raises:
            SystemExit: The command failed; the message is Terraform's.
        """
        command = [self.binary, f"-chdir={folder}", *arguments]
        process = subprocess.run(command, env=dict(self.environment), capture_output=True, text=True, check=False)  # noqa: S603
        if process.returncode:
            raise SystemExit(f"terraform {' '.join(arguments)} in {folder.name}:\n{process.stderr or process.stdout}")
        return process.stdout


def mirror(environment: Mapping[str, str], places: Sequence[str] = MIRRORS) -> Path | None:
    """The first folder that contains the AWS provider in the layout of `terraform providers mirror`, or None."""
    chosen = environment.get("TF_PLUGIN_MIRROR")
    for place in [chosen] if chosen else places:
        path = Path(place).expanduser()
        candidates = (
            sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor)))) if path.is_absolute() else [path]
        )
        for folder in candidates:
            if (folder / _AWS).is_dir():
                return folder
    return None


def plan(terraform: Terraform, cloud: str, example: str) -> Mapping[str, Any]:
    """Plan a cloud with the variables of one example; returns the plan as Terraform's JSON."""
    with tempfile.TemporaryDirectory(prefix="federation-plan-") as folder:
        workspace = _copy(cloud, Path(folder))
        terraform.run(workspace, "init", "-input=false", "-backend=false", "-no-color")
        terraform.run(workspace, "validate", "-no-color")
        prefix = [f"-var=prefix={'f' * _LONGEST[cloud]}"] if example == "home" else []
        variables = [f"-var-file=examples/{example}.tfvars", f"-var=package={workspace / 'package.zip'}", *prefix]
        terraform.run(workspace, "plan", "-input=false", "-lock=false", "-no-color", "-out=made.plan", *variables)
        plan_json: Mapping[str, Any] = json.loads(terraform.run(workspace, "show", "-json", "made.plan"))
        return plan_json


def unrefused(terraform: Terraform, cloud: str) -> list[str]:
    """Variables whose wrong values a plan accepts, or refuses without naming them."""
    with tempfile.TemporaryDirectory(prefix="federation-plan-") as folder:
        workspace = _copy(cloud, Path(folder))
        terraform.run(workspace, "init", "-input=false", "-backend=false", "-no-color")
        home = ["-input=false", "-lock=false", "-no-color", "-var-file=examples/home.tfvars"]
        home.append(f"-var=package={workspace / 'package.zip'}")
        return [
            variable
            for values in WRONG[cloud]
            for variable in taken(values, _refusal_text(terraform, workspace, home, values))
        ]


def _refusal_text(terraform: Terraform, workspace: Path, home: Sequence[str], values: Mapping[str, str]) -> str:
    try:
        terraform.run(workspace, "plan", *home, *arguments(values))
    except SystemExit as error:
        return str(error)
    return ""


def _copy(cloud: str, folder: Path) -> Path:
    """A copy of the cloud's HCL for a plan, with the files that it reads and an empty package."""
    for name in (f"infra/{cloud}", "events/routes.json", "infra/steps.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
        else:
            shutil.copyfile(ROOT / name, folder / name)
    workspace = folder / "infra" / cloud
    (workspace / "package.zip").write_bytes(b"")
    if cloud == "aws":
        (workspace / "offline_override.tf").write_text(_OFFLINE, "utf-8")
    return workspace


@contextmanager
def attached(cloud: str, binary: str) -> Iterator[Terraform | None]:
    """Terraform with the cloud's provider, or None if this machine does not have the provider."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GOOGLE_", "TF_"))}
    with tempfile.TemporaryDirectory(prefix="federation-terraform-") as folder:
        settings = Path(folder) / "terraform.rc"
        quiet = {**bare, "TF_CLI_CONFIG_FILE": str(settings), "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        provider = mirror(os.environ)
        if cloud == "gcp":
            settings.write_text("", "utf-8")
            schemas = json.loads((ROOT / "infra/terraform/google_schema.json").read_text("utf-8"))
            with serving(schemas) as address:
                yield Terraform(binary=binary, environment={**quiet, "TF_REATTACH_PROVIDERS": address})
        elif provider is None:
            yield None
        else:
            settings.write_text(
                f'provider_installation {{\n  filesystem_mirror {{\n    path = "{provider}"\n  }}\n}}\n', "utf-8"
            )
            yield Terraform(binary=binary, environment=quiet)


def check(cloud: str, binary: str) -> bool:
    """Run every check of a cloud and print a line for each result; returns whether all passed."""
    with attached(cloud, binary) as terraform:
        if terraform is None:
            _print_line(f"infra/{cloud}: skipped: no AWS provider in $TF_PLUGIN_MIRROR, nor in {', '.join(MIRRORS)}")
            return True
        good = True
        for example in ("home", "away", "governed"):
            plan_json = plan(terraform, cloud, example)
            plan_faults = faults(cloud, plan_json)
            good = good and not plan_faults
            changes = sum(1 for change in plan_json["resource_changes"] if change["change"]["actions"] == ["create"])
            _print_line(
                f"infra/{cloud}: examples/{example}.tfvars plans {changes} resources, {len(plan_faults)} faults"
            )
            for fault in plan_faults:
                _print_line(f"  {fault}")
        for variable in unrefused(terraform, cloud):
            good = False
            _print_line(f"infra/{cloud}: no sentence refuses a wrong value of the variable {variable}")
        return good


def main() -> None:
    """Check both clouds; exit 1 if something is wrong."""
    binary = shutil.which("terraform")
    if binary is None:
        _print_line("infra: skipped: terraform is not on the PATH")
        return
    Terraform(binary=binary, environment=os.environ).run(ROOT / "infra", "fmt", "-check", "-recursive", "-diff")
    results = [check(cloud, binary) for cloud in ("aws", "gcp")]
    raise SystemExit(0 if all(results) else 1)


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
