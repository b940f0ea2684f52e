import json
import re
import shutil
from contextlib import closing
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pypdfium2
import pytest

from tests.cli.command import Command
from tests.cli.tiny_runs import train_two_rates
from trainlab.experiments import RunFolder
from trainlab.report import write_report
from trainlab.report.document import Bullets, Cell, Heading, Paragraph, Section, Table
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
    monkeypatch.setattr("trainlab.report.pdf_package.find_spec", lambda name: None)
    done = trainlab("report", "runs", "--format", "pdf")
    assert (done.status, done.out) == (2, "")
    assert "a report as PDF needs reportlab, which is not installed here: pip install 'trainlab[pdf]'" in done.err
    assert not Path("report.pdf").exists()
