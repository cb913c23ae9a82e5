# SPDX-License-Identifier: Apache-2.0
"""How is a true payload opened, changed at one place, and closed again?"""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value, the value itself first."""
    yield here
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from paths(one, (*here, key))


def replaced(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    """A copy in which the value at `path` is changed; `...` from `change` removes it."""
    if not path:
        return change(value)
    key, *rest = path
    inner = replaced(value[key], tuple(rest), change)
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    kept = [(name, inner if name == key else one) for name, one in items if name != key or inner is not ...]
    return dict(kept) if isinstance(value, dict) else [one for _, one in kept]


def opened(body: bytes) -> Any:
    """The JSON of a body, carried JSON texts and base64 data opened too."""
    return _opened(json.loads(body))


def _opened(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _carried(key, one) for key, one in value.items()}
    return [_opened(one) for one in value] if isinstance(value, list) else value


def _carried(key: str, value: Any) -> Any:
    if key == "data" and isinstance(value, str):
        return {"base64": base64.b64decode(value).decode("utf-8", "replace")}
    return _opened(value)


def closed(value: Any) -> Any:
    """The inverse of `opened`."""
    if isinstance(value, dict):
        if isinstance(value.get("base64"), str):
            return base64.b64encode(value["base64"].encode()).decode()
        return {key: closed(one) for key, one in value.items()}
    return [closed(one) for one in value] if isinstance(value, list) else value
