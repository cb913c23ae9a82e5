# SPDX-License-Identifier: Apache-2.0
"""Documents as steps store them, with what every reader takes for granted and little else."""

from federation.core.digest import digest
from federation.core.event import Event


def decision(step, event, why="", now=None):
    """What a step decided about an event: nothing but a sentence."""
    outcome = {"why": why, "documents": {}, "move": None, "acts": [], "events": []}
    return {
        "schema": "decision.v1",
        "step": step,
        "event": event.document(),
        "now": now or event.time,
        "reads": [],
        "outcome": outcome,
    }


def event(type_, subject, time, **data):
    """Something that happened."""
    return Event(type=type_, source="//test", subject=subject, time=time, key=f"{subject}|{time}", data=data)


def version(name, kind, time="2026-01-05T08:00:00Z", uri="s3://bucket/unit/"):
    """A unit as it was accepted."""
    stated = {"name": name, "kind": kind, "files": [], "contract": {}, "api": "v1", "evidence": {}}
    return {
        "name": name,
        "kind": kind,
        "unit": digest([name]),
        "artifact": digest(name),
        "platform": "aws",
        "uri": uri,
        "manifest_uri": f"{uri}_MANIFEST.json",
        "completed_at": time,
        "stated": {**stated, "residency": {"raw_data_left": False, "datasets": []}},
    }


def job(name, kind):
    """A job that was launched."""
    return {"name": name, "kind": kind, "job": {}, "told": {"why": "gcp on demand"}}


def ended(name, failure, at):
    """That a job ended without a unit."""
    return {"name": name, "failure": failure, "at": at, "followed_by": None}
