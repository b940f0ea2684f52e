import json
import math
import re
from html import unescape
from xml.etree import ElementTree

from trainlab.report.charts import draw as shapes_of
from trainlab.report.charts import svg_element, svg_file
from trainlab.report.charts.scale import log_ticks, nice_ticks
from trainlab.report.document import Chart, Line

LINE = Line("lr=0.1", 0, [1, 2, 3], [0.8, 0.9, 0.95], [0.02, 0.01, 0.0], [3, 3, 1])


def chart_of(*lines: Line, bounded: bool = False) -> Chart:
    return Chart("accuracy", "epoch", lines, lambda value: f"{value:.2f}", bounded, can_zoom=True)


def draw(*lines: Line, bounded: bool = False) -> str:
    return svg_element(shapes_of(chart_of(*lines, bounded=bounded)))


def test_a_chart_is_well_formed_and_lies_inside_its_frame() -> None:
    svg = draw(LINE, Line("lr=1", 1, [1, 2], [0.1, 0.2]), bounded=True)
    ElementTree.fromstring(svg)
    dots = [(float(x), float(y)) for x, y in re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', svg)]
    assert len(dots) == 5
    assert all(0 < x < 440 and 0 < y < 270 for x, y in dots)
    assert dots[0][1] > dots[1][1] > dots[2][1]  # the higher the value, the higher it lies
    assert svg.count("<polygon") == 1


def test_a_pointer_is_shown_epoch_values_and_their_number() -> None:
    (hover,) = re.findall(r'data-hover="(.*?)"', draw(LINE))
    stops = json.loads(unescape(hover))
    assert [stop[1:] for stop in stops] == [
        ["epoch 1", "lr=0.1: 0.80 ± 0.02 (n = 3)"],
        ["epoch 2", "lr=0.1: 0.90 ± 0.01 (n = 3)"],
        ["epoch 3", "lr=0.1: 0.95 (n = 1)"],
    ]


def test_names_are_escaped() -> None:
    svg = draw(Line('"><script>alert(1)</script>', 0, [1], [0.5]))
    assert "<script" not in svg
    ElementTree.fromstring(svg)


def test_a_value_that_is_not_finite_leaves_a_gap() -> None:
    svg = draw(Line("a", 0, [1, 2, 3, 4, 5], [1.0, 2.0, math.nan, 3.0, 2.0]))
    (path,) = re.findall(r'class="line c0" d="(.*?)"', svg)
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


def test_those_who_zoom_are_told_both_scales() -> None:
    (zoom,) = re.findall(r'data-zoom="(.*?)"', draw(LINE, bounded=True))
    scales = json.loads(unescape(zoom))
    (low, high, start, end), (bottom, top, lower, upper) = scales["x"], scales["y"]
    assert (low, high) == (1, 3)
    assert bottom < 0.78 < 0.95 < top <= 1
    assert start < end
    assert lower > upper
    assert not scales["log"]
    places = [float(x) for x in re.findall(r'cx="([\d.]+)"', draw(LINE))]
    assert (places[0], places[-1]) == (start, end)


def test_dots_have_bars_and_an_axis_of_names() -> None:
    dots = Line("", 0, [0, 1], [0.9, 0.8], [0.05, 0.0], drawn="dots")
    svg = svg_element(
        shapes_of(Chart("accuracy", "lr", [dots], x_names=["0.1", "a name that is too long for its place"]))
    )
    ElementTree.fromstring(svg)
    assert svg.count('class="whisker c0"') == 1
    names = re.findall(r'class="tick x".*?>(.*?)<', svg)
    assert names[0] == "0.1"
    assert names[1].startswith("a name")
    assert names[1].endswith("…")
    assert "data-zoom" not in svg


def test_a_logarithmic_axis_sets_powers_equally_far_apart() -> None:
    chart = Chart("accuracy", "lr", [Line("", 0, [0.01, 0.1, 1.0], [0.5, 0.6, 0.7], drawn="dots")], x_is_log=True)
    left, middle, right = (float(x) for x in re.findall(r'cx="([\d.]+)"', svg_element(shapes_of(chart))))
    assert abs((middle - left) - (right - middle)) < 0.2


def test_a_file_of_its_own_has_its_colours_and_legend() -> None:
    svg = svg_file(shapes_of(chart_of(LINE)), [("lr=0.1 <b>", 0)])
    ElementTree.fromstring(svg)
    assert "prefers-color-scheme: dark" in svg
    assert "lr=0.1 &lt;b&gt;" in svg
