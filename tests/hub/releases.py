# SPDX-License-Identifier: Apache-2.0
"""A release as the fuse step would publish it, small enough to read."""

from federation.core.digest import canonical, digest

NAME = "acme-ai-federated-v1.0.0"


def release(name=NAME, kinds=("embedder", "textgen-lora")):
    units = {
        kind: {
            "name": f"acme/{kind}-v1",
            "platform": "hf",
            "origin": "new",
            "artifact": digest(kind),
            "report": digest([kind, "report"]),
        }
        for kind in kinds
    }
    return {
        "name": name,
        "api": "fusion-api-v1",
        "baseline": None,
        "change": {"bump": "first", "why": "The first release."},
        "policy": {"name": "production", "version": 3, "digest": digest("policy")},
        "units": units,
        "checklist": [{"item": "Nothing in quarantine is in it", "yes": True, "why": "checked"}],
    }


def body(name=NAME, **more):
    return canonical(release(name, **more))
