"""The ``trainlab`` command: one thin function per verb.

Only click is imported before a verb runs; each verb imports what it needs inside its function.
"""

import sys

import click

from trainlab.cli.compare import compare
from trainlab.cli.data import data
from trainlab.cli.evaluate import evaluate
from trainlab.cli.export import export
from trainlab.cli.lr_find import lr_find
from trainlab.cli.predict import predict
from trainlab.cli.report import report
from trainlab.cli.show import list_presets, show
from trainlab.cli.sweep import sweep
from trainlab.cli.train import resume, train
from trainlab.errors import InputError, ReportedElsewhere, RunFailed


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="trainlab", message="%(version)s")
@click.option("--debug", is_flag=True, help="Show the whole traceback of an error.")
def cli(debug: bool) -> None:
    """A deep-learning lab in a box. Begin with:  trainlab train mnist-mlp"""


for verb in (train, resume, sweep, lr_find, compare, report, evaluate, predict, export, show, list_presets, data):
    cli.add_command(verb)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit: 0 success, 1 the run failed, 2 bad input, 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # Windows consoles and LANG=C have no box-drawing or Chinese characters; a picture with ? beats a traceback
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = cli.main(arguments, prog_name="trainlab", standalone_mode=False)
        sys.exit(status if isinstance(status, int) else 0)
    except ReportedElsewhere:
        sys.exit(0)  # torchrun stops the process that reports when it sees another one fail
    except (InputError, RunFailed, click.ClickException) as error:
        if "--debug" in arguments:
            raise
        if isinstance(error, click.ClickException):
            error.show()
        else:
            click.echo(f"trainlab: {error}", err=True)
        sys.exit(1 if isinstance(error, RunFailed) else 2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ntrainlab: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:  # `trainlab list | head`
        sys.stderr.close()
        sys.exit(0)
