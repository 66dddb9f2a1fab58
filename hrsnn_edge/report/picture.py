"""A picture of the top of a report, taken by an installed Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from hrsnn_edge.errors import ToolFailedError, ToolMissingError

#: Programs that take a headless screenshot, in order of preference.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Longest time a screenshot may take [s].
TIMEOUT_S = 90.0
# The page has no script, so the sandbox, which containers often lack, protects nothing here.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
)


def find_browser() -> str | None:
    """Return the path of the first browser found, or None."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def screenshot(
    html: str, *, width: int = 1200, height: int = 1500, scale: float = 1.0, dark: bool = False
) -> tuple[bytes, str]:
    """Return a PNG of the top `width` by `height` CSS pixels of a page, and the browser's log.

    Parameters
    ----------
    html : str
        The page, as `render` returns it.
    width, height : int
        Size of the window; Chromium takes no window narrower than 500.
    scale : float
        Device pixels for each CSS pixel.
    dark : bool
        Ask for the dark colours.

    Raises
    ------
    ToolMissingError
        No browser is installed.
    ToolFailedError
        The browser wrote no picture.
    """
    browser = find_browser()
    if browser is None:
        raise ToolMissingError(
            f"A browser must be installed, one of {', '.join(BROWSERS)}. "
            "Only the picture of a report needs it; on Debian, `apt install chromium` supplies it."
        )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page, picture = Path(folder, "report.html"), Path(folder, "report.png")
        page.write_text(html, encoding="utf-8")
        command = [
            browser,
            *_FLAGS,
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}",
            f"--force-device-scale-factor={scale:g}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--screenshot={picture}",
            page.as_uri(),
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ToolFailedError(
                f"{browser} must take the picture within {TIMEOUT_S:g} s. Close other work and "
                "try again."
            ) from error
        if done.returncode or not picture.exists():
            tail = "\n".join(done.stderr.splitlines()[-10:])
            raise ToolFailedError(f"{browser} must write a picture, but did not:\n{tail}")
        return picture.read_bytes(), done.stderr
