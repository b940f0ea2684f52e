import json
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pypdfium2
import pytest

from tests.cli.command import Command
from tests.cli.tiny_runs import train_two_rates
from trainlab.experiments import Config, RunFolder, train
from trainlab.experiments.comparison import compare_runs
from trainlab.experiments.measured_run import find_runs, measure
from trainlab.experiments.statistics import summarize
from trainlab.report import write_report
from trainlab.report.document import Bullets, Cell, Charts, Heading, Paragraph, Section, Table
from trainlab.report.telling import tell


@pytest.fixture(scope="module")
def trained(tiny_mnist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two settings with two seeds each."""
    return train_two_rates(tiny_mnist, tmp_path_factory.mktemp("report"), seeds=2, command=["trainlab", "train", "x"])


@pytest.fixture
def runs(trainlab: Command, trained: Path) -> Path:
    """A copy of them beside a command, to be changed."""
    shutil.copytree(trained, "runs")
    return Path("runs")


class Page(HTMLParser):
    """The tags that are open, and the text."""

    VOID = ("meta", "img", "br", "circle", "line")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("h1", "h2", "h3"):
            self.headings.append(data)


def test_a_report_of_several_settings_has_every_section(trainlab: Command, runs: Path) -> None:
    done = trainlab("report", "runs")
    assert (done.status, done.out, done.err) == (0, "report   report.html\n", "")
    text = Path("report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert page.headings == [
        "What lr changes on mnist",
        "Results",
        "Is it more than seed noise?",
        "Warnings",
        "Curves",
        "Learning rate",
        "What the network gets wrong",
        "Confusion matrix",
        "Accuracy of each class",
        "The worst mistakes",
        "First-layer weights",
        "Network",
        "To do it again",
        "Runs",
        "Commands",
        "Environment",
        "Configuration",
    ]
    assert "4 runs in 2 settings were trained, which differ in lr: lr=0.5, lr=0.01." in text
    assert "Best on the validation images is lr=0.5" in text
    assert "On the test images, which took no part in the choice, lr=0.5 gets" in text
    assert text.count("data:image/png;base64,") >= 2
    assert "trainlab train x" in text


def test_nothing_is_asked_of_another_place_and_little_is_needed(trainlab: Command, runs: Path) -> None:
    trainlab("report", "runs")
    text = Path("report.html").read_text(encoding="utf-8")
    assert re.findall(r'(?:src|href)="(?!data:image/png;base64,)', text) == []
    assert "http:" not in text
    assert "https:" not in text
    assert len(text) < 100_000 * len(list(runs.iterdir()))


def test_the_same_runs_give_the_same_bytes_without_absolute_paths(trainlab: Command, runs: Path) -> None:
    written = []
    for name in ("a.html", "b.html", "a.html"):  # a report of ours is replaced
        assert trainlab("report", "runs", "--output", name).status == 0
        written.append(Path(name).read_bytes())
    assert written[0] == written[1] == written[2]
    assert str(Path.cwd()).encode() not in written[0]


def test_a_single_run_concludes_nothing(trainlab: Command, runs: Path) -> None:
    assert trainlab("report", "runs/0.5-0").status == 0
    text = Path("report.html").read_text(encoding="utf-8")
    assert "One run of tiny was trained." in text
    assert "with a single seed, nothing can be concluded" in text
    assert "Is it more than seed noise?" not in text
    assert "Each line is a single run" in text
    assert "the best setting's first run" not in text.replace("&#39;", "'")


def test_seeds_of_one_setting_are_told_with_their_margin(trainlab: Command, runs: Path) -> None:
    assert trainlab("report", "runs/0.5-0", "runs/0.5-1").status == 0
    text = Path("report.html").read_text(encoding="utf-8")
    assert "2 runs of tiny were trained, which differ in nothing but their seed." in text
    assert "with 95 % confidence" in text


def test_the_report_in_chinese(trainlab: Command, runs: Path) -> None:
    assert trainlab("report", "runs", "--lang", "zh-TW").status == 0
    text = Path("report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hant-TW">' in text
    assert "lr 對 mnist 的影響" in text
    assert "lr=0.5 比 lr=0.01 高" in text
    assert not any(word in text for word in ("seed noise", "Warnings", "validation accuracy"))


def test_what_files_hold_is_escaped(trainlab: Command, runs: Path) -> None:
    evil = "<script>alert(1)</script>"
    about = runs / "0.5-0" / "environment.json"
    values = json.loads(about.read_text(encoding="utf-8"))
    about.write_text(json.dumps({**values, "name": evil, "command": [evil], "platform": evil}), encoding="utf-8")
    run = runs / "<b onclick=alert(1)>"
    (runs / "0.5-0").rename(run)
    assert trainlab("report", str(run)).status == 0
    text = Path("report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in text
    assert text.count("<script>") == 1  # our own
    assert "<b onclick" not in text


def test_a_run_that_did_not_finish_is_told_so_far(trainlab: Command, runs: Path) -> None:
    (runs / "0.5-0" / "summary.json").unlink()
    assert trainlab("report", "runs/0.5-0").status == 0
    text = Path("report.html").read_text(encoding="utf-8")
    assert "The run is unfinished after 2 epochs; its best so far is" in text
    assert "its only run unfinished" in text


def test_other_figures_than_the_run_noted_are_warned_of(trainlab: Command, runs: Path) -> None:
    path = runs / "0.5-0" / "summary.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["best"]["validation"]["accuracy"] = 0.123
    path.write_text(json.dumps(values), encoding="utf-8")
    trainlab("report", "runs/0.5-0")
    assert "the run noted 12.30%" in Path("report.html").read_text(encoding="utf-8")


def test_without_data_or_weights_a_sentence_stands_in_their_place(trainlab: Command, runs: Path) -> None:
    config = runs / "0.5-0" / "config.toml"
    config.write_text(config.read_text(encoding="utf-8").replace('"mnist"', '"cifar-10"'), encoding="utf-8")
    shutil.rmtree(runs / "0.5-1" / "checkpoints")
    for run, sentence in (
        ("0.5-0", "The images of cifar-10 that this run"),
        ("0.5-1", "The best epoch&#39;s weights,"),
    ):
        assert trainlab("report", f"runs/{run}").status == 0
        text = Path("report.html").read_text(encoding="utf-8")
        assert sentence in text
        assert "data:image/png" not in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing argument"),
        (["nowhere"], "nowhere is not a folder"),
        (["empty"], "empty is not the folder of a run"),
        (["runs", "--lang", "zh"], "unknown language 'zh'; did you mean 'zh-TW'?"),
        (["runs", "--output", "report.txt"], "report.txt is no name for a report. Give one that ends in .html"),
        (
            ["runs", "--output", "report.pdf", "--format", "md"],
            "report.pdf is no name for a report. Give one that ends in .md",
        ),
        (["runs", "--format", "pdv"], "unknown format 'pdv'; did you mean 'pdf'?"),
        (["runs", "--output", "begun.md"], "begun_pictures exists already, and is not overwritten"),
        (["runs", "--output", "mine.html"], "mine.html exists already and is no report of trainlab's"),
        (["runs", "--output", "folder.html"], "folder.html exists already and is no report of trainlab's"),
        (["begun"], "there is nothing to report: no epoch was finished in begun. Go on with `trainlab resume begun`"),
    ],
)
def test_what_cannot_be_reported_is_refused(trainlab: Command, runs: Path, words: list[str], message: str) -> None:
    for folder in ("empty", "folder.html", "begun_pictures"):
        Path(folder).mkdir()
    Path("mine.html").write_text("<p>my own page</p>", encoding="utf-8")
    shutil.copytree(runs / "0.5-0", "begun")
    for name in ("metrics.jsonl", "summary.json"):
        (Path("begun") / name).unlink()
    done = trainlab("report", *words)
    assert done.status == 2
    assert message in done.err
    assert done.out == ""
    assert Path("mine.html").read_text(encoding="utf-8") == "<p>my own page</p>"
    assert not Path("report.html").exists()


def test_a_command_that_made_several_runs_is_told_once(trainlab: Command, runs: Path) -> None:
    about = runs / "0.5-1" / "environment.json"
    values = json.loads(about.read_text(encoding="utf-8"))
    about.write_text(json.dumps({**values, "command": ["trainlab", "train", "other"]}), encoding="utf-8")
    trainlab("report", "runs")
    (commands,) = re.findall(r"<pre>(.*?)</pre>", Path("report.html").read_text(encoding="utf-8"), re.S)
    assert sorted(commands.split("\n")) == ["", "trainlab train other", "trainlab train x"]


def test_a_caller_s_sections_stand_behind_the_answer_and_are_escaped(trainlab: Command, runs: Path) -> None:
    table = Table(("rate", "ours"), [["0.1", Cell("97 %", 0.97, is_best=True)]])
    extra = [Section("Beside <others>", [Paragraph("As published & measured."), table])]
    write_report([RunFolder.open(runs / "0.5-0")], Path("report.html"), extra=extra)
    text = Path("report.html").read_text(encoding="utf-8")
    assert text.index("One run of tiny") < text.index("<h2>Beside &lt;others&gt;</h2>") < text.index("<h2>Results</h2>")
    assert "As published &amp; measured." in text
    assert '<td data-value="0.97"><strong>97 %</strong></td>' in text


def test_all_formats_say_the_same(trainlab: Command, runs: Path) -> None:
    said = []
    for kind in ("html", "md", "pdf"):
        assert trainlab("report", "runs", "--format", kind).out == f"report   report.{kind}\n"
        said.append(words_of(Path(f"report.{kind}")))
    document = tell([RunFolder.open(run) for run in sorted(Path("runs").iterdir())])
    (part,) = document.parts
    sentences = [part.title, part.question, *part.answer, *(section.title for section in part.sections)]
    sentences += [block.text for one in part.sections for block in one.blocks if isinstance(block, Paragraph | Heading)]
    sentences += [
        item for one in part.sections for block in one.blocks if isinstance(block, Bullets) for item in block.items
    ]
    for text in said:
        for sentence in sentences:
            assert "".join(sentence.split()) in text, sentence


def words_of(path: Path) -> str:
    """The text of a report, without any space."""
    if path.suffix == ".pdf":
        with closing(pypdfium2.PdfDocument(path)) as pages:
            text = "".join(page.get_textpage().get_text_bounded() for page in pages)
            text = re.sub(r"Made by trainlab report\.\s+Page \d+ of \d+", "", text)
    else:
        text = unescape(re.sub(r"<[^>]*>", "", path.read_text(encoding="utf-8")))
        if path.suffix == ".md":
            text = re.sub(r"\\(.)", r"\1", text)
    return "".join(text.split())


def test_markdown_has_its_pictures_in_a_folder_beside_it(trainlab: Command, runs: Path) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in [Path("report.md"), *Path("report_pictures").iterdir()]}

    assert trainlab("report", "runs", "--format", "md").status == 0
    first = files()
    links = re.findall(r"!\[.*?\]\((.*?)\)", Path("report.md").read_text(encoding="utf-8"))
    assert len(links) == len(set(links)) == len(first) - 1 > 3
    assert all(Path(link).is_file() for link in links)
    Path("report_pictures/chart-99.svg").touch()  # of an earlier report with more
    Path("report_pictures/note.txt").write_text("mine")
    assert trainlab("report", "runs", "--format", "md").status == 0
    assert files() == {**first, "note.txt": b"mine"}


def test_a_pdf_is_the_same_each_time(trainlab: Command, runs: Path) -> None:
    written = []
    for _ in range(2):
        assert trainlab("report", "runs", "--output", "report.pdf", "--lang", "zh-TW").status == 0
        written.append(Path("report.pdf").read_bytes())
    assert written[0] == written[1]
    assert written[0].startswith(b"%PDF")


def test_without_the_package_for_pdf_its_command_is_told(
    trainlab: Command, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "reportlab", None)
    done = trainlab("report", "runs", "--format", "pdf")
    assert (done.status, done.out) == (2, "")
    assert "a report as PDF needs reportlab, which is not installed here: pip install 'trainlab[pdf]'" in done.err
    assert not Path("report.pdf").exists()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("metrics.jsonl", lambda text: text[:-20], "metrics.jsonl, line 2, is damaged (Expecting"),
        ("metrics.jsonl", lambda text: "\n" + text, "metrics.jsonl, line 1, is damaged (Expecting value"),
        (
            "metrics.jsonl",
            lambda text: text + "9" * 5000 + "\n",
            "metrics.jsonl, line 3, is damaged (Exceeds the limit",
        ),
        (
            "metrics.jsonl",
            lambda text: text.replace('"loss"', '"lost"'),
            "metrics.jsonl has no 'loss', so the run cannot",
        ),
        ("metrics.jsonl", lambda text: "[1]\n", "metrics.jsonl has [1], not figures by their names"),
        ("metrics.jsonl", lambda text: text.replace('"epoch": 2', '"epoch": "two"'), "line 2 of"),
        ("summary.json", lambda text: "{", "summary.json is damaged (Expecting property name"),
        ("summary.json", lambda text: text.replace('"finished"', '"done"'), "has status 'done', not one of finished"),
        ("summary.json", lambda text: text.replace('"best"', '"bets"'), "summary.json has no 'best'"),
        ("environment.json", lambda text: "null", "environment.json is damaged"),
        ("config.toml", lambda text: text.replace("lr =", "rl ="), "unknown setting 'rl'"),
    ],
)
def test_a_file_that_was_cut_off_or_edited_is_named(
    trainlab: Command, runs: Path, name: str, change: Callable[[str], str], message: str
) -> None:
    path = runs / "0.5-1" / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    done = trainlab("report", "runs")
    assert done.status == 2
    assert str(path) in done.err
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert not Path("report.html").exists()


@pytest.mark.parametrize("name", ["split.npz", "checkpoints/best.safetensors"])
def test_a_damaged_file_of_weights_or_images_leaves_out_what_needs_it(trainlab: Command, runs: Path, name: str) -> None:
    (path,) = (runs / "0.5-0").glob(name)
    path.write_bytes(path.read_bytes()[:100])
    assert trainlab("report", "runs/0.5-0").status == 0
    assert "confusion matrix, worst mistakes and first-layer weights are left out" in Path("report.html").read_text()


def test_runs_on_two_data_sets_are_told_apart(trainlab: Command, runs: Path) -> None:
    for seed in (0, 1):
        config = runs / f"0.01-{seed}" / "config.toml"
        config.write_text(config.read_text(encoding="utf-8").replace('"mnist"', '"fashion-mnist"'), encoding="utf-8")
    extra = [Section("Published", [Paragraph("As published.")])]
    write_report(find_runs([runs]), Path("report.html"), extra=extra)
    text = Path("report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.open == []
    assert "Runs on fashion-mnist and mnist" in page.headings
    assert "each data set is reported apart" in text
    places = [page.headings.index(heading) for heading in ("Published", "tiny on fashion-mnist", "tiny on mnist")]
    assert places == sorted(places)
    assert page.headings.count("Results") == 2
    assert "lr=0.5 is" not in text


def test_a_grid_s_main_effects_and_a_search_s_dots_are_drawn(trainlab: Command, tiny_mnist: Path) -> None:
    base = Config(hidden=(8,), batch_size=100, epochs=1, data_dir=str(tiny_mnist))
    for lr, momentum in ((0.5, 0.0), (0.5, 0.5), (0.01, 0.0), (0.01, 0.5)):
        for seed in (0, 1):
            train(replace(base, lr=lr, momentum=momentum, seed=seed), Path(f"grid/{lr}-{momentum}-{seed}"), "tiny")
    (part,) = tell(find_runs([Path("grid")])).parts
    (section,) = [section for section in part.sections if section.title == "What each setting does"]
    told, charts = section.blocks
    assert isinstance(told, Paragraph)
    assert isinstance(charts, Charts)
    assert "Bars are the 95 % confidence interval" in told.text
    assert {chart.x_label for chart in charts.charts} == {"lr", "momentum"}
    effect = {one.name: one for one in compare_runs([measure(run) for run in find_runs([Path("grid")])]).main_effects}
    for chart in charts.charts:
        levels = effect[chart.x_label].levels
        assert list(chart.x_names) == [str(level.value) for level in levels]
        assert list(chart.lines[0].y) == [level.mean for level in levels]
        assert list(chart.lines[0].spread) == [summarize(list(level.by_seed.values())).margin for level in levels]
    for name in ("0.01-0.5-0", "0.01-0.5-1", "0.5-0.0-0", "0.5-0.0-1"):
        shutil.rmtree(Path("grid") / name)  # nothing matches any more, as in a random search
    (part,) = tell(find_runs([Path("grid")])).parts
    (section,) = [section for section in part.sections if section.title == "What each setting does"]
    told, charts = section.blocks
    assert isinstance(told, Paragraph)
    assert isinstance(charts, Charts)
    assert "A dot is a setting" in told.text
    (rates,) = [chart for chart in charts.charts if chart.x_label == "lr"]
    others, best = rates.lines
    assert list(others.x) + list(best.x) == [0.01, 0.5]
    assert best.y[0] > others.y[0]
