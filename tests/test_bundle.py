"""What a student gets: nothing but notebooks, package and page; installed in a new environment, it runs."""

import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from grader.labs import all_labs

ROOT = Path(__file__).parents[1]
RUN = """
import sys, nbformat
from nbclient import NotebookClient
for name in sys.argv[1:]:
    notebook = nbformat.read(name, as_version=4)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": "."}}).execute()
    said = "".join(str(output) for cell in notebook.cells for output in cell.get("outputs", ()))
    print(name, said.count("is not written yet"))
import grader
print(grader.__file__)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, unpacked."""
    folder = tmp_path_factory.mktemp("bundle")
    subprocess.run(["make", "bundle", f"DIST={folder}"], cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(folder / "deep-learning-labs.zip") as packed:
        packed.extractall(folder / "unpacked")
    return folder / "unpacked" / "deep-learning-labs"


def test_it_holds_no_solution_and_no_secret(made: Path) -> None:
    names = {path.name for path in made.iterdir()}
    (wheel,) = made.glob("*.whl")
    assert names == {"README.md", wheel.name, *(f"{lab.name}.ipynb" for lab in all_labs())}
    assert wheel.stat().st_size < 2 << 20
    with zipfile.ZipFile(wheel) as packed:
        inside = packed.namelist()
    assert all(re.match(r"grader/|deep_learning_labs-[\w.]+\.dist-info/", name) for name in inside)
    assert "grader/student/hints.json" in inside
    assert not [name for name in inside if "solution" in name or "secret" in name or "mistakes/" in name]


def test_installed_in_a_new_environment_the_labs_run_from_top_to_bottom(made: Path) -> None:
    """What the package needs is lent from here; the package itself is only the wheel."""
    place = made.parent / "environment"
    venv.create(place, with_pip=True)
    scripts = place / ("Scripts" if sys.platform == "win32" else "bin")
    (lent,) = place.glob("[Ll]ib/**/site-packages") if sys.platform != "win32" else (place / "Lib" / "site-packages",)
    (lent / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    (wheel,) = made.glob("*.whl")
    pip = [str(scripts / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    names = [f"{lab.name}.ipynb" for lab in all_labs()]
    done = subprocess.run(
        [str(scripts / "python"), "-c", RUN, *names], cwd=made, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    *rows, place_of = done.stdout.splitlines()
    assert [row.split()[0] for row in rows] == names
    assert all(int(row.split()[1]) > 0 for row in rows)
    assert Path(place_of).is_relative_to(place)
