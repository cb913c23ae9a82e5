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
        init=("init:init", "Check a policy and store it; the highest version is the active one."),
    ),
    **_panel(
        "Look",
        status=("status:status", "What serves, what needs a person, what waits, what was refused, and why."),
        releases=("releases:releases", "Every release: what it replaced, what it holds, and what became of it."),
        explain=("explain:explain", "Why is it so? The page that a person on call needs."),
        policy=("policy:policy", "Print a stored policy as JSON, whole: the one in force, or an earlier version."),
        diff=(
            "diff:diff",
            "How two releases differ: units, what made them, contracts, routes, policy, and what the gates found.",
        ),
    ),
    **_panel(
        "Account for it",
        served=(
            "served:served",
            "What served when, by whose order or which event, decided under which policy, and which document says so.",
        ),
        orders=("orders:orders", "Every order that people gave: when, who, what, why, and what came of it."),
        lineage=(
            "lineage:lineage",
            "Which data, code and image made each unit of a release, and which release brought it.",
        ),
        replay=("replay:replay", "Take stored decisions again and compare every byte."),
        intact=("intact:intact", "Is every stored document as it was written, and is none gone?"),
        attest=("attest:attest", "What the gates found about a release, as in-toto statements."),
    ),
    **_panel(
        "Run",
        receive=(
            "receive:receive",
            "Read one payload as the command centre would. Exit 0: accepted or ignored; 2: rejected.",
        ),
        tick=(
            "tick:tick",
            "Do by hand what a schedule does: merge, promote, sweep, look at the alarms, or what the timetable says.",
        ),
        redrive=("redrive:redrive", "List what steps could not handle, and have it delivered again."),
        fuse=("fuse:fuse", "Fuse three platforms' manifests into one release manifest, without a home."),
    ),
    **_panel(
        "Order",
        promote=("promote:promote", "Let a release serve, if nothing holds it."),
        approve=("promote:approve", "Write down that a person wants a release to serve."),
        rollback=(
            "rollback:rollback",
            "Leave the release that serves, and quarantine what it brought; no window, gate or hold stands in the way.",
        ),
        quarantine=("quarantine:quarantine", "Forbid one artifact in every release from now on."),
        lift=("quarantine:lift", "Allow a quarantined artifact again."),
        anchor=("anchor:anchor", "Freeze another release as the anchor that candidates are held against too."),
        hold=("hold:hold", "Stop promotions until somebody resumes them, or until a moment."),
        resume=("hold:resume", "Let promotions go on."),
        train=("train:train", "Ask for a training job."),
    ),
    **_panel(
        "Check",
        validate=("validate:validate", "Does each file say what the schema that it names requires?"),
        records=("records:records", "What an evaluation or load-test tool wrote, as records that can be compared."),
        gate=("gate:gate", "Run the four gates on the units of one manifest, without a home."),
        plan=("plan:plan", "How many items does each margin need, before anything runs?"),
        compare=(
            "compare:compare",
            "Compare two sides that answered the same items: pass, fail or inconclusive, with 95 % bounds.",
        ),
        flaky=("flaky:flaky", "Which items disagree with themselves, when the same unit runs the suite again?"),
        verify=("verify:verify", "Check who vouches for a release, and that these are its files."),
        schema=("schema:schema", "Print a JSON Schema."),
        simulate=("simulate:simulate", "Run random histories against the promises."),
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
