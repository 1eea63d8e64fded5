"""A JupyterLab of one's own, and a notebook in the browser as a student uses it."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).parents[1]
SHOTS = Path(os.environ.get("SCREENSHOTS", ROOT / "out" / "screenshots"))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
START = 120.0
"""Seconds for JupyterLab to answer."""


@dataclass(frozen=True)
class Lab:
    """A JupyterLab at `url`, which serves `folder`."""

    url: str
    folder: Path
    token: str

    def address(self, name: str) -> str:
        """Where a notebook of its folder is opened, and nothing beside it."""
        return f"{self.url}/lab/tree/{name}?token={self.token}&reset"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def served(home: Path) -> Iterator[Lab]:
    """A JupyterLab with settings and a folder of its own. It keeps all cells of a notebook in the page."""
    settings = home / "settings" / "@jupyterlab"
    for extension, plugin, values in (
        ("apputils-extension", "notification", {"fetchNews": "false", "checkForUpdates": False}),
        ("notebook-extension", "tracker", {"windowingMode": "none"}),
    ):
        (settings / extension).mkdir(parents=True)
        (settings / extension / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values), "utf-8")
    folder, token, port = home / "labs", secrets.token_hex(8), free_port()
    folder.mkdir()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"]
    options = [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "PYTHONPATH": str(ROOT),
    }
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log, cwd=folder)
        try:
            lab = Lab(f"http://127.0.0.1:{port}", folder, token)
            until(lambda: _answers(lab), START, "JupyterLab did not start", lambda: time.sleep(0.3))
            yield lab
        finally:
            process.terminate()
            process.wait(30)


def until(holds: Callable[[], bool], seconds: float, otherwise: str, pause: Callable[[], None]) -> None:
    """Ask again and again, with pauses; fail where it does not hold in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        pause()
    raise AssertionError(otherwise)


def _answers(lab: Lab) -> bool:
    try:
        with urlopen(f"{lab.url}/api/status?token={lab.token}", timeout=5):
            return True
    except (URLError, ConnectionError, TimeoutError):
        return False


PROMPT = ".jp-CodeCell .jp-InputPrompt"
IDLE = 240.0
"""Seconds that all cells of a lab may take on a slow machine."""


def put(lab: Lab, name: str, notebook: NotebookNode) -> None:
    """Write a notebook into the folder that is served."""
    (lab.folder / name).write_text(nbformat.writes(notebook), "utf-8")


def open_notebook(page: Any, lab: Lab, name: str) -> None:
    """Open it, and wait until its kernel listens: what is run before that is lost, or asked about in a dialog."""
    page.goto(lab.address(name))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=START * 1_000)
    until(
        lambda: _listens(lab, name), START, f"the kernel of {name} does not listen", lambda: page.wait_for_timeout(300)
    )
    page.wait_for_timeout(1_000)


def _listens(lab: Lab, name: str) -> bool:
    with urlopen(f"{lab.url}/api/sessions?token={lab.token}", timeout=5) as answer:
        sessions = json.load(answer)
    kernels = [session["kernel"] for session in sessions if session["path"] == name]
    return any(kernel["connections"] and kernel["execution_state"] == "idle" for kernel in kernels)


def run_all(page: Any) -> None:
    """Run every cell, as the menu does."""
    menu(page, "Run", "Run All Cells")


def menu(page: Any, name: str, entry: str) -> None:
    page.locator(".lm-MenuBar-itemLabel").get_by_text(name, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()


def wait_until_run(page: Any, seconds: float = IDLE) -> None:
    """Until every cell with code has its number."""
    page.wait_for_timeout(300)
    until(lambda: _has_run(page), seconds, "the notebook is still at work", lambda: page.wait_for_timeout(300))


def _has_run(page: Any) -> bool:
    prompts = page.locator(PROMPT).all_inner_texts()
    return bool(prompts) and all(re.fullmatch(r"\[\d+\]:", prompt.strip()) for prompt in prompts)


def theme(page: Any, name: str) -> None:
    """Choose light or dark in the settings."""
    menu(page, "Settings", "Theme")
    page.locator(".lm-Menu-itemLabel").get_by_text(f"JupyterLab {name.capitalize()}", exact=True).click()
    page.wait_for_selector(f'body[data-jp-theme-light="{str(name == "light").lower()}"]', state="attached")
    page.wait_for_timeout(500)


def shot(page: Any, name: str) -> None:
    """Keep a picture of the page, from the notebook's first cell on."""
    page.evaluate("document.querySelectorAll('.jp-WindowedPanel-outer').forEach(panel => { panel.scrollTop = 0 })")
    page.wait_for_timeout(300)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")
