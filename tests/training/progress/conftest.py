"""A stand-in for a notebook."""

import sys
from types import ModuleType, SimpleNamespace

import pytest


@pytest.fixture
def ipython(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Puts a stand-in for IPython in place; the list gets every bundle that is displayed, first or as an update."""
    shown: list[dict[str, str]] = []

    def display(bundle: dict[str, str], *, raw: bool, display_id: bool) -> SimpleNamespace:
        assert raw
        assert display_id
        shown.append(bundle)
        return SimpleNamespace(update=lambda bundle, raw: shown.append(bundle))

    class ZMQInteractiveShell:
        pass

    class ColabShell(ZMQInteractiveShell):
        pass

    package, display_module = ModuleType("IPython"), ModuleType("IPython.display")
    vars(package).update(get_ipython=ColabShell, display=display_module)
    vars(display_module).update(display=display)
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display_module)
    return shown
