# SPDX-License-Identifier: Apache-2.0
"""Which topics may tell us of an alarm?"""

import pytest
from msgspec.structs import replace
from tests.sources.cases import case

from federation.sources import read

FIRING = case("cloudwatch/sns_invocation_firing")
TOPIC = "arn:aws:sns:eu-west-1:111122223333:ops"


def knock(topics, body=FIRING.body):
    return read(FIRING.request(body), replace(FIRING.trust, sns_topics=topics))


def test_a_topic_that_the_trust_names_is_heard():
    assert TOPIC.encode() in FIRING.body
    assert knock(frozenset({TOPIC})).signal.verdict == "accept"


@pytest.mark.parametrize("topics", [frozenset(), frozenset({f"{TOPIC}-2"})], ids=["none is named", "another is named"])
def test_where_topics_are_named_no_other_of_our_account_is_heard(topics):
    reading = knock(topics)
    assert (reading.verdict, reading.error, reading.signal) == ("reject", "sns_topic_not_allowed", None)


def test_what_is_no_topic_of_sns_is_not_heard_though_it_lies_in_our_account():
    queue = FIRING.body.replace(TOPIC.encode(), TOPIC.replace(":sns:", ":sqs:").encode())
    assert knock(None, queue).error == "sns_topic_not_allowed"
