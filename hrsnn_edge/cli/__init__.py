"""The command line: one file per verb; stations are imported inside their own verb."""

from __future__ import annotations

import json
import os
import sys

#: Exit code after Ctrl-C.
INTERRUPTED = 130


def interrupted() -> int:
    """Say what an interruption leaves behind, and return its exit code."""
    print("Interrupted; finished stations are kept and a rerun continues.", file=sys.stderr)
    return INTERRUPTED


def main() -> None:
    """Run ``hrsnn`` and leave with its exit code.

    0 done, 1 wrong input or failed check, 2 usage, 3 tool missing, 4 tool failed, 130 interrupted.
    """
    # Threads that spin while they wait for each other double the processor time of a training on a
    # machine with other work. Read when the threads' library is loaded, so set before any station.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    sys.exit(execute(sys.argv[1:]))


def execute(argv: list[str]) -> int:
    """Run one command line and return its exit code."""
    import typer

    from hrsnn_edge.cli.app import app
    from hrsnn_edge.errors import HrsnnError

    try:
        code = app(argv, prog_name="hrsnn", standalone_mode=False) or 0
        # Newer versions of typer return this code for Ctrl-C, older ones raise `Abort`.
        return interrupted() if code == INTERRUPTED else code
    except (typer.Abort, KeyboardInterrupt):
        return interrupted()
    except HrsnnError as error:
        code, message = error.exit_code, str(error)
    except FileNotFoundError as error:
        code, message = 1, f"{error.filename}: no such file."
    except IsADirectoryError as error:
        code, message = 1, f"{error.filename}: must be a file, not a folder."
    except PermissionError as error:
        code, message = 1, f"{error.filename}: permission denied."
    except (ValueError, TypeError) as error:
        if "--debug" in argv:
            raise
        code, message = 1, str(error)
    except Exception as error:
        # Usage errors: their class moved between versions of typer, their two members did not.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        error.show()
        return error.exit_code
    print(f"hrsnn: {message}", file=sys.stderr)
    if "--json" in argv:
        print(json.dumps({"error": {"message": message, "exit_code": code}}))
    return code
