# SPDX-License-Identifier: Apache-2.0
"""Since when does a composite alarm fire whose suppression has ended?

CloudWatch tells that end as a change from ALARM to ALARM, with the time of the end. The sequence is one that somebody
captured on AWS in September 2026 (radkawar/stackd testdata/aws/cloudwatch/alarm_delivery.json), its account replaced.
"""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.cases import TRUST

from federation.core.alarm import counts_at
from federation.core.instant import microseconds
from federation.sources import Request, Signal, read
from federation.sources.entry import of_invocation

ACCOUNT, NAME = "111122223333", "churn-slo-composite"
ARN = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{NAME}"
CHILD = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:churn-slo-child"


def at(second: str) -> str:
    return f"2026-09-14T06:42:{second}+0000"


def state(value: str, since: str, child: str, by: str | None = None) -> dict[str, Any]:
    triggers = [{"arn": CHILD, "state": {"value": value, "timestamp": at(child)}}]
    suppressed = {"actionsSuppressedBy": by, "actionsSuppressedReason": f"Actions suppressed by {by}"} if by else {}
    reason = {"reason": f"{CHILD} transitioned to {value}", "reasonData": json.dumps({"triggeringAlarms": triggers})}
    return {**suppressed, "value": value, **reason, "timestamp": at(since)}


WAITED = {
    "previousState": state("ALARM", "02.864", "02.864", "WaitPeriod"),
    "state": state("ALARM", "07.864", "02.864"),
}
HELD = {
    "previousState": state("OK", "31.856", "30.399", "Alarm"),
    "state": state("ALARM", "35.644", "35.644", "Alarm"),
}
RELEASED = {
    "previousState": state("ALARM", "49.316", "35.644", "ExtensionPeriod"),
    "state": state("ALARM", "54.316", "35.644"),
}


def by_event(change: dict[str, Any]) -> Any:
    return {
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": ACCOUNT,
        "time": "2026-09-14T06:42:54Z",
        "region": "us-east-1",
        "resources": [ARN],
        "detail": {"alarmName": NAME, **change},
    }


def by_action(change: dict[str, Any]) -> Any:
    told = change["state"]["timestamp"]
    data = {"alarmName": NAME, **change}
    return {"source": "aws.cloudwatch", "alarmArn": ARN, "accountId": ACCOUNT, "time": told, "alarmData": data}


def by_topic(**members: Any) -> Any:
    message = {"AlarmArn": ARN, "NewStateValue": "ALARM", "StateChangeTime": at("54.316"), **members}
    notification = {
        "Type": "Notification",
        "TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:slo",
        "Message": json.dumps(message),
    }
    return {"Records": [{"EventSource": "aws:sns", "Sns": notification}]}


def heard(payload: Any) -> Signal:
    signal = read(Request(entry=of_invocation(payload), body=json.dumps(payload).encode()), TRUST).signal
    assert signal is not None
    return signal


@pytest.mark.parametrize("shape", [by_event, by_action])
@pytest.mark.parametrize(
    ("change", "began"), [(WAITED, "02.864"), (RELEASED, "35.644")], ids=["a wait", "an extension"]
)
def test_an_alarm_whose_suppression_ends_is_as_old_as_its_state(shape: Any, change: dict[str, Any], began: str):
    signal = heard(shape(change))
    assert (signal.verdict, signal.state, signal.suppressed_by) == ("accept", "firing", None)
    assert signal.at == f"2026-09-14T06:42:{began}Z"


def test_an_alarm_that_changes_its_state_is_as_old_as_the_event():
    signal = heard(by_event(HELD))
    assert (signal.verdict, signal.suppressed_by, signal.at) == ("ignore", "Alarm", "2026-09-14T06:42:35.644Z")
    for before in (HELD["previousState"], state("ALARM", "12.000", "12.000")):
        free = {"previousState": before, "state": state("ALARM", "35.644", "12.000")}
        assert heard(by_event(free)).at == "2026-09-14T06:42:35.644Z"


def test_a_release_that_began_after_the_breach_is_not_left_when_the_suppression_ends():
    since, now = "2026-09-14T06:42:40Z", "2026-09-14T06:43:00Z"
    assert counts_at(heard(by_event(RELEASED)).at or "", since, 0, now) is None


@pytest.mark.parametrize(
    "reasons", [None, "{", "[]", '{"triggeringAlarms": {}}', '{"triggeringAlarms": [1, {"state": 2}]}']
)
def test_where_no_trigger_is_told_it_is_no_younger_than_its_suppression(reasons: Any):
    change = {**RELEASED, "state": {**RELEASED["state"], "reasonData": reasons}}
    signal = heard(by_event(change))
    assert (signal.verdict, signal.at) == ("accept", "2026-09-14T06:42:49.316Z")


def test_a_topic_tells_it_by_the_children_that_triggered_it():
    children = [{"Arn": CHILD, "State": {"Value": "ALARM", "Timestamp": at("35.644")}}]
    assert heard(by_topic(OldStateValue="ALARM", TriggeringChildren=children)).at == "2026-09-14T06:42:35.644Z"
    assert heard(by_topic(OldStateValue="ALARM")).at == "2026-09-14T06:42:54.316Z"
    assert heard(by_topic(OldStateValue="OK", TriggeringChildren=children)).at == "2026-09-14T06:42:54.316Z"


odd = (
    st.none()
    | st.integers(0, 2**60)
    | st.text(max_size=30)
    | st.sampled_from([at("00.000"), at("59.999"), "9999-12-31"])
)


@given(previous=odd, child=odd, by=odd | st.sampled_from(["WaitPeriod", "Alarm"]))
def test_whatever_the_diagnostics_say_the_alarm_counts_and_gets_no_younger(previous: Any, child: Any, by: Any):
    triggers = {"triggeringAlarms": [{"state": {"timestamp": child}}]}
    change = {
        "previousState": {"value": "ALARM", "timestamp": previous, "actionsSuppressedBy": by},
        "state": {"value": "ALARM", "timestamp": at("54.316"), "reasonData": json.dumps(triggers)},
    }
    signal = heard(by_event(change))
    assert (signal.verdict, signal.state) == ("accept", "firing")
    assert microseconds(signal.at or "") <= microseconds("2026-09-14T06:42:54.316Z")


def test_of_several_children_the_last_that_changed_says_since_when():
    """The alarm did not fire before its last condition held, whichever way the two are listed."""
    early, late = (
        {"arn": CHILD, "state": {"value": "ALARM", "timestamp": at(second)}} for second in ("35.000", "35.644")
    )
    for triggers in ([early, late], [late, early]):
        reasons = json.dumps({"triggeringAlarms": triggers})
        change = {**RELEASED, "state": {**RELEASED["state"], "reasonData": reasons}}
        assert heard(by_event(change)).at == "2026-09-14T06:42:35.644Z"


def test_a_wait_began_with_the_state_also_where_a_trigger_had_changed_long_before():
    change = {**WAITED, "state": state("ALARM", "07.864", "00.100")}
    assert heard(by_event(change)).at == "2026-09-14T06:42:02.864Z"
