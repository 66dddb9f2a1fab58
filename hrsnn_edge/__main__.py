"""``python -m hrsnn_edge`` is ``hrsnn``."""

from hrsnn_edge.cli import main

if __name__ == "__main__":
    main()
