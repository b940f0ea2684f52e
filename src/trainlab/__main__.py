"""``python -m trainlab`` is the ``trainlab`` command."""

from trainlab.cli import main

if __name__ == "__main__":
    main()
