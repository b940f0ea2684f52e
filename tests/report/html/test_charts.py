import json
import math
import re
from html import unescape
from xml.etree import ElementTree

from trainlab.report.html.charts import HEIGHT, WIDTH, Line, line_chart, log_ticks, nice_ticks

LINE = Line("lr=0.1", 0, [1, 2, 3], [0.8, 0.9, 0.95], [0.02, 0.01, 0.0])


def draw(*lines: Line, bounded: bool = False) -> str:
    return line_chart(lines, "accuracy", "epoch", lambda value: f"{value:.2f}", bounded=bounded)


def test_a_chart_is_well_formed_and_lies_inside_its_frame() -> None:
    svg = draw(LINE, Line("lr=1", 1, [1, 2], [0.1, 0.2]), bounded=True)
    ElementTree.fromstring(svg)
    dots = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]
    assert len(dots) == 5
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in dots)
    assert dots[0][1] > dots[1][1] > dots[2][1]  # the higher the value, the higher it lies
    assert svg.count("<polygon") == 1


def test_a_pointer_is_shown_epoch_and_values() -> None:
    (hover,) = re.findall(r'data-hover="(.*?)"', draw(LINE))
    stops = json.loads(unescape(hover))
    assert [stop[1:] for stop in stops] == [
        ["epoch 1", "lr=0.1: 0.80 ± 0.02"],
        ["epoch 2", "lr=0.1: 0.90 ± 0.01"],
        ["epoch 3", "lr=0.1: 0.95"],
    ]


def test_names_are_escaped() -> None:
    svg = draw(Line('"><script>alert(1)</script>', 0, [1], [0.5]))
    assert "<script" not in svg
    ElementTree.fromstring(svg)


def test_a_value_that_is_not_finite_leaves_a_gap() -> None:
    svg = draw(Line("a", 0, [1, 2, 3, 4, 5], [1.0, 2.0, math.nan, 3.0, 2.0]))
    (path,) = re.findall(r' d="(.*?)"', svg)
    assert path.count("M") == 2
    assert "nan" not in path


def test_one_epoch_or_none_can_be_drawn() -> None:
    for line in (Line("a", 0, [1], [0.5], [0.0]), Line("a", 0, [], []), Line("a", 0, [1, 2], [0.0, 0.0])):
        svg = ElementTree.fromstring(draw(line))
        assert len(svg.findall(".//{*}circle")) == len(line.x)


def test_a_diverged_curve_makes_the_scale_logarithmic() -> None:
    svg = draw(Line("a", 0, [1, 2, 3], [0.1, 0.2, 0.3]), Line("b", 1, [1, 2, 3], [0.5, 50.0, 5000.0]))
    assert re.findall(r'text-anchor="end">(.*?)<', svg) == ["0.1", "1", "10", "100", "1000"]


def test_ticks_are_round_and_inside() -> None:
    assert nice_ticks(0.0, 1.0) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert nice_ticks(-3.0, 12.0) == [0, 5, 10]
    for low, high in ((0.931, 0.9321), (3.0, 5e6), (1e-9, 2e-9)):
        ticks = nice_ticks(low, high)
        assert 2 <= len(ticks) <= 7
        assert all(low <= tick <= high for tick in ticks)
    assert log_ticks(0.05, 300) == [0.1, 1.0, 10.0, 100.0]
