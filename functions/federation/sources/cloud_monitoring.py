# SPDX-License-Identifier: Apache-2.0
"""Which Cloud Monitoring incident opened or closed, and has the service recovered?

Closed is not recovered: an incident also closes when data ceases or its policy is edited, and then its last value is a
sentence instead of a number. The console's test notification, with an incident in a made-up project, must do nothing.
Schema 1.2 of the Pub/Sub channel:
https://docs.cloud.google.com/monitoring/support/notification-options#pubsub
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from federation.core.instant import normalise
from federation.sources.body import digits_of, labels_of, mapping_in, matching, names_of, object_of, text_of
from federation.sources.reading import Reading, ReadingVerdict, Signal, State, UnreadableError, ignored, quoted
from federation.sources.trust import Trust

_INCIDENT: Final = r"[A-Za-z0-9._-]{1,128}"
_VERSION: Final = r"1\.[0-9]{1,3}|test"
_MEASURED: Final = r"(?a)[+-]?\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?(?: ?\S{1,16})?"
_SLO: Final = r"select_slo_burn_rate\(\s*[\"'](projects/[^\"'\s]{1,400}/serviceLevelObjectives/[^\"'\s]{1,100})"


def read(body: Mapping[str, Any], trust: Trust, published_at: str | None) -> Reading:
    """The reading of a notification.

    Args:
        body: `{"version": ..., "incident": {...}}`.
        trust: Which scoping project is ours.
        published_at: When the notification was published, used if the incident states no time.

    Raises:
        UnreadableError: `unsupported_incident_version`, `not_an_event`, `project_not_allowed`, `bad_incident_id` or
            `missing_state`.
    """
    version = matching(_version_text(body.get("version")), _VERSION, "unsupported_incident_version", "version")
    incident = object_of(body["incident"], "not_an_event", "incident")
    name = matching(digits_of(incident.get("incident_id")), _INCIDENT, "bad_incident_id", "incident.incident_id")
    key = f"gcm|{trust.project if version == 'test' else _project(incident, trust)}|{name}"
    state_text = text_of(incident.get("state"), "missing_state", "incident.state").lower()
    state, verdict = _state("test" if version == "test" else state_text, incident)
    changed_at = incident.get("started_at") if state_text == "open" else incident.get("ended_at")
    at = normalise(changed_at) or normalise(published_at)
    names = names_of((incident.get("policy_name"), at))
    signal = Signal(kind="alarm", verdict=verdict, state=state, key=key, at=at, names=names, labels=_labels(incident))
    return ignored(
        f"The state of incident {name} is {quoted(state_text)}"
        f"{', but only in a test' if version == 'test' else '; it recovers if closed with a measured value or none'}.",
        signal,
    )


def _version_text(version: Any) -> Any:
    """The version as text. A forwarder may have made it a number; without one, 1.2 is assumed."""
    return str(version) if isinstance(version, float) else version or "1.2"


def _project(incident: Mapping[str, Any], trust: Trust) -> str:
    """The scoping project. An incident that names no project is ours, unless its condition names another.

    It came through our subscription, and losing a breach would do more harm.
    """
    stated = incident.get("scoping_project_id") or incident.get("scoping_project_number")
    project_value = stated or _condition_project(mapping_in(incident, "condition").get("name")) or trust.project
    project = digits_of(project_value)
    if not isinstance(project, str) or project not in trust.projects:
        raise UnreadableError(
            "project_not_allowed",
            f"The project is {quoted(project_value)}, which is not the one in the trust document. "
            "If it is yours, correct gcp_project or gcp_project_number there.",
        )
    return trust.project or project


def _condition_project(condition: Any) -> str | None:
    """The project in a condition's resource name, `projects/<project>/alertPolicies/...`, or None."""
    match = re.match(r"projects/([^/]{1,63})/", condition) if isinstance(condition, str) else None
    return match[1] if match else None


def _state(state_text: str, incident: Mapping[str, Any]) -> tuple[State, ReadingVerdict]:
    """The state and verdict of an incident. A closed one has recovered unless its last value is not a measurement."""
    if state_text == "open":
        return "firing", "accept"
    if state_text != "closed":
        return "unknown", "ignore"
    observed = incident.get("observed_value")
    measured = observed is None or (isinstance(observed, str) and re.fullmatch(_MEASURED, observed.strip()))
    return ("resolved", "accept") if measured or isinstance(observed, int | float) else ("unknown", "ignore")


def _labels(incident: Mapping[str, Any]) -> dict[str, str]:
    """The policy's user labels, which name the service, and the SLO, which is only in the filter's text."""
    labels = labels_of(incident.get("policy_user_labels"))
    condition = mapping_in(incident, "condition")
    texts = (mapping_in(condition, key).get("filter") for key in ("conditionThreshold", "conditionAbsent"))
    for text in texts:
        match = re.search(_SLO, text) if isinstance(text, str) else None
        if match:
            return {"slo": match[1], **labels}
    return labels
