"""The documentation and its builder: ``python -m docs``."""
