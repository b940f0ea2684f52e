"""What the chosen network gets wrong, and what it is made of."""

from collections.abc import Sequence
from typing import Any

from trainlab.data import describe
from trainlab.errors import InputError
from trainlab.experiments.assemble import summarize_network
from trainlab.experiments.config import Config
from trainlab.report.document import Bars, Block, Gallery, Heading, Matrix, Paragraph, Picture, Section, Table
from trainlab.report.first_layer import COLUMNS, MOST_FILTERS, filters_picture
from trainlab.report.judgement import Judgement
from trainlab.report.pictures import upright
from trainlab.words import Words

MOST_CLASSES = 20
"""With more classes, the confusion matrix is left out and the classes recognized worst are told."""
MOST_PAIRS = 5
LEAST_FILTERS_WIDTH = 320
"""CSS pixels."""


def mistakes(found: Judgement, of_run: str, say: Words) -> Section:
    """Confusion matrix, classes, worst images and first-layer weights.

    Args:
        of_run: a sentence that says whose answers these are, or nothing.
    """
    right = int(found.confusion.trace())
    told = say("report.judged", right=f"{right:,}", all=f"{found.size:,}", epoch=found.epoch)
    blocks: list[Block] = [Paragraph(say.paragraph(filter(None, [told, of_run])))]
    pairs = [
        say("report.confused", a=a, b=b, images=say.count("image", count)) for count, a, b in found.confused(MOST_PAIRS)
    ]
    if pairs:
        listed = say("list.separator").join(pairs) + say("report.full_stop")
        blocks.append(Paragraph(say.paragraph([say("report.confused_most"), listed])))
    if len(found.classes) <= MOST_CLASSES:
        blocks += [Heading(say("report.matrix")), Paragraph(say("report.matrix_told"), "note")]
        blocks += [Matrix(found.classes, found.confusion)]
    blocks += _classes(found, say)
    blocks += _worst(found, say)
    if found.filters is not None:
        blocks += _filters(found.filters, say)
    return Section(say("report.mistakes"), blocks)


def _classes(found: Judgement, say: Words) -> Sequence[Block]:
    rows = [
        (found.classes[number], accuracy, say.count("image", int(found.confusion[number].sum())))
        for number, accuracy in enumerate(found.class_accuracies())
        if accuracy is not None
    ]
    blocks: list[Block] = [Heading(say("report.classes"))]
    if len(found.classes) > MOST_CLASSES:
        rows = sorted(rows, key=lambda row: row[1])[:MOST_CLASSES]
        blocks.append(Paragraph(say("report.worst_classes", shown=len(rows), all=len(found.classes)), "note"))
    return [*blocks, Bars(rows)]


def _worst(found: Judgement, say: Words) -> Sequence[Block]:
    if not found.mistakes:
        return [Heading(say("report.worst")), Paragraph(say("report.no_mistakes"))]
    pictures = [
        (
            Picture(upright(one.pixels), say("report.taken_for", a=one.label, b=one.predicted)),
            one.label,
            one.predicted,
            f"{100 * one.confidence:.1f} %",
        )
        for one in found.mistakes
    ]
    return [Heading(say("report.worst")), Paragraph(say("report.worst_told")), Gallery(pictures)]


def _filters(filters: Any, say: Words) -> Sequence[Block]:
    count = say("report.filters", shown=min(MOST_FILTERS, len(filters)), all=len(filters))
    meaning = say("report.filters_grey" if filters.shape[1] == 1 else "report.filters_colour")
    width = max(2 * min(COLUMNS, len(filters)) * (filters.shape[3] + 1), LEAST_FILTERS_WIDTH)
    return [
        Heading(say("report.first_layer")),
        Paragraph(say.paragraph([count, meaning])),
        Picture(filters_picture(filters), say("report.first_layer"), width),
    ]


def network(config: Config, say: Words) -> Section:
    """The layers, or why they cannot be told."""
    title = say("report.network")
    try:
        described = describe(config.dataset)
        rows = summarize_network(config, described.image_shape, len(described.classes))
    except InputError:
        return Section(title, [Paragraph(say("report.no_layers"), "note")])
    cells = [
        (row.name, row.layer, "×".join(map(str, row.output_shape)), f"{row.parameters:,}", f"{row.flops:,}")
        for row in rows
    ]
    total = ("", say("report.together"), "", f"{sum(r.parameters for r in rows):,}", f"{sum(r.flops for r in rows):,}")
    headings = ("", say("report.layer"), say("report.output"), say("report.parameters"), "FLOPs")
    table = Table(headings, cells, total, left=(0, 1), is_sortable=False)
    return Section(title, [table, Paragraph(say("report.flops_told"), "note")])
