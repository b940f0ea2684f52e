"""The layout of a terminal of a given size: lines of styled pieces, made without any terminal."""

from collections.abc import Sequence

from trainlab.training.events import RunEnded
from trainlab.training.progress.braille import Series, braille_plot
from trainlab.training.progress.chart import Chart, Curve, chart_of
from trainlab.training.progress.snapshot import Snapshot
from trainlab.training.progress.table import (
    BEST_MARK,
    GAP,
    best_and_last,
    columns_for,
    heading_text,
    row_text,
    table_width,
)
from trainlab.training.progress.wording import (
    accuracy_text,
    countdown_text,
    headline_parts,
    learning_rate_text,
    loss_text,
    outcome_parts,
    pace_text,
)

Line = list[tuple[str, str]]
"""Pieces of text, each with the name of a style."""

TRAIN, VALIDATION, MUTED, BEST, TITLE = "magenta", "cyan", "dim", "bold green", "bold"
OUTCOME = {"finished": "bold green", "interrupted": "bold yellow", "diverged": "bold red"}

SEPARATOR = " · "
WIDE_GAP = "   "
TABLE_ROWS = 6
CHART_ROWS = 6
LEAST_CHART_WIDTH = 36
MOST_CHART_WIDTH = 72
LEAST_BAR_WIDTH = 10
MOST_BAR_WIDTH = 60
SPACE_BETWEEN = 3
LEAST_COLUMNS_BESIDE = 5


def screen(now: Snapshot, width: int, height: int, ended: RunEnded | None = None) -> list[Line]:
    """The lines for a terminal of ``width`` × ``height`` characters, none longer than that.

    Headline, bar and numbers always; curve and table side by side, one above the other, or the table alone.
    """
    height -= 1  # the cursor stands below the last line
    headline = _filled(headline_parts(now.run), width, TITLE)
    if ended is None:
        state = [_bar(now, width), _numbers(now, width)]
    else:
        state = _filled(outcome_parts(now.run, ended, now.best), width, OUTCOME[ended.status])
    lines = [*headline, *state] if len(headline) + len(state) <= height else [*headline[:1], *state][:height]
    body = _body(now, width, height - len(lines) - 1)
    if body:
        lines += [[], *body]
    return [_cropped(line, width) for line in lines]


def _cropped(line: Line, width: int) -> Line:
    cropped = []
    for text, style in line:
        cropped.append((text[:width], style))
        width = max(0, width - len(text))
    return cropped


def _filled(parts: Sequence[str], width: int, first_style: str) -> list[Line]:
    """The parts in as few lines as they fit into, the first part in its own style."""
    lines: list[Line] = [[(parts[0], first_style)]]
    used = len(parts[0])
    for part in parts[1:]:
        if used + len(SEPARATOR) + len(part) > width:
            lines.append([("  " + part, "")])
            used = 2 + len(part)
        else:
            lines[-1].append((SEPARATOR + part, ""))
            used += len(SEPARATOR) + len(part)
    return lines


def _bar(now: Snapshot, width: int) -> Line:
    total = f"{now.run.steps_per_epoch:,}"
    before = f"epoch {now.epoch:>{len(str(now.run.epochs))}}/{now.run.epochs} "
    steps = f"{now.step_in_epoch:>{len(total)},}/{total}"
    after = " " + ("validating" if now.is_validating else steps).rjust(max(len(steps), len("validating")))
    left = f"  {countdown_text(now.seconds_left):>5} left" if now.seconds_left is not None else ""
    bar_width = min(width - len(before) - len(after) - max(len(left), len("  00:00 left")), MOST_BAR_WIDTH)
    if bar_width < LEAST_BAR_WIDTH:
        return [(before.rstrip(), ""), (after, ""), (left, "")]
    filled = bar_width * now.step_in_epoch // now.run.steps_per_epoch
    return [(before, ""), ("━" * filled, "green"), ("─" * (bar_width - filled), MUTED), (after, ""), (left, "")]


def _numbers(now: Snapshot, width: int) -> Line:
    if now.train is None or now.learning_rate is None:
        return [("waiting for the first step", MUTED)]
    parts = [
        f"train loss {loss_text(now.train.loss)}",
        f"accuracy {accuracy_text(now.train.accuracy)}",
        f"learning rate {learning_rate_text(now.learning_rate)}",
        pace_text(now.pace),
    ]
    if len(WIDE_GAP.join(parts)) <= width:
        return [(WIDE_GAP.join(parts), "")]
    parts[2] = f"lr {learning_rate_text(now.learning_rate)}"
    while len(GAP.join(parts)) > width and len(parts) > 1:
        parts.pop()
    return [(GAP.join(parts), "")]


def _body(now: Snapshot, width: int, height: int) -> list[Line]:
    """Curve and table, or one of them, in the first arrangement that fits; nothing is cut off in the middle."""
    table = _table(now, width)
    chart = chart_of(now)
    arrangements = [table]
    if chart is not None:
        chart_alone = _chart(chart, min(width, MOST_CHART_WIDTH))
        arrangements = [[*chart_alone, [], *table], table] if table else [chart_alone]
        table_columns = columns_for(width - LEAST_CHART_WIDTH - SPACE_BETWEEN)
        if table and len(table_columns) >= LEAST_COLUMNS_BESIDE:
            chart_width = min(width - table_width(table_columns) - SPACE_BETWEEN, MOST_CHART_WIDTH)
            narrow_table = _table(now, width - chart_width - SPACE_BETWEEN)
            beside = _side_by_side(_chart(chart, chart_width), narrow_table, chart_width + SPACE_BETWEEN)
            arrangements.insert(0, beside)
    return next((lines for lines in arrangements if len(lines) <= height), [])


def _side_by_side(left: list[Line], right: list[Line], left_width: int) -> list[Line]:
    lines = []
    for i in range(max(len(left), len(right))):
        line = left[i] if i < len(left) else []
        gap = left_width - sum(len(text) for text, _ in line)
        lines.append([*line, (" " * gap, ""), *(right[i] if i < len(right) else [])])
    return lines


def _table(now: Snapshot, width: int) -> list[Line]:
    columns = columns_for(width)
    if not columns or not now.epochs:
        return []
    lines: list[Line] = [[(heading_text(columns), MUTED)]]
    for epoch in best_and_last(now.epochs, now.best, TABLE_ROWS):
        if now.best is not None and epoch.epoch == now.best.epoch:
            lines.append([(row_text(columns, epoch) + GAP + BEST_MARK, BEST)])
        else:
            lines.append([(row_text(columns, epoch), "")])
    return lines


def _chart(chart: Chart, width: int) -> list[Line]:
    """A heading that names the curves, the plot between its two y labels, and the x axis."""
    label_width = max(len(label) for label in chart.y_labels)
    columns = width - label_width - 2
    curves = [Series(curve.points, _style(curve), is_dotted=not curve.is_solid) for curve in chart.curves]
    plot = braille_plot(curves, columns, CHART_ROWS, chart.x_range, chart.y_range)
    lines = [_chart_heading(chart, width)]
    for i, row in enumerate(plot):
        label = {0: chart.y_labels[1], CHART_ROWS - 1: chart.y_labels[0]}.get(i, "")
        line = [(f"{label:>{label_width}} {'┤' if label else '│'}", MUTED)]
        lines.append(line + [(cell.character, cell.style) for cell in row])
    first, last = (f"{end:,}" for end in chart.x_range)
    axis = f" {chart.x_name} ".center(columns - len(first) - len(last), "─")
    lines.append([(f"{'':>{label_width}} └{first}{axis}{last}", MUTED)])
    return lines


def _chart_heading(chart: Chart, width: int) -> Line:
    title = f"{chart.title}  "
    curves = [(f"{'━' if curve.is_solid else '┅'} {curve.name} {curve.latest}", curve) for curve in chart.curves]
    names = sum(len(text) + 2 for text, _ in curves) - 2
    line: Line = [(title, "")] if len(title) + names <= width else []
    for text, curve in reversed(curves):
        line += [(text, _style(curve)), ("  ", "")]
    return line[:-1]


def _style(curve: Curve) -> str:
    return VALIDATION if curve.is_validation else TRAIN
