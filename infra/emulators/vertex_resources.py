# SPDX-License-Identifier: Apache-2.0
"""How are resources of the emulated Vertex AI named, listed by a filter, and changed by long-running operations?"""

import itertools
import operator
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from infra.emulators.http_serving import Answer, Call, Refusal, shown

PARENT: Final = "/v1/projects/([^/]+)/locations/([^/]+)"
"""Pattern of the path of a project's region."""
_TERM: Final = re.compile(r'\s*([A-Za-z_.-]+)\s*(>=|<=|!=|=|>|<)\s*"([^"]*)"\s*')
_COMPARE: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


def moment() -> str:
    """The current time, in the API's format."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Resources:
    """Every resource by its full name, which states the project by number, as the service does."""

    def __init__(self, projects: Mapping[str, str]) -> None:
        self.lock = threading.RLock()
        self.all: dict[str, dict[str, Any]] = {}
        self.sparse = False
        """Whether any page may have fewer items than asked for, even none (https://google.aip.dev/158)."""
        self._projects = projects
        self._ids = itertools.count(4_000_000_000_000_000_001)

    def parent(self, project: str, location: str) -> str:
        """The name of a project's region; the project is given by id or number.

        Raises:
            Refusal: 403, as for every project that does not belong to the caller.
        """
        if project not in {*self._projects, *self._projects.values()}:
            raise Refusal(403, f"Permission denied on resource project {project}.")
        return f"projects/{self._projects.get(project, project)}/locations/{location}"

    def id(self) -> str:
        """An unused id; the service chooses it, never the caller."""
        return str(next(self._ids))

    def there(self, name: str) -> dict[str, Any]:
        """The resource of that name.

        Raises:
            Refusal: 404.
        """
        if name not in self.all:
            raise Refusal(404, f"{name} is not found.")
        return self.all[name]

    def keep(self, name: str, resource: Mapping[str, Any]) -> dict[str, Any]:
        """Store a new resource with its times and first etag."""
        when = moment()
        kept = {**resource, "name": name, "createTime": when, "updateTime": when, "etag": f"AMEw9y{self.id()}"}
        self.all[name] = kept
        return kept

    def touch(self, resource: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Change a resource: it gets a new etag, and a new time unless `changes` says otherwise."""
        resource.update({"updateTime": moment(), "etag": f"AMEw9y{self.id()}", **changes})
        return resource

    def operation(self, parent: str, kind: str, response: Mapping[str, Any]) -> Answer:
        """The service's answer if a change takes long: an operation, here already done, that can be read again."""
        name = f"{parent}/operations/{self.id()}"
        done = {
            "name": name,
            "metadata": {"@type": f"{kind}OperationMetadata"},
            "done": True,
            "response": dict(response),
        }
        self.all[name] = done
        return shown(done)

    def page(self, call: Call, prefix: str, items: str, fields: Iterable[str]) -> Answer:
        """The resources below a prefix that pass the filter, latest first.

        Args:
            call: The call; its query may have `filter`, `pageSize` and `pageToken`.
            prefix: Prefix of the resources' names.
            items: Key of the resources in the answer.
            fields: The fields that the service can filter by, in snake case; labels always work.

        Raises:
            Refusal: 400: the filter names another field.
        """
        with self.lock:
            passes = _filter(call.query.get("filter", ""), frozenset(fields))
            below = [one for name, one in self.all.items() if name.startswith(prefix)]
            found = [one for one in reversed(below) if self.sparse or passes(one)]
        start = int(call.query.get("pageToken") or 0)
        size = 1 if self.sparse else int(call.query.get("pageSize") or 100)
        token = {"nextPageToken": str(start + size)} if start + size < len(found) else {}
        return shown({items: [one for one in found[start : start + size] if passes(one)], **token})


def _filter(text: str, fields: frozenset[str]) -> Callable[[Mapping[str, Any]], bool]:
    """Comparisons joined by AND: the part of AIP-160 that is used here."""
    terms = [_TERM.fullmatch(part) for part in re.split(r"\bAND\b", text)] if text else []
    found = []
    for match in terms:
        field = match[1] if match else ""
        if match is None or not (field in fields or field.startswith("labels.")):
            raise Refusal(400, f"Invalid filter: {text}")
        found.append((field, _COMPARE[match[2]], match[3]))
    return lambda one: all(compare(_value(one, field), value) for field, compare, value in found)


def _value(resource: Mapping[str, Any], field: str) -> str:
    if field.startswith("labels."):
        return str(resource.get("labels", {}).get(field.removeprefix("labels."), ""))
    head, *rest = field.split("_")
    return str(resource.get(head + "".join(part.title() for part in rest), ""))
