"""The ``trainlab`` command: one thin function per verb.

Only click is imported before a verb runs; each verb imports what it needs inside its function.
"""

import atexit
import contextlib
import os
import sys

import click

from trainlab.cli.compare import compare
from trainlab.cli.data import data
from trainlab.cli.evaluate import evaluate
from trainlab.cli.export import export
from trainlab.cli.lr_find import lr_find
from trainlab.cli.predict import predict
from trainlab.cli.refused import refusals_explained
from trainlab.cli.report import report
from trainlab.cli.reproduce import reproduce
from trainlab.cli.show import list_presets, show
from trainlab.cli.sweep import sweep
from trainlab.cli.train import resume, train
from trainlab.errors import InputError, ReportedElsewhere, RunFailed


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="trainlab", message="%(version)s")
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
def cli(debug: bool) -> None:
    """A deep-learning lab in a box. Begin with:  trainlab train mnist-mlp"""


for verb in (
    train,
    resume,
    sweep,
    reproduce,
    lr_find,
    compare,
    report,
    evaluate,
    predict,
    export,
    show,
    list_presets,
    data,
):
    cli.add_command(verb)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 success, 1 the run failed, 2 bad input, 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # Windows consoles and LANG=C have no box-drawing or Chinese characters; a picture with ? beats a traceback
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    status = _run(arguments)
    if os.environ.get("WORLD_SIZE", "") not in ("", "0", "1"):
        _end_at_once(status)
    sys.exit(status)


def _run(arguments: list[str]) -> int:
    """Do what the words say and show what went wrong; returns the exit status."""
    try:
        with refusals_explained():
            status = cli.main(arguments, prog_name="trainlab", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except ReportedElsewhere:
        return 0  # torchrun stops the process that reports when it sees another one fail
    except (InputError, RunFailed, click.ClickException) as error:
        if "--debug" in arguments:
            raise
        if isinstance(error, click.ClickException):
            error.show()
        else:
            click.echo(f"trainlab: {error}", err=True)
        return 1 if isinstance(error, RunFailed) else 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ntrainlab: stopped", err=True)
        return 130
    except BrokenPipeError:  # `trainlab list | head`
        sys.stderr.close()
        return 0


def _end_at_once(status: int) -> None:
    """End one of several processes when its exit handlers have run, without Python's own clearing up.

    A thread of PyTorch's that is still closing connections then asks for a Python that is gone, and aborts the process:
    about one run in thirty, on a busy machine, ended with SIGABRT after all was done.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(status)
