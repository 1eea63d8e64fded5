"""Observations made by hand, for tests of the judge."""

from dataclasses import replace

import numpy as np

from grader.judge.model import Conditions, Evidence, Mark, PreparedCheck, Question
from grader.judge.roles import Replies
from grader.judge.rules import with_records
from grader.judge.source import Source
from grader.judge.verdict import judge
from grader.labs import all_labs
from grader.protocol.conduct import Conduct, Deed, Means
from grader.protocol.messages import Leaf, Missing, Node, Other, Reply, Value

QUESTIONS = {question.name: question for lab in all_labs() for question in lab.questions}


def leaf(value: object, kind: str = "tensor", dtype: str = "float64") -> Leaf:
    """A number or array as a student's process would send it."""
    return Leaf(np.asarray(value), kind, dtype, "cpu")


def seen(*results: Node, **facts: object) -> Value:
    """What one point gave, in a call that was recorded."""
    return Value(results, **{"conduct": Conduct(), **facts})  # type: ignore[arg-type] # the fields of Value


def did(*means: Means, name: str = "torch.autograd.grad", through: tuple[str, ...] = ()) -> Conduct:
    """What a call did that used these means."""
    return Conduct(tuple(Deed(each, name, "line 3: y", through) for each in means))


def text(words: str) -> Other:
    return Other("str", words)


def posed(name: str, seed: str = "tests") -> tuple[Question, list[PreparedCheck]]:
    """A question of the labs with its trials."""
    question = QUESTIONS[name]
    return question, [*with_records([check.prepare(name, Conditions(seed)) for check in question.checks])]


def marked(name: str, *groups: Replies, code: str = "", trials: list[PreparedCheck] | None = None) -> Mark:
    """The mark of a question whose scored trials got these replies, in order; demands beside them are left out.

    Where nothing is said of functions before, they are not there.
    """
    question, drawn = posed(name)
    trials, left = [trial for trial in trials or drawn if not trial.costs], list(groups)
    replies = [_alone(trial, left.pop(0)) if trial.asks.answer else Replies() for trial in trials]
    return judge(question, trials, replies, Source((code or f"def {name}():\n    return 1",)))


def _alone(trial: PreparedCheck, told: Replies) -> Replies:
    missing = tuple((Missing(),) * ask.points for ask in trial.asks.prerequisites)
    return replace(told, prerequisites=told.prerequisites or missing)


def evidence(answer: Reply, code: str = "") -> Evidence:
    return Evidence("f", Source((code,)), answer)
