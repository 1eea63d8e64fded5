"""How everything drawn becomes HTML: one policy for all templates.

Knows where the templates lie, that texts are escaped, and that a name which is not there is a fault. Refuses to know
what any of them shows.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from grader.pages.sanitize import shown

TEMPLATES: Final = Path(__file__).parent / "templates"


def strict(environment: Environment) -> Environment:
    """The same environment, in which every text is escaped and nothing in it is hidden, and no name may be missing."""
    environment.autoescape = True
    environment.finalize = shown
    environment.undefined = StrictUndefined
    return environment


@cache
def _environment() -> Environment:
    return strict(Environment(loader=FileSystemLoader([TEMPLATES, TEMPLATES / "feedback", TEMPLATES / "card"])))


@cache
def template(name: str) -> Template:
    """The template at a path in our folder, compiled once."""
    return _environment().get_template(name)
