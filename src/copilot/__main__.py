"""`python -m copilot` and the console script."""

import gc

gc.set_threshold(50_000, 20, 20)  # starting makes many objects and hardly any garbage

from copilot.faces import cli  # noqa: E402


def main() -> None:
    """Run the command line."""
    try:
        cli.main()
    finally:
        gc.freeze()  # a process that ends has nothing worth collecting


if __name__ == "__main__":
    main()
