# SPDX-License-Identifier: Apache-2.0
"""The settings of this process, read once from the environment. The defaults are those of a local home."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

import msgspec

from federation.errors import SettingsError

Home = Literal["local", "aws", "gcp"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the steps run, where the store is, and which services they use. docs/settings.md lists the variables.

    Args:
        home: Where the steps run and the store is.
        folder: The local home's folder.
        store: `s3://bucket/prefix` or `gs://bucket/prefix` of a home in a cloud.
        bus: The event bus's name or ARN, or `projects/P/topics/T`.
        trust: The senders that `receive` accepts (docs/sources.md); a secret in it is a reference, `{"secret": ...}`.
        registry: The Hub repository of the releases, `org/name`.
        hub_token: A reference to the Hub's token.
        hub_job_token: A reference to the token that jobs on the Hub push their units with.
        hub_repos: Hub repositories that the sweep looks through.
        endpoint: The SageMaker endpoint's name, or the Vertex endpoint's resource name; empty if the nodes are
            elsewhere.
        node: What runs a release on the endpoint: image, role, machine.
        training_role: The role or service account that training jobs run as.
        training_key: The KMS key that units of jobs on SageMaker are encrypted with.
        training_account: The service account that jobs on Vertex AI run as.
        training_python: The interpreter for the jobs of a local home; if empty, this process's own.
        azure: Where Azure Machine Learning runs jobs, and how this home authenticates there (docs/settings.md).
        google: How AWS functions authenticate to Google Cloud: an `external_account` document, without a secret.
        clusters: Kubernetes clusters by platform: `{"kubernetes": {"namespace": "training", "context": "on-premises"}}`.
        alarms: Prefix of the names of this home's alarms.
        relay_role: The ARN of the AWS role that functions on Google Cloud assume, such as to put events on AWS's bus.
        relay_audience: The audience of the identity token that this role trusts.
        clock: A file that contains the current time, for drills; empty for the machine's clock.
        channel: The channel that the endpoint serves.
        tags: Tags or labels for everything that this home creates, besides Federation's own.
        apis: Unusual addresses of Google's services, as with Private Service Connect:
            `vertex`, `monitoring`, `secrets`, `certs`, `metadata`.
        region: Where Vertex AI runs this home's jobs.
        hub_endpoint: The address of a Hub other than huggingface.co.
        queues: Prefix of the names of the steps' SQS queues, before the step's name.
        dead_letters: The Pub/Sub subscription of the dead letters, `projects/P/subscriptions/S`.
        inline: Whether a step's events are handed to the next step in this process.
    """

    home: Home = "local"
    folder: Path = Path(".federation")
    store: str = ""
    bus: str = ""
    trust: Mapping[str, Any] = msgspec.field(default_factory=dict)
    registry: str = ""
    hub_token: str = ""
    hub_job_token: str = ""
    hub_repos: tuple[str, ...] = ()
    endpoint: str = ""
    node: Mapping[str, Any] = msgspec.field(default_factory=dict)
    training_role: str = ""
    training_key: str = ""
    training_account: str = ""
    training_python: str = ""
    azure: Mapping[str, Any] = msgspec.field(default_factory=dict)
    google: Mapping[str, Any] = msgspec.field(default_factory=dict)
    clusters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    alarms: str = ""
    relay_role: str = ""
    relay_audience: str = ""
    clock: str = ""
    channel: str = "production"
    tags: Mapping[str, Any] = msgspec.field(default_factory=dict)
    apis: Mapping[str, Any] = msgspec.field(default_factory=dict)
    region: str = ""
    hub_endpoint: str = ""
    queues: str = "federation-"
    dead_letters: str = ""
    inline: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings in FEDERATION_* variables.

        Raises:
            SettingsError: A variable has a value that is not allowed.
        """
        home = environment.get("FEDERATION_HOME", "local")
        if home not in get_args(Home):
            raise SettingsError(f"FEDERATION_HOME is {home!r}; expected one of {', '.join(get_args(Home))}")
        texts: dict[str, Any] = {
            name: environment[_variable(name)] for name in _TEXTS if _variable(name) in environment
        }
        objects: dict[str, Any] = {name: _object(environment, name) for name in _OBJECTS}
        return cls(
            home=cast("Home", home),
            folder=Path(environment.get("FEDERATION_FOLDER", ".federation")),
            hub_repos=tuple(environment.get("FEDERATION_HUB_REPOS", "").split()),
            inline=_boolean(environment, "inline"),
            **texts,
            **objects,
        )

    def store_in(self, scheme: str) -> tuple[str, str]:
        """The store's bucket and the prefix of its keys.

        Raises:
            SettingsError: The store's URI has another scheme, or no bucket.
        """
        actual_scheme, separator, place = self.store.partition("://")
        bucket, _, prefix = place.partition("/")
        if actual_scheme != scheme or not separator or not bucket:
            raise SettingsError(
                f"FEDERATION_STORE is {self.store!r}; a home on {self.home} needs {scheme}://bucket/prefix"
            )
        return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def needed(self, *names: str) -> None:
        """Raise unless these are set.

        Raises:
            SettingsError: With the variables that are not set.
        """
        missing = [_variable(name) for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError(f"a home on {self.home} needs {', '.join(missing)}")


_TEXTS: Final = tuple(name for name, kind in Settings.__annotations__.items() if kind is str)
_OBJECTS: Final = tuple(name for name, kind in Settings.__annotations__.items() if kind == Mapping[str, Any])


def _variable(name: str) -> str:
    return f"FEDERATION_{name.upper()}"


def _object(environment: Mapping[str, str], name: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(environment.get(_variable(name)) or "{}", type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{_variable(name)} is not a JSON object: {error}") from error


def _boolean(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(_variable(name), "false").lower()
    if value not in {"true", "false"}:
        raise SettingsError(f"{_variable(name)} is {value!r}; expected true or false")
    return value == "true"
