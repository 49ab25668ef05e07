"""`python -m copilot` and the console script."""

from copilot.faces.cli import main

if __name__ == "__main__":
    main()
