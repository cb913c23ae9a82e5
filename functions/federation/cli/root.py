# SPDX-License-Identifier: Apache-2.0
"""Which commands are there, and in which module is each?

A command's module is imported only when the command is run: a listing needs only this table, and `federation compare`
in a loop must not load what it does not use.
"""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from federation.cli.screen.examples import all_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line of `federation --help`: the function's module and name, and what it does in a sentence."""

    panel: str
    target: str
    help: str


_HELP: Final = {"help_option_names": ["-h", "--help"]}


def _panel(title: str, **commands: tuple[str, str]) -> dict[str, Command]:
    return {
        name: Command(panel=title, target=f"federation.cli.commands.{target}", help=line)
        for name, (target, line) in commands.items()
    }


COMMANDS: Final[Mapping[str, Command]] = {
    **_panel(
        "Begin",
        demo=("demo:demo", "Three clouds' events become a release, an alarm fires, and it rolls back: in one minute."),
        init=("init:init", "Validate a policy and store it. The highest version is in force."),
    ),
    **_panel(
        "Look",
        status=("status:status", "Show what serves, what needs a person, what is waiting, what was refused, and why."),
        releases=("releases:releases", "List every release: what it replaced, its units, and its state."),
        explain=(
            "explain:explain",
            "Explain a release, unit, job, event or step: verdict, reasons, and what to do next.",
        ),
        policy=("policy:policy", "Print a stored policy as JSON: the one in force, or an earlier version."),
        diff=(
            "diff:diff",
            "Compare two releases: units, provenance, contracts, routes, policy, and the gates' findings.",
        ),
    ),
    **_panel(
        "Audit",
        served=(
            "served:served",
            "List what served when: by whose order or which event, under which policy, with the document that proves it.",
        ),
        orders=("orders:orders", "List every order that people gave: when, who, what, why, and the result."),
        lineage=(
            "lineage:lineage",
            "Show the data, code and image that each unit of a release was built from, and the release that introduced it.",
        ),
        replay=("replay:replay", "Replay stored decisions on their recorded facts, and compare every byte."),
        intact=("intact:intact", "Check that every stored document is unchanged and none is missing."),
        attest=("attest:attest", "Print the gates' findings about a release as in-toto statements."),
    ),
    **_panel(
        "Run",
        receive=(
            "receive:receive",
            "Process one payload as the command centre would. Exit code 0: accepted or ignored; 2: rejected.",
        ),
        tick=(
            "tick:tick",
            "Run a scheduled task now: merge, promote, sweep, check the alarms, or everything that is due.",
        ),
        redrive=("redrive:redrive", "List the dead letters, and deliver them again."),
        fuse=("fuse:fuse", "Fuse the platforms' manifests into one release manifest. Needs no home."),
    ),
    **_panel(
        "Order",
        promote=("promote:promote", "Promote a release, unless something holds it."),
        approve=("promote:approve", "Record a person's approval of a release."),
        rollback=(
            "rollback:rollback",
            "Roll back to an earlier release, and quarantine the new units. No window, gate or hold prevents it.",
        ),
        quarantine=("quarantine:quarantine", "Quarantine an artifact: no release may contain it."),
        lift=("quarantine:lift", "Lift the quarantine of an artifact."),
        anchor=(
            "anchor:anchor",
            "Make another release the anchor: candidates are compared with it as well as with the baseline.",
        ),
        hold=("hold:hold", "Hold promotions until somebody resumes them, or until a given time."),
        resume=("hold:resume", "Resume promotions after a hold."),
        train=("train:train", "Request a training job."),
    ),
    **_panel(
        "Check",
        validate=("validate:validate", "Validate files against the schemas that they name."),
        records=("records:records", "Convert the output of an evaluation or load-test tool to records."),
        gate=("gate:gate", "Run the four gates on the units of one manifest. Needs no home."),
        plan=("plan:plan", "Compute how many items each margin in a policy needs."),
        compare=(
            "compare:compare",
            "Compare a candidate's records with a baseline's: pass, fail or inconclusive, with 95 % bounds.",
        ),
        flaky=("flaky:flaky", "Find items whose scores differ between runs of the same unit."),
        verify=("verify:verify", "Verify a release's signed statements and its files."),
        schema=("schema:schema", "Print a JSON Schema."),
        simulate=("simulate:simulate", "Check the promises against random event histories."),
    ),
}


class One(TyperCommand):
    """A command whose help does not show --help as taking a value."""

    def get_help_option(self, ctx: Any) -> Any:
        """The --help option, shown as a flag."""
        return _flag(super().get_help_option(ctx))


class Root(TyperGroup):
    """A group of placeholders. Only the command that is run is loaded."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = {
            name: TyperCommand(name=name, help=command.help, rich_help_panel=command.panel, callback=_nothing)
            for name, command in COMMANDS.items()
        }

    def get_help_option(self, ctx: Any) -> Any:
        """The --help option, shown as a flag."""
        return _flag(super().get_help_option(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command's name, the loaded command, and the remaining arguments."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name is not None and name in COMMANDS else command, rest


def root() -> TyperGroup:
    """The whole command."""
    app = typer.Typer(
        cls=Root,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings=_HELP,
    )
    app.callback()(_federation)
    whole = cast("TyperGroup", typer.main.get_command(app))
    for parameter in whole.params:
        _flag(parameter)
    return whole


def load(name: str) -> Any:
    """One command, ready to parse its arguments."""
    module, _, function = COMMANDS[name].target.partition(":")
    app = typer.Typer(add_completion=False, rich_markup_mode="rich", context_settings=_HELP)
    callback = getattr(importlib.import_module(module), function)
    help_text = _one_line_paragraphs(inspect.getdoc(inspect.unwrap(callback)) or "")
    app.command(name, cls=One, help=help_text, epilog=all_of(name))(callback)
    command = typer.main.get_command(app)
    for parameter in cast("Any", command).params:
        _flag(parameter)
    return command


def _flag(parameter: Any) -> Any:
    """The parameter without the <bool> that newer versions of typer show for a flag."""
    if getattr(parameter, "is_flag", False):
        parameter.metavar = ""
    return parameter


def _one_line_paragraphs(text: str) -> str:
    """The text with one line for each paragraph, so that the terminal breaks lines and not the source."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _nothing() -> None:
    """The callback of a placeholder."""


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(importlib.import_module("importlib.metadata").version("spiralverse-federation"))
        raise typer.Exit


def _federation(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The command centre for models trained on several clouds: validate, gate, fuse, promote, roll back."""
