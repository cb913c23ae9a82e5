# SPDX-License-Identifier: Apache-2.0
"""Which push to the Hugging Face Hub moved which of our refs to which commit?

A webhook has no id, no time and no signature: the secret is the proof, and repository, ref and commit are the key. Only
`updatedRefs` is to be trusted; `headSha` is main's head when the webhook was sent. Anybody can open a pull request, so
only refs that the trust names count. https://huggingface.co/docs/hub/webhooks
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from federation.sources.bearer import is_same
from federation.sources.body import json_object, mapping_in, matching, object_of, text_of
from federation.sources.carrier import read_or_reject
from federation.sources.reading import Completion, Reading, Request, UnreadableError, accepted, ignored, quoted
from federation.sources.trust import Trust

_VERSION: Final = 3
_SHA: Final = r"[0-9a-f]{40}"
_NO_SHA: Final = "0" * 40
_ID: Final = r"[A-Za-z0-9]{1,64}"
_NAME: Final = r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9_][A-Za-z0-9._-]{0,95}"
_REF: Final = r"refs/(?:heads|tags)/[A-Za-z0-9][A-Za-z0-9._/+-]{0,254}"
_CONFUSING: Final = r"\.\.|//|\.$|/$|\.lock$"
_COMPARE: Final = "compare newSha with current head before moving a 'latest' pointer"


def read(request: Request, trust: Trust) -> Reading:
    """The reading of a webhook.

    Raises:
        UnreadableError: `secret_missing`, `secret_wrong`, `unsupported_webhook_version`, `not_an_event`,
            `owner_not_allowed`, `bad_repo_name`, `bad_repo_id`, `bad_ref`, `bad_sha`, and the faults of a body.
    """
    _require_secret(request, trust)
    body = json_object(request.body)
    version = mapping_in(body, "webhook").get("version")
    if version != _VERSION or isinstance(version, bool | float):
        raise UnreadableError(
            "unsupported_webhook_version",
            f"webhook.version is {quoted(version)}; only 3 is read. If the Hub sends this, update federation.",
        )
    event = object_of(body.get("event"), "not_an_event", "event")
    repo = object_of(body.get("repo"), "not_an_event", "repo")
    name = _repo_name(repo, trust)
    if not _is_push(event, body.get("updatedRefs")):
        return ignored(
            f"event.action {quoted(event.get('action'))} of event.scope "
            f"{quoted(event.get('scope'))} does not move a branch or tag."
        )
    if repo.get("type") != "model":
        return ignored(f"repo.type is {quoted(repo.get('type'))}; only pushes to models are recorded.")
    if name in trust.hub_registries:
        return ignored(
            f"repo.name is {quoted(name)}, which is hf_registry of the trust document: a push there is a "
            "release, not a unit."
        )
    return _push_reading(body, repo, name, trust)


def _require_secret(request: Request, trust: Trust) -> None:
    secret = request.headers.get("x-webhook-secret")
    if not secret:
        if request.proven:
            return
        raise UnreadableError(
            "secret_missing",
            "The request has no X-Webhook-Secret. Set hf_secret of the trust document as the webhook's secret.",
        )
    own_secret = trust.hub_secret
    if own_secret is None or not is_same(secret, own_secret):
        raise UnreadableError(
            "secret_wrong",
            "X-Webhook-Secret is not hf_secret of the trust document. Set the same in the Hub's webhook and there.",
        )


def _repo_name(repo: Mapping[str, Any], trust: Trust) -> str:
    name = matching(repo.get("name"), _NAME, "bad_repo_name", "repo.name")
    owner = name.rpartition("/")[0]  # the oldest repositories, such as gpt2, have none
    if owner not in trust.hub_owners:
        raise UnreadableError(
            "owner_not_allowed",
            f"The owner in repo.name is {quoted(owner)}, which is not trusted. "
            "If it is yours, add it to hf_owner of the trust document.",
        )
    return name


def _is_push(event: Mapping[str, Any], refs: Any) -> bool:
    """Whether a ref may have moved. The action does not count; in an unknown scope, `updatedRefs` decides."""
    scope = text_of(event.get("scope"), "not_an_event", "event.scope")
    text_of(event.get("action"), "not_an_event", "event.action")
    return f"{scope}.".startswith("repo.content.") or (bool(refs) and f"{scope}.".startswith("repo."))


def _push_reading(body: Mapping[str, Any], repo: Mapping[str, Any], name: str, trust: Trust) -> Reading:
    """One completion for each trusted ref that moved: a tag and main pushed at once are two keys on one commit.

    A ref that cannot be used is named in the reason. It is a fault only if no other ref moved, so that no push to main
    is lost.
    """
    identity = matching(repo.get("id"), _ID, "bad_repo_id", "repo.id")
    readings = [
        read_or_reject(reading, lambda ref: _ref_reading(ref, repo, name, identity, trust)) for reading in _refs(body)
    ]
    completions = [completion for reading in readings for completion in reading.completions]
    fault = next((reading for reading in readings if reading.error), None)
    if not completions:
        return fault or ignored(
            "The push moved no ref of hf_refs in the trust document to a new commit; there is nothing to record."
        )
    refs = ", ".join(reading.ref or "" for reading in completions[:3])
    return accepted(f"The push moved {refs}.{f' Left out: {fault.why}' if fault else ''}", *completions)


def _refs(body: Mapping[str, Any]) -> list[Any]:
    refs = body.get("updatedRefs")
    if refs is not None and not isinstance(refs, list):
        raise UnreadableError("bad_ref", f"updatedRefs is {quoted(refs)}; the sender must write an array.")
    return refs or []


def _ref_reading(member: Any, repo: Mapping[str, Any], name: str, identity: str, trust: Trust) -> Reading:
    """The reading of one updated ref. A null commit is a deletion."""
    update = object_of(member, "bad_ref", "A member of updatedRefs")
    ref = text_of(update.get("ref"), "bad_ref", "updatedRefs[].ref")
    if not any(pattern.fullmatch(ref) for pattern in trust.hub_refs):
        return ignored(f"updatedRefs[].ref is {quoted(ref)}, which hf_refs of the trust document does not allow.")
    if not re.fullmatch(_REF, ref) or re.search(_CONFUSING, ref):
        raise UnreadableError(
            "bad_ref",
            f"updatedRefs[].ref is {quoted(ref)}; it must be refs/heads/NAME or refs/tags/NAME, "
            "with a NAME that is safe in a path. Rename it.",
        )
    if update.get("newSha", "") in (None, _NO_SHA):
        return ignored(f"{quoted(ref)} was deleted; there is nothing to record.")
    return accepted(f"{ref} moved.", _completion(name, identity, update, repo.get("headSha")))


def _completion(name: str, identity: str, update: Mapping[str, Any], head: Any) -> Completion:
    sha = matching(update.get("newSha"), _SHA, "bad_sha", "updatedRefs[].newSha")
    old, ref = update.get("oldSha"), update["ref"]
    overtaken = ref == "refs/heads/main" and isinstance(head, str) and head != sha
    return Completion(
        provider="huggingface",
        resource=f"hf://models/{name}",
        artifact_uri=f"hf://models/{name}@{sha}",
        artifact_is_prefix=True,
        dedupe_key=f"hf|{identity}|{ref}|{sha}",
        revision=sha,
        previous_revision=old if isinstance(old, str) and re.fullmatch(_SHA, old) and old != _NO_SHA else None,
        ref=ref,
        requires_enrichment=_COMPARE if overtaken else None,
    )
