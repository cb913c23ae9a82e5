# SPDX-License-Identifier: Apache-2.0
"""The ports of a home in a cloud, for a person's machine. Only that cloud's SDK is loaded."""

from federation.ports import DeadLetters, Ports
from federation.settings import Settings
from federation.steps import STEPS


def cloud_ports(settings: Settings) -> Ports:
    """The ports of that home.

    Raises:
        SettingsError: The store or the bus is not set.
    """
    if settings.home == "aws":
        from federation.wiring.aws import aws_ports

        return aws_ports(settings)
    from federation.wiring.gcp import gcp_ports

    return gcp_ports(settings)


def cloud_dead_letters(settings: Settings) -> DeadLetters:
    """The dead letters of that home: those of `receive` and of each step.

    Raises:
        SettingsError: The settings do not say where the dead letters are.
    """
    return _on_aws(settings) if settings.home == "aws" else _on_google(settings)


def _on_aws(settings: Settings) -> DeadLetters:
    from federation.aws.dead_letters import SqsDeadLetters
    from federation.wiring.aws import own_clients

    return SqsDeadLetters(own_clients().of("sqs"), settings.queues, ("receive", *STEPS))


def _on_google(settings: Settings) -> DeadLetters:
    from federation.gcp import clients
    from federation.gcp.dead_letters import PubSubDeadLetters

    settings.needed("bus", "dead_letters")
    return PubSubDeadLetters(
        clients.subscriber,
        clients.publisher,
        subscription=settings.dead_letters,
        topic=settings.bus,
        steps=STEPS,
    )
