"""TOML text to a checked value, with every wrong key named by its line and the nearest right key."""

from __future__ import annotations

import difflib
import re
import tomllib
from typing import Any, TypeVar, get_args

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


def _known_keys(model: type, path: tuple) -> list[str]:
    """Return the keys allowed at the table `path` of a (nested) pydantic model."""
    for part in path:
        field = getattr(model, "model_fields", {}).get(part)
        if field is None:
            return []
        candidates = [field.annotation, *get_args(field.annotation)]
        model = next((c for c in candidates if hasattr(c, "model_fields")), type(None))
    return list(getattr(model, "model_fields", {}))


def _message(error: dict[str, Any], text: str, model: type) -> str:
    """Return one line for one pydantic error."""
    path = tuple(str(p) for p in error["loc"])
    name = ".".join(path)
    line = line_of(text, path) or line_of(text, path[:-1])
    where = f"line {line}: " if line else ""
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], _known_keys(model, path[:-1]), 1, 0.4)
        hint = (
            f" Did you mean '{near[0]}'?"
            if near
            else f" Allowed: {', '.join(_known_keys(model, path[:-1]))}."
        )
        return f"{where}unknown key '{name}'.{hint}"
    if error["type"] == "missing":
        return f"{where}key '{name}' is missing."
    got = repr(error["input"])
    got = got if len(got) < 60 else got[:57] + "..."
    text = error["msg"].removeprefix("Value error, ")
    if text.startswith("Input should be "):
        text = "must be " + text.removeprefix("Input should be ")
    return f"{where}'{name}' {text}, not {got}."


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
        lines = [_message(e, text, model) for e in error.errors()]
        raise ExperimentError("\n".join(f"{name}: {line}" for line in lines)) from None
