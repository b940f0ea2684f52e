"""``python -m docs [FOLDER]``: build the documentation, by default into build/docs."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main(arguments: list[str]) -> int:
    """Returns the exit status: 0 when all is built, 1 when a page says what is not so, 2 when a package is missing."""
    output = Path(arguments[0]) if arguments else ROOT / "build" / "docs"
    try:
        from docs.builder.problem import DocumentationError
        from docs.builder.site import build
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        print(f"{package} is missing; it comes with: pip install '.[docs]'", file=sys.stderr)
        return 2
    try:
        count = build(output)
    except DocumentationError as error:
        print(f"the documentation is not built:\n{error}", file=sys.stderr)
        return 1
    print(f"{count} pages; open {output / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
