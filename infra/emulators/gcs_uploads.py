# SPDX-License-Identifier: Apache-2.0
"""How do bytes arrive? In one request, with their metadata in two parts, or resumably in chunks.

https://cloud.google.com/storage/docs/uploads-downloads
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.emulators import gcs_preconditions as preconditions
from infra.emulators.gcs_buckets import Buckets
from infra.emulators.http_serving import Answer, Call, Refusal, shown

_BOUNDARY = re.compile(r"boundary=['\"]?([^'\";]+)")
_TYPE = re.compile(rb"(?i)content-type:\s*([^\r\n]+)")
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass(slots=True, kw_only=True)
class Session:
    """A resumable upload under way."""

    bucket: str
    name: str
    meta: Mapping[str, Any]
    query: Mapping[str, str]
    data: bytearray = field(default_factory=bytearray)


class Uploads:
    """All ways to write an object."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets
        self._sessions: dict[str, Session] = {}

    def begin(self, call: Call, bucket: str) -> Answer:
        """A POST: the whole object, or the start of a session."""
        match call.query.get("uploadType"):
            case "multipart":
                return self._multipart(call, bucket)
            case "resumable":
                return self._session(call, bucket)
            case _:
                meta = {"contentType": call.headers.get("content-type")}
                return self._put(bucket, call.query["name"], call.body, meta, call.query)

    def go_on(self, call: Call, bucket: str) -> Answer:
        """A PUT: one chunk of a session, or the question of how much has arrived."""
        session = self._sessions.get(call.query.get("upload_id", ""))
        if session is None or session.bucket != bucket:
            raise Refusal(404, "No such upload session.")
        total = _append(session, call)
        if total is None or len(session.data) < total:
            arrived = {"range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
            return Answer(status=308, headers=arrived)
        done = self._put(bucket, session.name, bytes(session.data), session.meta, session.query)
        del self._sessions[call.query["upload_id"]]
        return done

    def give_up(self, call: Call, bucket: str) -> Answer:
        """A DELETE: end the session, which the API answers with 499."""
        del bucket
        self._sessions.pop(call.query.get("upload_id", ""), None)
        return Answer(status=499)

    def _put(self, bucket: str, name: str, data: bytes, meta: Mapping[str, Any], query: Mapping[str, str]) -> Answer:
        return shown(self._buckets.put(self._buckets.bucket(bucket), name, data, meta, query).meta)

    def _multipart(self, call: Call, bucket: str) -> Answer:
        boundary = _BOUNDARY.search(call.headers.get("content-type", ""))
        if boundary is None:
            raise Refusal(400, "A multipart upload needs a boundary.")
        _, first, second, *_ = call.body.split(b"--" + boundary[1].encode())
        meta = json.loads(first.split(b"\r\n\r\n", 1)[1])
        head, data = second.split(b"\r\n\r\n", 1)
        if kind := _TYPE.search(head):
            meta.setdefault("contentType", kind[1].decode())
        return self._put(bucket, call.query.get("name") or meta["name"], data.removesuffix(b"\r\n"), meta, call.query)

    def _session(self, call: Call, bucket: str) -> Answer:
        """The session of a call. Preconditions are checked when a session begins and again at its last byte."""
        meta = call.json()
        meta.setdefault("contentType", call.headers.get("x-upload-content-type"))
        name = call.query.get("name") or meta["name"]
        live = self._buckets.bucket(bucket).live.get(name)
        preconditions.check(live.meta if live else None, call.query)
        upload = uuid.uuid4().hex
        self._sessions[upload] = Session(bucket=bucket, name=name, meta=meta, query=call.query)
        where = f"{call.host}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={upload}"
        return Answer(headers={"location": where, "x-guploader-uploadid": upload})


def _append(session: Session, call: Call) -> int | None:
    """Append a chunk; the total number of bytes, or None while it is unknown."""
    match = _RANGE.fullmatch(call.headers.get("content-range", ""))
    if match is None:
        session.data += call.body
        return len(session.data)
    if match[1]:
        session.data[int(match[1]) :] = call.body
    return None if match[3] == "*" else int(match[3])
