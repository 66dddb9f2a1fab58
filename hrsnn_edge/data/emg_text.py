"""The EMG recordings as published: a text file for each person, session and gesture.

``_readings_{left,right}_hand/{person}-{session}/{gesture}.txt`` holds a minute at 200 samples a
second, nine whole numbers a line: eight electrodes and the gesture shown at that moment, 0 between
the holds of 5 s.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from hrsnn_edge.errors import DataError

RATE = 200
WINDOW, N_CHANNELS = 256, 8
CLASS_NAMES = (
    "rest", "flexion", "extension", "radial deviation", "ulnar deviation", "pronation",
    "supination", "fist",
)  # fmt: skip
#: Shortest hold [samples] and shortest file that are used; and holds of a minute of rest.
LEAST_HOLD, LEAST_FILE, REST_HOLDS = 600, 2000, 6
#: One person in this many is new to the network; the authors publish no split.
TEST_SHARE = 5
_NAME = re.compile(r"_readings_(?:left|right)_hand/(\d+)-(\d+)/([0-7])\.txt")


def read_published(folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays of the packed form, one window from the middle of each hold.

    Raises
    ------
    DataError
        No file of that name, or one without a hold that is long enough.
    """
    folder = Path(folder)
    found = {f: _NAME.fullmatch(f.relative_to(folder).as_posix()) for f in folder.glob("*/*/*.txt")}
    files = sorted((m[1], int(m[2]), int(m[3]), f) for f, m in found.items() if m)
    if not files:
        raise DataError(
            f"{folder}: must hold _readings_<left or right>_hand/<person>-<session>/<gesture>.txt"
        )
    persons = sorted({person for person, *_ in files})
    rows, windows = [], []
    for person, session, gesture, file in files:
        own = hold_windows(read_lines(file), gesture)
        if not own:
            raise DataError(f"{file}: must hold a gesture for {LEAST_HOLD} samples. Remove it.")
        windows += own
        number = persons.index(person)
        rows += [(gesture, number, session, number % TEST_SHARE == TEST_SHARE - 1)] * len(own)
    names = ("label", "subject", "session", "split")
    return {
        "x": np.array(windows),
        **{
            name: np.array(v, np.int64)
            for name, v in zip(names, zip(*rows, strict=True), strict=True)
        },
        "subjects": np.array(persons),
        "classes": np.array(CLASS_NAMES),
        "rate": np.array(RATE),
    }


def read_lines(file: Path) -> np.ndarray:
    """Return the lines of a file that hold nine whole numbers, (L, 9) int64.

    Lines that ran together upstream are left out; a file of few whole lines is refused.
    """
    text = file.read_text(encoding="ascii", errors="replace")
    whole = re.findall(r"^\s*-?\d+(?:\s*,\s*-?\d+){8}\s*$", text, re.MULTILINE)
    if len(whole) < LEAST_FILE:
        raise DataError(
            f"{file}: must hold {LEAST_FILE} lines of nine whole numbers, not {len(whole)}. "
            "The file is cut short."
        )
    return np.array([line.split(",") for line in whole]).astype(np.int64)


def hold_windows(lines: np.ndarray, gesture: int) -> list[np.ndarray]:
    """Return the middle of each hold, (256, 8) int8; rest has no holds and gives six windows."""
    if gesture == 0:
        middles = [int((k + 0.5) * len(lines) / REST_HOLDS) for k in range(REST_HOLDS)]
    else:
        edges = np.flatnonzero(
            np.diff(lines[:, N_CHANNELS] == gesture, prepend=False, append=False)
        )
        pairs = zip(edges[::2], edges[1::2], strict=True)
        middles = [(int(a) + int(b)) // 2 for a, b in pairs if b - a >= LEAST_HOLD]
    starts = [m - WINDOW // 2 for m in middles]
    return [lines[s : s + WINDOW, :N_CHANNELS].clip(-128, 127).astype(np.int8) for s in starts]
