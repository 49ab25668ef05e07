"""Write the reference of every ability into the README: python scripts/write_reference.py"""

from pathlib import Path

from copilot.faces.reference import as_markdown

MARK = "<!-- reference -->\n"
README = Path(__file__).resolve().parents[1] / "README.md"


def main() -> None:
    text = README.read_text(encoding="utf-8").split(MARK)[0]
    README.write_text(f"{text}{MARK}\n{as_markdown()}", encoding="utf-8")


if __name__ == "__main__":
    main()
