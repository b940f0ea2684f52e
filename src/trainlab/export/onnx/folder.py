"""A folder that can be published as it is: the network, its card, and the configuration that makes it again."""

from pathlib import Path

from trainlab.atomic import fill_folder_atomically, refuse_existing
from trainlab.experiments import RunFolder
from trainlab.export.onnx.card import model_card, published_config
from trainlab.export.onnx.network import ExportedNetwork, export_network


def write_onnx_folder(run: RunFolder, output: Path) -> ExportedNetwork:
    """Make the folder ``output`` with ``model.onnx``, ``README.md`` and ``config.toml``.

    Raises:
        InputError: as `export_network`, or something is there already.
        RunFailed: the file computes something else than the trained network; nothing is then written.
    """
    refuse_existing(output)  # before minutes of work
    network = export_network(run)
    card, config = model_card(run, network), published_config(run.config)

    def fill(folder: Path) -> None:
        (folder / "model.onnx").write_bytes(network.content)
        (folder / "README.md").write_text(card, encoding="utf-8")
        (folder / "config.toml").write_text(config.to_toml(), encoding="utf-8")

    fill_folder_atomically(output, fill)
    return network
