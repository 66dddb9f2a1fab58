"""TOML text to a checked value; a wrong key is named by line and nearest right key."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import is_dataclass
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import BaseModel, ValidationError

from hrsnn_edge.errors import ExperimentError

Model = TypeVar("Model", bound=BaseModel)


def line_of(text: str, path: tuple) -> int | None:
    r"""Return the 1-based line on which the key or table `path` is set; None if it is not.

    Looks for the key below its table header, or for a dotted key below a shorter header; it is
    for messages only and does not parse values.

    >>> line_of("[a]\\nb = 1\\n", ("a", "b"))
    2
    """
    table: tuple = ()
    for number, raw in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]", raw)
        if header:
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            if table == path:
                return number
            continue
        key = re.match(r"\s*([\w.\-\"']+)\s*=", raw)
        if key:
            full = table + tuple(part.strip("\"'") for part in key[1].split("."))
            if full == path:
                return number
    return None


def _fields(model: Any) -> dict[str, Any]:
    """Return the fields of a pydantic model or a dataclass, name to type; {} for others."""
    if hasattr(model, "model_fields"):
        return {name: field.annotation for name, field in model.model_fields.items()}
    return get_type_hints(model) if is_dataclass(model) else {}


def _choices(kind: Any) -> list[Any]:
    """Return `kind` and, of a union or an annotated type, all it is made of."""
    return [kind, *(leaf for part in get_args(kind) for leaf in _choices(part))]


def _known_keys(model: Any, loc: tuple[str, ...]) -> list[str]:
    """Return the keys allowed in the table at `loc`, a pydantic error location."""
    models = [model]
    for part in loc:
        inner = [_fields(m)[part] for m in models if part in _fields(m)]
        if inner:
            models = [c for kind in inner for c in _choices(kind) if _fields(c)]
        else:  # the tag of a union: keep the member that carries it
            models = [m for m in models if part in get_args(_fields(m).get("name"))]
    return sorted({key for m in models for key in _fields(m)})


def _path_in(document: Any, loc: tuple[str, ...]) -> tuple[str, ...]:
    """Return `loc` without the union tags that pydantic puts in: a path of the document."""
    path = []
    for part in loc:
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif part != loc[-1]:
            continue
        path.append(part)
    return tuple(path)


def _message(error: dict[str, Any], text: str, document: Any, model: type) -> str:
    """Return one line for one pydantic error."""
    loc = tuple(str(p) for p in error["loc"])
    path = _path_in(document, loc)
    name = ".".join(path)
    line = line_of(text, path) or line_of(text, path[:-1])
    where = f"line {line}: " if line else ""
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _known_keys(model, loc[:-1])
        near = difflib.get_close_matches(path[-1], known, 1, 0.4)
        hint = f"Did you mean '{near[0]}'?" if near else f"Allowed: {', '.join(known)}."
        return f"{where}unknown key '{name}'. {hint}"
    if error["type"] == "missing":
        return f"{where}key '{name}' is missing."
    if error["type"] == "union_tag_not_found":
        return f"{where}key '{name}.name' is missing."
    if error["type"] == "union_tag_invalid":
        context = error["ctx"]
        return f"{where}'{name}.name' must be {context['expected_tags']}, not '{context['tag']}'."
    if error["type"] == "value_error":
        return f"{where}{error['msg'].removeprefix('Value error, ')}."
    got = repr(error["input"])
    got = got if len(got) < 60 else got[:57] + "..."
    what = error["msg"].replace("Input should be ", "must be ", 1)
    return f"{where}'{name}' {what}, not {got}."


def load_toml(text: str, model: type[Model], name: str) -> Model:
    """Return `text` checked against the pydantic `model`.

    Raises
    ------
    ExperimentError
        All that is wrong, one line each, with the line number in the file called `name`.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ExperimentError(f"{name}: not valid TOML: {error}") from None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        lines = [_message(e, text, raw, model) for e in error.errors()]
        raise ExperimentError("\n".join(f"{name}: {line}" for line in lines)) from None
