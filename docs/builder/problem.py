"""What is wrong with a page. There are no warnings: whatever is not right ends the build."""


class DocumentationError(Exception):
    """A page says something that is not so, or points to nothing. The message names the page."""
