"""Running a notebook's cells as a Jupyter kernel does, in IPython's shell.

Knows the shell, and where a kernel's shell differs from the one in a terminal. Refuses to know what is
asked of the notebook afterwards, and how outputs travel.
"""

from __future__ import annotations

import builtins
import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDir
from IPython.utils.text import SList
from traitlets import Any as AnyTrait
from traitlets import Instance, Type, default
from traitlets.config import Config

from grader.kernel import unattended
from grader.kernel.outputs import Bundle, Recorder
from grader.kernel.shortage import shortage
from grader.protocol.caps import OutputCaps
from grader.protocol.messages import CellDone, RunCell


class Compiler(CachingCompiler):
    """Gives cells the kind of file name that ipykernel gives them."""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        """A name in the temporary folder, from the code's hash."""
        digest = hashlib.sha1(raw_code.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()
        return str(Path(tempfile.gettempdir(), f"ipykernel_{os.getpid()}", f"{int(digest[:8], 16)}.py"))


_ESCAPES: Final = re.compile(r"[%?]|!(?!=)|^\s*[,;/]", re.MULTILINE)
"""What a cell with a magic, a shell command or a question has in it, and most cells have not."""


class Syntax(TransformerManager):
    """IPython's syntax, which takes longer to look for in a cell than the cell to run."""

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        """Turn magics, shell commands and questions into Python."""
        if any(map(_ESCAPES.search, lines)):
            lines = super().do_token_transforms(lines)  # type: ignore[no-untyped-call]
        return lines


class ResultHook(DisplayHook):
    """Records the value of a cell's last line."""

    def write_output_prompt(self) -> None:
        """Write none: the count travels with the result."""

    def write_format_data(self, format_dict: Bundle, md_dict: Bundle | None = None) -> None:
        """Record the result."""
        count = self.prompt_count
        _recorder(self).shown("execute_result", format_dict, md_dict, execution_count=count)

    def finish_displayhook(self) -> None:
        """Write no empty line after the result."""
        self._is_active = False


class Publisher(DisplayPublisher):
    """Records what `display` and `clear_output` do."""

    def publish(
        self,
        data: Bundle,
        metadata: Bundle | None = None,
        source: object = None,
        *,
        transient: Bundle | None = None,
        update: bool = False,
        **_: object,
    ) -> None:
        """Record a display, or the update of one."""
        self._validate_data(data, metadata)  # type: ignore[no-untyped-call]
        kind = "update_display_data" if update else "display_data"
        display_id = (transient or {}).get("display_id")
        _recorder(self).shown(kind, data, metadata, display_id=display_id)

    def clear_output(self, wait: bool = False) -> None:
        """Record that the outputs so far are to go."""
        _recorder(self).cleared(wait)


class Shell(InteractiveShell):
    """IPython's shell with a kernel's manners: rich outputs, no terminal, no history file, no input."""

    recorder = AnyTrait()
    compiler_class = Type(Compiler)
    displayhook_class = Type(ResultHook)
    display_pub_class = Type(Publisher)
    input_transformer_manager = Instance(Syntax, ())

    def init_profile_dir(self, profile_dir: object = None) -> None:
        """Make none yet: few notebooks need its seven folders."""

    @default("profile_dir")
    def _profile_dir_made(self) -> ProfileDir:
        made: ProfileDir = ProfileDir.create_profile_dir_by_name(self.ipython_dir, "default")
        return made

    def init_environment(self) -> None:
        """Tell programs what a kernel tells them: colours are welcome, a pager is not."""
        os.environ.update(
            TERM="xterm-color",
            CLICOLOR="1",
            FORCE_COLOR="1",
            CLICOLOR_FORCE="1",
            PAGER="cat",
            GIT_PAGER="cat",
        )

    def init_hooks(self) -> None:
        """Show help in a pager, which a saved notebook has none of."""
        super().init_hooks()  # type: ignore[no-untyped-call]
        self.set_hook("show_in_pager", _no_pager, 99)  # type: ignore[no-untyped-call]

    def enable_gui(self, gui: str | None = None) -> None:
        """Accept any: figures are drawn inline."""

    def should_run_async(self, raw_cell: str, **parts: Any) -> bool:
        """Whether a cell awaits outside functions; without these words it does not have to be compiled to find out."""
        asks = super().should_run_async
        return any(word in raw_cell for word in ("await", "async")) and bool(asks(raw_cell, **parts))

    def ask_exit(self) -> None:
        """Stay: `exit` in a cell ends that cell's line and nothing else."""

    def showtraceback(self, exc_tuple: Any = None, *how: Any, **more: Any) -> None:
        """Show an error, and nothing of what stood in for a function that waits for somebody."""
        unattended.unseen(exc_tuple[1] if exc_tuple else sys.exc_info()[1])
        super().showtraceback(exc_tuple, *how, **more)

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        self.recorder.failed(str(etype.__name__), str(evalue), stb)


class Cells:
    """A shell and the outputs of the cells that ran in it."""

    def __init__(self) -> None:
        """Make the shell; there is one in a process, and a forked process inherits it."""
        config = Config()
        config.HistoryManager.enabled = False
        config.HistoryManager.hist_file = ":memory:"
        self.shell = Shell.instance(config=config)

    def settle(self, caps: OutputCaps) -> None:
        """Make this process the shell's: its folders, its streams, its builtins. Before the first cell."""
        self._recorder = self.shell.recorder = Recorder(caps)
        sys.stdout, sys.stderr = self._recorder.streams.values()
        self.shell.init_ipython_dir(None)  # type: ignore[no-untyped-call]
        here = str(Path.cwd())
        self.shell.home_dir, self.shell.starting_dir = str(Path.home()), here
        unattended.install()
        own = _own_builtins()
        self.shell.user_ns.update(__builtin__=own, __builtins__=own)
        self.shell.user_ns["_dh"][:] = [here]

    def stay_alone(self) -> None:
        """Of programs that a cell would start with ! or %pip, say that they are not run, and go on with the cell."""
        self.shell.system = _no_program  # type: ignore[method-assign]
        self.shell.getoutput = _no_output  # type: ignore[method-assign]

    @property
    def names(self) -> dict[str, Any]:
        """What the cells defined."""
        names: dict[str, Any] = self.shell.user_ns
        return names

    def is_cell(self, file_name: str) -> bool:
        """Whether code of this file name came from a cell."""
        return file_name in self.shell.compile._filename_map

    def run(self, cell: RunCell) -> CellDone:
        """Run a cell to its end."""
        self.shell.execution_count = cell.count
        self._recorder.begin(cell.place)
        success, error = False, None
        try:
            ran = self.shell.run_cell(cell.source, store_history=True)  # type: ignore[no-untyped-call]
            success, error = bool(ran.success), ran.error_before_exec or ran.error_in_exec
        finally:
            outputs = self._recorder.end()
        return CellDone(outputs, success, shortage(error))


def _own_builtins() -> ModuleType:
    """The builtins that cells see from now on. What a notebook patches there reaches its own code, and no library."""
    own = ModuleType("builtins")
    own.__dict__.update(vars(builtins))
    sys.modules["builtins"] = own
    return own


def _recorder(part: DisplayHook | DisplayPublisher) -> Recorder:
    recorder: Recorder = part.shell.recorder  # type: ignore[union-attr]
    return recorder


def _no_program(*_: object, **__: object) -> None:
    print("This command was not run: while a notebook is graded, it starts no programs.", file=sys.stderr)


def _no_output(*_: object, **__: object) -> SList:
    _no_program()
    return SList()


def _no_pager(*_: object, **__: object) -> None:
    """Show nothing."""
