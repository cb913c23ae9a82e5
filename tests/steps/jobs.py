# SPDX-License-Identifier: Apache-2.0
"""Jobs that a policy describes, the places where they may run, and what is asked and told of them."""

import json

from federation.core import event as events
from federation.core.event import Event

JOB = {"platform": "gcp", "image": "json.tool", "arguments": ["--help"], "after_rollback": True}
SPOT = {"platform": "gcp", "machine": "g2", "region": "europe-west4", "spot": True, "price": "0.30"}
FIXED = {"platform": "gcp", "machine": "g2", "region": "europe-west4", "price": "0.90"}
PLACED = {"image": "json.tool", "arguments": ["--help"], "after_rollback": True, "max_minutes": 120}
ON_DEMAND_TOO = {**PLACED, "places": [SPOT, FIXED], "on_demand_after_spot": True}
NOON, MIDNIGHT = "2026-01-05T11:00:00Z", "2026-01-06T00:30:00Z"


def ask(home, key="one", **data):
    return home.tell(events.JOB_REQUESTED, key=key, kind="embedder", **data)


def started(home):
    """What each process was told to do, by the job's name."""
    jobs = home.local.folder / "jobs"
    return {folder.name: json.loads((folder / "job.json").read_bytes()) for folder in jobs.glob("*")}


class Region:
    """A platform that starts jobs in one region, as those of the clouds do."""

    def __init__(self, trainer, region):
        self._trainer = trainer
        self._region = region

    def refusal(self, name, job):
        return None if job["region"] == self._region else f"jobs run in {self._region}, not in {job['region']}"

    def launch(self, name, job):
        self._trainer.launch(name, job)


def requested(home, key="one"):
    """A request for an embedder."""
    data = {"kind": "embedder"}
    return Event(type=events.JOB_REQUESTED, source="//test", subject="x", time=home.now, key=key, data=data)


def verdicts(told):
    return {one["place"]: one["verdict"] for one in told.data["places"]}
