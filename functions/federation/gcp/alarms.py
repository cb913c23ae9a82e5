# SPDX-License-Identifier: Apache-2.0
"""Cloud Monitoring alarms, polled: an incident that opens before a release begins to serve sends no event about it.

The API's alert and the notification's incident have the same id, as the notification's link shows.
https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alerts
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

from federation.core import instant
from federation.gcp.rest import Rest
from federation.ports import Firing

_API: Final = "https://monitoring.googleapis.com"
_LABEL: Final = ("federation", "slo")
"""User label of the alert policies that are about a release; a project may have others."""


class MonitoringAlarms:
    """The open incidents of the SLO alert policies of one scoping project, which the trust document names too."""

    def __init__(self, session: Callable[[], Any], project: str, api: str = _API) -> None:
        self._rest = Rest(session, "Cloud Monitoring")
        self._project = project
        self._api = api

    def firing(self) -> Sequence[Firing]:
        """Every alert in state OPEN whose policy has the user label `federation: slo`."""
        return list(self._open())

    def _open(self) -> Iterator[Firing]:
        url = f"{self._api}/v3/projects/{self._project}/alerts"
        for alert in self._rest.pages(
            "list open alerts", url, "alerts", {"filter": 'state="OPEN"', "pageSize": "1000"}
        ):
            at, policy = _whole_seconds(alert), alert.get("policy", {})
            labels = policy.get("userLabels", {})
            if at is not None and alert.get("state") == "OPEN" and _LABEL in labels.items():
                key = f"gcm|{self._project}|{alert['name'].rpartition('/')[2]}"
                yield Firing(key=key, at=at, labels=labels, name=policy.get("displayName", ""))


def _whole_seconds(alert: Mapping[str, Any]) -> str | None:
    """When the alert began to fire, in whole seconds like a notification, so that both give the same event."""
    opened = instant.normalise(alert.get("openTime"))
    return instant.text(instant.moment(opened).astimezone(UTC).replace(microsecond=0)) if opened else None
