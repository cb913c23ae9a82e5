# SPDX-License-Identifier: Apache-2.0
"""What the Hugging Face Hub sends: a webhook, with its secret as the only proof.

The body has the same keys as events/huggingface/push_main. Names are the demo's.
"""

import json

from federation.core.digest import digest_of
from federation.demo.trust import HUB_SECRET, ORG
from federation.sources import Request


def push(repo: str, sha: str, *, before: str = "0" * 40, secret: str = HUB_SECRET) -> Request:
    """Somebody pushed to main.

    Args:
        repo: Name within the organisation.
        sha: The commit that main points to now.
        before: The commit that it pointed to.
        secret: The secret that the sender uses.
    """
    name = f"{ORG}/{repo}"
    body = {
        "event": {"action": "update", "scope": "repo.content"},
        "repo": {
            "type": "model",
            "name": name,
            "id": _id(name),
            "private": False,
            "url": {"web": f"https://huggingface.co/{name}", "api": f"https://huggingface.co/api/models/{name}"},
            "owner": {"id": _id(ORG)},
            "headSha": sha,
        },
        "updatedRefs": [{"ref": "refs/heads/main", "oldSha": before, "newSha": sha}],
        "webhook": {"id": _id("webhook"), "version": 3},
    }
    return Request(entry="http:hf-webhook", body=json.dumps(body).encode(), headers={"X-Webhook-Secret": secret})


def _id(name: str) -> str:
    return digest_of(name.encode()).removeprefix("sha256:")[:24]
