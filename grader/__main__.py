"""The command line: `grader grade`, `similar`, `release`, `build`, `verify`. It alone prints and exits.

Exit codes: 0 all graded, whatever the scores; 1 some notebook could not be graded, or fell below
--fail-under; 2 wrong usage; 3 our fault, or the machine's.
"""

from __future__ import annotations

import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

from grader.desk.extras import lacking

try:
    import typer
    from rich.console import Console
    from rich.markup import escape
except ModuleNotFoundError as error:
    print(lacking(error), file=sys.stderr)
    raise SystemExit(2) from None

from grader.desk import terminal
from grader.judge.model import Lab, Report
from grader.labs import all_labs
from grader.runner.devices import DeviceError, DeviceOption, resolve
from grader.runner.limits import LIMITS, LimitsError, read_limits
from grader.runner.machine import MachineError
from grader.runner.probing import Starters

if TYPE_CHECKING:
    from grader.desk.running import Run

UNGRADED, USAGE, OURS = 1, 2, 3

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__.split("\n\n")[1]
)
console = Console()
errors = Console(stderr=True)

Root = Annotated[Path, typer.Option(help="The project's folder, with labs/ and solutions/ in it.")]
OnDevice = Annotated[DeviceOption, typer.Option(help="Where the notebooks compute; auto takes CUDA if it is there.")]

OfCourse = Annotated[Path | None, typer.Option(help="A CSV file with a column student: each has numbers of its own.")]
SecretIn = Annotated[Path | None, typer.Option(help="The course's secret; default: beside the roster, as .secret.")]


def refuse(sentence: object) -> NoReturn:
    """End with a sentence about how the command was used."""
    errors.print(escape(str(sentence)), soft_wrap=True)
    raise typer.Exit(USAGE)


@app.command()
def grade(
    paths: Annotated[list[Path], typer.Argument(help="Notebooks, students' folders, or classes.")],
    out: Annotated[Path, typer.Option(help="Where the report, the gradebook and the pages go.")],
    lab: Annotated[str | None, typer.Option(help="Grade only notebooks of this lab.")] = None,
    device: OnDevice = DeviceOption.CPU,
    jobs: Annotated[int, typer.Option(min=0, help="Notebooks at a time; 0: as many as cores, on CUDA at most 4.")] = 0,
    seed: Annotated[str | None, typer.Option(help="Draw the hidden points again as in an earlier run.")] = None,
    unconfined: Annotated[bool, typer.Option("--unconfined", help="Let notebooks do what you may do.")] = False,
    fail_under: Annotated[float, typer.Option(min=0, max=100, help="Exit 1 where one earns less, in per cent.")] = 0.0,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has not changed.")] = False,
    limits: Annotated[Path | None, typer.Option(help="A TOML file: how much a notebook may take, and wait.")] = None,
    roster: OfCourse = None,
    secret: SecretIn = None,
) -> None:
    """Grade notebooks; write report.json, gradebook.csv and a feedback page for each into OUT.

    What OUT has already, and has not changed since, is kept.
    """
    if secret and not roster:
        refuse("--secret is of use only with --roster.")
    if seed is not None and not seed.strip():
        refuse("--seed is empty: give it a text, or leave it out for new points.")
    try:
        starters = Starters(resolve(device), unconfined, read_limits(limits) if limits else LIMITS)
    except (DeviceError, LimitsError) as error:
        refuse(error)
    # Imported while the first warm parent loads: a run begins when both are there.
    from grader.desk.course import read_course
    from grader.desk.running import MISUSE, prepare_run

    with closing(starters):
        try:
            course = read_course(roster, secret) if roster else None
            run = prepare_run(paths, out, chosen(lab), starters, seed, force, jobs, course)
            fill(run)
        except MISUSE as error:
            refuse(error)
        except MachineError as error:
            errors.print(escape(f"The machine cannot do what grading needs: {error}."), soft_wrap=True)
            errors.print("What was graded is kept; run the command again to grade the rest.")
            raise typer.Exit(OURS) from None
    run.lock.release()
    conclude(run.filing.report, out, fail_under)


def fill(run: Run) -> None:
    """File every result as it comes, under a progress bar; what was filed stays, whatever ends the run."""
    if run.kept:
        console.print(f"{run.kept} notebooks have not changed since they were graded; --force grades them again.")
    for notice in run.notices:
        errors.print(escape(notice), soft_wrap=True)
    try:
        # What is under way is ended too where the interrupt comes while one is filed.
        with closing(run.coming) as coming, run.filing as filing, terminal.progress() as bar:
            for graded in run.refused:
                filing.add(run.draw(graded))
            task = bar.add_task("starting", total=run.left)
            for papers in coming:
                filing.add(papers)
                bar.update(task, advance=1, description=terminal.description(papers.result.student))
    except KeyboardInterrupt:
        done, total = len(run.filing.report.results), run.kept + len(run.refused) + run.left
        console.print(f"\nInterrupted: {done} of {total} notebooks are graded, and kept.")
        raise typer.Exit(UNGRADED) from None


def chosen(name: str | None) -> tuple[Lab, ...]:
    """All labs, or the one that is named."""
    labs = all_labs()
    if name is None:
        return labs
    found = tuple(lab for lab in labs if lab.name == name)
    if not found:
        refuse(f"There is no lab called {name}. There are: {', '.join(lab.name for lab in labs)}.")
    return found


def expect_project(root: Path) -> None:
    """Refuse a folder that is not the project's."""
    if not (root / "solutions").is_dir():
        refuse(f"There is no folder called {root / 'solutions'}: name the project's folder with --root.")


def conclude(report: Report, out: Path, fail_under: float) -> None:
    """Print the table, how many handed nothing in, and where the files are; exit 1 where something is not as asked."""
    console.print(terminal.table(report))
    console.print(f"Pages: {escape(str(out / 'index.html'))}", soft_wrap=True)
    console.print(f"Report: {escape(str(out / 'report.json'))}, gradebook.csv beside it", soft_wrap=True)
    shortfalls, faults = terminal.shortfalls(report, fail_under), terminal.faults(report)
    for sentence in (*terminal.absences(report), *shortfalls):
        console.print(sentence)
    for sentence in faults:
        errors.print(sentence, soft_wrap=True)
    if faults or shortfalls:
        raise typer.Exit(OURS if faults else UNGRADED)


@app.command()
def similar(out: Annotated[Path, typer.Argument(help="The folder that grader grade wrote into.")]) -> None:
    """Find out who wrote the same as whom in a graded class: OUT/instructor/similar.html. It changes no mark."""
    from grader.desk.class_index import SIMILAR
    from grader.desk.locking import OccupiedError, occupy
    from grader.similarity.search import NoRunError, search

    if not out.is_dir():
        refuse(f"There is no folder called {out}.")
    try:
        with occupy(out):
            found = search(out)
    except (NoRunError, OccupiedError) as error:
        refuse(error)
    except OSError as error:
        refuse(f"The output folder {out} cannot be written: {error.strerror}.")
    console.print(f"Who wrote the same: {found}; see {escape(str(out / SIMILAR))}", soft_wrap=True)


@app.command()
def release(
    roster: Annotated[Path, typer.Option(help="A CSV file with a column student.")],
    out: Annotated[Path, typer.Option(help="Where the students' folders go.")],
    lab: Annotated[str | None, typer.Option(help="Release only this lab.")] = None,
    secret: SecretIn = None,
    root: Root = Path(),
) -> None:
    """Write notebooks with numbers of their own for every student of a roster: OUT/<student>/<lab>.ipynb."""
    from grader.authoring.release import release as release_notebooks
    from grader.desk.course import CourseError, make_secret, read_course, read_roster, secret_path

    expect_project(root)
    place = secret or secret_path(roster)
    try:
        read_roster(roster)
        if make_secret(place, out):
            console.print(f"A new secret is in {escape(str(place))}: keep it, grading needs it.", soft_wrap=True)
        course = read_course(roster, place)
        written = list(release_notebooks(root, course, chosen(lab), out))
    except (CourseError, OSError) as error:
        refuse(error)
    students = len(course.students)
    console.print(f"{len(written)} notebooks for {students} students are in {escape(str(out))}.", soft_wrap=True)


@app.command()
def build(root: Root = Path()) -> None:
    """Write the student notebooks in labs/ from the solutions."""
    from grader.authoring.notebooks import build as build_notebooks

    expect_project(root)
    for path, text in build_notebooks(root, all_labs()).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        console.print(f"wrote {escape(str(path))}")


@app.command()
def verify(
    root: Root = Path(),
    lab: Annotated[str | None, typer.Option(help="Verify only this lab.")] = None,
    exercise: Annotated[list[str] | None, typer.Option(help="Plant mistakes in this exercise alone.")] = None,
    device: OnDevice = DeviceOption.CPU,
    seed: Annotated[str, typer.Option(help="The seed of the points; fixed, so that CI repeats itself.")] = "verify",
    variants: Annotated[int, typer.Option(min=0, help="Verify so many variants of each lab as well.")] = 0,
    prove: Annotated[bool, typer.Option("--prove", help="Run nothing; prove all expected numbers instead.")] = False,
) -> None:
    """Hold the labs against themselves: solutions, blank notebooks, planted mistakes, mirrored files."""
    from grader.authoring.outcome import LookedAt, defect_line, defects, lines, summary
    from grader.authoring.proofs import proved_labs
    from grader.authoring.verification import verify as verify_labs

    expect_project(root)
    try:
        where = resolve(device)
    except DeviceError as error:
        refuse(error)
    found: list[LookedAt] = []
    asked, only = (chosen(lab), seed, where, variants), frozenset(exercise or ())
    if unknown := only.difference(question.name for each in chosen(lab) for question in each.questions):
        refuse(f"There is no exercise called {', '.join(sorted(unknown))} here.")
    for one in proved_labs(*asked) if prove else verify_labs(root, *asked, only):
        found.append(one)
        for line in lines(one):
            console.print(line, soft_wrap=True)
    wrong = defects(found)
    for defect in wrong:
        errors.print(escape(defect_line(defect)), soft_wrap=True)
    for said in summary(found, seed, where):
        console.print(said, soft_wrap=isinstance(said, str))
    if wrong:
        raise typer.Exit(UNGRADED)


def main() -> None:
    """Run the command line; whatever nobody expected is our fault, and says so."""
    try:
        app()
    except Exception as error:
        sentence = lacking(error)
        errors.print(escape(sentence or f"{traceback.format_exc()}\n{terminal.OURS}"), soft_wrap=True)
        raise SystemExit(USAGE if sentence else OURS) from None


if __name__ == "__main__":
    main()
