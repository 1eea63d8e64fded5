"""Honest answers to lab 5: three written apart, and a class drawn from the ways in which people write."""

import ast
from collections.abc import Sequence
from random import Random
from typing import TypeVar

Way = TypeVar("Way")

QUESTIONS = "sigmoid_backward forward backward updated_parameters batch_backward network_loss".split()

APART = (
    '''
import torch

def sigmoid_backward(x):
    """Mine."""
    out = {}
    out["a"] = -1 * x
    out["b"] = out["a"].exp()
    out["c"] = out["b"] + 1
    out["s"] = out["c"].reciprocal()
    out["ds_dc"] = -out["s"] ** 2
    out["ds_db"] = 1 * out["ds_dc"]
    out["ds_da"] = out["b"] * out["ds_db"]
    out["ds_dx"] = -1 * out["ds_da"]
    return out

def forward(inputs, parameters):
    layer = lambda one, two, k, bias: parameters[f"w{k}"] * one + parameters[f"w{k + 1}"] * two + parameters[bias]
    out = {}
    out["z_h1"] = layer(inputs["x1"], inputs["x2"], 1, "b_h1")
    out["z_h2"] = layer(inputs["x1"], inputs["x2"], 3, "b_h2")
    for i in "12":
        out["h" + i] = out["z_h" + i].sigmoid()
    out["o1"] = layer(out["h1"], out["h2"], 5, "b_o1")
    out["o2"] = layer(out["h1"], out["h2"], 7, "b_o2")
    for i in "12":
        out["E" + i] = 0.5 * (inputs["t" + i] - out["o" + i]) ** 2
    out["E"] = out["E1"] + out["E2"]
    return out

def backward(inputs, parameters):
    f = forward(inputs, parameters)
    g = {}
    for i in "12":
        g["dE_do" + i] = f["o" + i] - inputs["t" + i]
        g["dE_db_o" + i] = g["dE_do" + i]
    for k, (end, start) in enumerate([("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")], start=5):
        g[f"dE_dw{k}"] = g["dE_do" + end] * f["h" + start]
    g["dE_dh1"] = parameters["w5"] * g["dE_do1"] + parameters["w7"] * g["dE_do2"]
    g["dE_dh2"] = parameters["w6"] * g["dE_do1"] + parameters["w8"] * g["dE_do2"]
    for i in "12":
        g["dE_dz_h" + i] = g["dE_dh" + i] * (f["h" + i] - f["h" + i] ** 2)
        g["dE_db_h" + i] = g["dE_dz_h" + i]
    for k, (end, start) in enumerate([("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")], start=1):
        g[f"dE_dw{k}"] = g["dE_dz_h" + end] * inputs["x" + start]
    return g

def updated_parameters(inputs, parameters, learning_rate):
    moved = dict(parameters)
    for key, slope in backward(inputs, parameters).items():
        if key[4:] in moved:
            moved[key[4:]] = moved[key[4:]] - learning_rate * slope
    return moved

def batch_backward(X, T, W1, b1, W2, b2):
    n = X.shape[0]
    hidden = torch.sigmoid(torch.matmul(X, W1.T) + b1)
    out = torch.matmul(hidden, W2.T) + b2
    delta2 = (out - T) / n
    delta1 = torch.matmul(delta2, W2) * hidden * (1 - hidden)
    return torch.matmul(delta1.T, X), delta1.sum(0), torch.matmul(delta2.T, hidden), delta2.sum(0)

def network_loss(inputs, parameters):
    return forward(inputs, parameters)["E"]
''',
    """
import torch as t

def sigmoid_backward(x):
    a = -x
    b = t.exp(a)
    c = 1 + b
    s = 1 / c
    # local derivatives
    dc = -(1 / (c * c))
    db = dc * 1
    da = db * t.exp(a)
    return {"a": a, "b": b, "c": c, "s": s, "ds_dc": dc, "ds_db": db, "ds_da": da, "ds_dx": da * -1}

def forward(inputs, parameters):
    x1, x2, t1, t2 = inputs["x1"], inputs["x2"], inputs["t1"], inputs["t2"]
    w1, w2, w3, w4, w5, w6, w7, w8 = [parameters[f"w{i}"] for i in range(1, 9)]
    z_h1 = w1 * x1 + w2 * x2 + parameters["b_h1"]
    z_h2 = w3 * x1 + w4 * x2 + parameters["b_h2"]
    h1, h2 = t.sigmoid(z_h1), t.sigmoid(z_h2)
    o1 = w5 * h1 + w6 * h2 + parameters["b_o1"]
    o2 = w7 * h1 + w8 * h2 + parameters["b_o2"]
    E1 = 1 / 2 * (o1 - t1) ** 2
    E2 = 1 / 2 * (o2 - t2) ** 2
    E = E1 + E2
    return {"z_h1": z_h1, "z_h2": z_h2, "h1": h1, "h2": h2, "o1": o1, "o2": o2, "E1": E1, "E2": E2, "E": E}

def backward(inputs, parameters):
    values = forward(inputs, parameters)
    x1, x2, t1, t2 = inputs["x1"], inputs["x2"], inputs["t1"], inputs["t2"]
    w5, w6, w7, w8 = [parameters[f"w{i}"] for i in range(5, 9)]
    h1, h2 = values["h1"], values["h2"]
    dE_do1 = values["o1"] - t1
    dE_do2 = values["o2"] - t2
    dE_dw5 = dE_do1 * h1
    dE_dw6 = dE_do1 * h2
    dE_dw7 = dE_do2 * h1
    dE_dw8 = dE_do2 * h2
    dE_dh1 = dE_do1 * w5 + dE_do2 * w7
    dE_dh2 = dE_do1 * w6 + dE_do2 * w8
    dE_dz_h1 = dE_dh1 * h1 * (1 - h1)
    dE_dz_h2 = dE_dh2 * h2 * (1 - h2)
    dE_dw1 = dE_dz_h1 * x1
    dE_dw2 = dE_dz_h1 * x2
    dE_dw3 = dE_dz_h2 * x1
    dE_dw4 = dE_dz_h2 * x2
    return {"dE_do1": dE_do1, "dE_do2": dE_do2, "dE_dw5": dE_dw5, "dE_dw6": dE_dw6, "dE_dw7": dE_dw7,
            "dE_dw8": dE_dw8, "dE_db_o1": dE_do1, "dE_db_o2": dE_do2, "dE_dh1": dE_dh1, "dE_dh2": dE_dh2,
            "dE_dz_h1": dE_dz_h1, "dE_dz_h2": dE_dz_h2, "dE_dw1": dE_dw1, "dE_dw2": dE_dw2, "dE_dw3": dE_dw3,
            "dE_dw4": dE_dw4, "dE_db_h1": dE_dz_h1, "dE_db_h2": dE_dz_h2}

def updated_parameters(inputs, parameters, learning_rate):
    g = backward(inputs, parameters)
    return {k: parameters[k] - learning_rate * g["dE_d" + k] for k in parameters}

def batch_backward(X, T, W1, b1, W2, b2):
    H = t.sigmoid(X @ W1.T + b1)
    O = H @ W2.T + b2
    G = (O - T) / X.shape[0]
    dW2 = G.T @ H
    db2 = G.sum(dim=0)
    dH = G @ W2
    dZ = dH * H * (1 - H)
    dW1 = dZ.T @ X
    db1 = dZ.sum(dim=0)
    return dW1, db1, dW2, db2

def network_loss(inputs, parameters):
    E = forward(inputs, parameters)["E"]
    return E
""",
    '''
import torch

def sigmoid_backward(x):
    a = torch.neg(x)
    b = torch.exp(a)
    c = 1.0 + b
    s = c ** -1
    ds_dc = -c ** -2
    ds_db = ds_dc * 1.0
    ds_da = ds_db * b
    ds_dx = ds_da * (-1.0)
    return dict(a=a, b=b, c=c, s=s, ds_dc=ds_dc, ds_db=ds_db, ds_da=ds_da, ds_dx=ds_dx)

def matrices(parameters):
    """The layers as matrices."""
    pick = lambda *names: torch.stack([parameters[n] for n in names])
    return (pick("w1", "w2", "w3", "w4").reshape(2, 2), pick("b_h1", "b_h2"),
            pick("w5", "w6", "w7", "w8").reshape(2, 2), pick("b_o1", "b_o2"))

def forward(inputs, parameters):
    W1, b1, W2, b2 = matrices(parameters)
    x = torch.stack([inputs["x1"], inputs["x2"]])
    target = torch.stack([inputs["t1"], inputs["t2"]])
    z = W1 @ x + b1
    h = torch.sigmoid(z)
    o = W2 @ h + b2
    E = (o - target).square() / 2
    return dict(z_h1=z[0], z_h2=z[1], h1=h[0], h2=h[1], o1=o[0], o2=o[1], E1=E[0], E2=E[1], E=E.sum())

def backward(inputs, parameters):
    _, _, W2, _ = matrices(parameters)
    r = forward(inputs, parameters)
    x = torch.stack([inputs["x1"], inputs["x2"]])
    h = torch.stack([r["h1"], r["h2"]])
    do = torch.stack([r["o1"] - inputs["t1"], r["o2"] - inputs["t2"]])
    dW2 = torch.outer(do, h)
    dh = W2.T @ do
    dz = dh * h * (1 - h)
    dW1 = torch.outer(dz, x)
    names = "do1 do2 dw5 dw6 dw7 dw8 db_o1 db_o2 dh1 dh2 dz_h1 dz_h2 dw1 dw2 dw3 dw4 db_h1 db_h2".split()
    return dict(zip(["dE_" + n for n in names], [*do, *dW2.flatten(), *do, *dh, *dz, *dW1.flatten(), *dz]))

def updated_parameters(inputs, parameters, learning_rate):
    gradients = backward(inputs, parameters)
    new = {}
    for name in parameters:
        new[name] = parameters[name] - learning_rate * gradients["dE_d" + name]
    return new

def batch_backward(X, T, W1, b1, W2, b2):
    Z = X.matmul(W1.t()) + b1
    H = Z.sigmoid()
    dO = (H.matmul(W2.t()) + b2 - T).div(len(T))
    dH = dO.matmul(W2)
    dZ = dH.mul(H).mul(1 - H)
    return dZ.t().matmul(X), dZ.sum(0), dO.t().matmul(H), dO.sum(0)

def network_loss(inputs, parameters):
    steps = forward(inputs, parameters)
    return steps["E1"] + steps["E2"]
''',
)
"""Three solutions, none written with a look at another."""

STEPS = "z_h1 z_h2 h1 h2 o1 o2 E1 E2 E".split()
INPUTS = "x1 x2 t1 t2".split()
WEIGHTS = "w1 w2 w3 w4 w5 w6 w7 w8 b_h1 b_h2 b_o1 b_o2".split()
SLOPES = "do1 do2 dw5 dw6 dw7 dw8 db_o1 db_o2 dh1 dh2 dz_h1 dz_h2 dw1 dw2 dw3 dw4 db_h1 db_h2".split()

TIMES = ("{0} * {1}", "{1} * {0}", "torch.mul({0}, {1})")
TOTAL = ("{0} + {1} + {2}", "{2} + {0} + {1}", "({0} + {1}) + {2}")
BEND = ("torch.sigmoid({0})", "1 / (1 + torch.exp(-{0}))", "{0}.sigmoid()", "sigmoid({0})")
SLOPE = ("{0} * {1} * (1 - {1})", "{0} * ({1} * (1 - {1}))", "{0} * (1 - {1}) * {1}", "{0} * ({1} - {1} ** 2)")
HALF = (
    "0.5 * ({0} - {1}) ** 2",
    "({0} - {1}) ** 2 / 2",
    "0.5 * ({1} - {0}) ** 2",
    "torch.square({0} - {1}) / 2",
    "(1 / 2) * ({0} - {1}).pow(2)",
    "({0} - {1}) * ({0} - {1}) * 0.5",
)
CHAIN = {
    "a": ("-x", "-1 * x", "torch.neg(x)"),
    "b": ("torch.exp(a)", "a.exp()"),
    "c": ("1 + b", "b + 1"),
    "s": ("1 / c", "c ** -1", "1.0 / c", "c.reciprocal()"),
    "ds_dc": ("-1 / c ** 2", "-(1 / c ** 2)", "-s ** 2", "-s * s", "-c ** -2", "-torch.pow(c, -2)"),
    "ds_db": ("ds_dc", "ds_dc * 1", "1 * ds_dc"),
    "ds_da": ("ds_db * b", "ds_db * torch.exp(a)", "b * ds_db"),
    "ds_dx": ("-ds_da", "ds_da * -1", "-1 * ds_da", "ds_da * (-1)"),
}
LOOPS = (
    ["return {{k: {0} for k, v in parameters.items()}}"],
    ["new = {{}}", "for k, v in parameters.items():", "    new[k] = {0}", "return new"],
    ["new = dict(parameters)", "for k, v in new.items():", "    new[k] = {0}", "return new"],
)


class Habit:
    """How somebody writes, the same throughout a notebook: common ways are common, odd ones rare."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.times, self.total, self.bend = self.drawn(*TIMES), self.drawn(*TOTAL), self.drawn(*BEND)
        self.slope, self.half = self.drawn(*SLOPE), self.drawn(*HALF)
        self.access = self.drawn("key", "parts", "alias", "values", "listed", "split")
        self.packed = self.drawn("literal", "filled", "dict", "zipped")
        self.inputs, self.x = self.looked_up(INPUTS, "inputs")
        self.weights, self.p = self.looked_up(WEIGHTS, "parameters")

    def drawn(self, *ways: Way) -> Way:
        return self.random.choices(ways, [1 / (rank + 1) ** 1.5 for rank in range(len(ways))])[0]

    def looked_up(self, names: list[str], of: str) -> tuple[list[str], dict[str, str]]:
        """The lines that take names out of a dict, and what they are called from then on."""
        keys = {n: f'{of}["{n}"]' for n in names}
        own = {n: n for n in names}
        match self.access:
            case "key":
                return [], keys
            case "alias":
                return [f"{of[0]} = {of}"], {n: f'{of[0]}["{n}"]' for n in names}
            case "parts":
                return [f"{n} = {keys[n]}" for n in names], own
            case "values":
                return [f"{', '.join(names)} = {of}.values()"], own
            case "listed":
                return [f"{', '.join(names)} = [{of}[k] for k in {names!r}]"], own
        return [f"{', '.join(names)} = {', '.join(keys.values())}"], own

    def returned(self, names: list[str], prefix: str = "") -> list[str]:
        match self.packed:
            case "filled":
                return ["out = {}", *(f'out["{prefix}{n}"] = {n}' for n in names), "return out"]
            case "dict":
                return [f"return dict({', '.join(f'{prefix}{n}={n}' for n in names)})"]
            case "zipped":
                return [f"names = {[prefix + n for n in names]!r}", f"return dict(zip(names, [{', '.join(names)}]))"]
        return [f"return {{{', '.join(f'{prefix + n!r}: {n}' for n in names)}}}"]

    def function(self, head: str, body: list[str]) -> str:
        said = self.drawn("", "    # as on the sheet\n", "    print('here')\n", "    assert True\n")
        return f"def {head}:\n{said}" + "".join(f"    {line}\n" for line in body) + "\n"

    def sigmoid_backward(self) -> str:
        chain = {name: self.drawn(*ways) for name, ways in CHAIN.items()}
        body = [f"{name} = {value}" for name, value in chain.items()] + self.returned(list(chain))
        helper = self.drawn("return torch.sigmoid(x)", "return 1 / (1 + torch.exp(-x))")
        own = self.function("sigmoid(x)", [helper]) if self.bend.startswith("sigmoid") else ""
        return own + self.function("sigmoid_backward(x)", body)

    def forward(self) -> str:
        def layer(name: str, k: int, starts: Sequence[str], bias: str) -> str:
            terms = (self.times.format(self.p[f"w{k + i}"], start) for i, start in enumerate(starts))
            return f"{name} = {self.total.format(*terms, self.p[bias])}"

        x = [self.x["x1"], self.x["x2"]]
        body = [*self.inputs, *self.weights, layer("z_h1", 1, x, "b_h1"), layer("z_h2", 3, x, "b_h2")]
        body += [f"h{n} = {self.bend.format(f'z_h{n}')}" for n in "12"]
        body += [layer("o1", 5, ["h1", "h2"], "b_o1"), layer("o2", 7, ["h1", "h2"], "b_o2")]
        body += [f"E{n} = {self.half.format(f'o{n}', self.x[f't{n}'])}" for n in "12"]
        return self.function("forward(inputs, parameters)", [*body, "E = E1 + E2", *self.returned(STEPS)])

    def backward(self) -> str:
        used = self.drawn("f", "step", "values", "out")
        h1, h2 = f'{used}["h1"]', f'{used}["h2"]'
        body = [f"{used} = forward(inputs, parameters)", *self.inputs, *self.weights]
        if self.random.random() < 0.5:
            body += [f"h1 = {h1}", f"h2 = {h2}"]
            h1, h2 = "h1", "h2"
        x, p, times = self.x, self.p, self.times.format
        slopes = {f"do{n}": f'{used}["o{n}"] - {x[f"t{n}"]}' for n in "12"}
        slopes |= {f"dw{k}": times(f"do{n}", h) for k, n, h in ((5, 1, h1), (6, 1, h2), (7, 2, h1), (8, 2, h2))}
        slopes |= {"db_o1": "do1", "db_o2": "do2"}
        pairs = ((1, p["w5"], p["w7"]), (2, p["w6"], p["w8"]))
        slopes |= {f"dh{n}": f"{times('do1', one)} + {times('do2', other)}" for n, one, other in pairs}
        slopes |= {f"dz_h{n}": self.slope.format(f"dh{n}", h) for n, h in ((1, h1), (2, h2))}
        slopes |= {f"dw{k}": times(f"dz_h{(k + 1) // 2}", x[f"x{2 - k % 2}"]) for k in range(1, 5)}
        slopes |= {"db_h1": "dz_h1", "db_h2": "dz_h2"}
        body += [f"{name} = {value}" for name, value in slopes.items()]
        return self.function("backward(inputs, parameters)", [*body, *self.returned(SLOPES, "dE_")])

    def updated_parameters(self) -> str:
        key = self.drawn('f"dE_d{k}"', '"dE_d" + k')
        step = self.drawn(f"v - learning_rate * g[{key}]", f"parameters[k] - g[{key}] * learning_rate")
        body = ["g = backward(inputs, parameters)", *(row.format(step) for row in self.drawn(*LOOPS))]
        return self.function("updated_parameters(inputs, parameters, learning_rate)", body)

    def batch_backward(self) -> str:
        body = [f"Z = {self.drawn('X @ W1.T + b1', 'torch.matmul(X, W1.T) + b1', 'X @ W1.t() + b1')}"]
        body += [f"H = {self.bend.format('Z')}", f"O = {self.drawn('H @ W2.T + b2', 'torch.matmul(H, W2.T) + b2')}"]
        body += [f"dO = (O - T) / {self.drawn('len(X)', 'X.shape[0]', 'X.size(0)')}"]
        body += [f"dZ = {self.slope.format('(dO @ W2)', 'H')}"]
        one, other = self.drawn("0", "dim=0", "axis=0"), self.drawn("0", "dim=0", "axis=0")
        rows = f"dZ.T @ X, dZ.sum({one}), dO.T @ H, dO.sum({other})"
        named = [f"dW1, db1, dW2, db2 = {rows}", "return dW1, db1, dW2, db2"]
        return self.function("batch_backward(X, T, W1, b1, W2, b2)", body + self.drawn([f"return {rows}"], named))

    def network_loss(self) -> str:
        whole = 'forward(inputs, parameters)["E"]'
        return self.function(
            "network_loss(inputs, parameters)", self.drawn([f"return {whole}"], [f"E = {whole}", "return E"])
        )


def solution(random: Random) -> str:
    """A right solution of lab 5 in a habit of writing that is drawn."""
    habit = Habit(random)
    return "import torch\n\n" + "".join(getattr(habit, name)() for name in QUESTIONS)


class Renamed(ast.NodeTransformer):
    """Other names for whatever a function assigns or is given; the lab's own functions keep theirs."""

    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self.names.get(node.arg, node.arg))


def disguised(text: str) -> str:
    """The same code with other names, comments and layout, and neighbours swapped where neither needs the other."""
    tree = ast.parse(text)
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        nodes = list(ast.walk(function))
        stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names = sorted(stored | {n.arg for n in nodes if isinstance(n, ast.arg)})
        body = function.body
        for place in range(0, len(body) - 1, 2):
            one, other = body[place : place + 2]
            needed = {n.id for n in ast.walk(other) if isinstance(n, ast.Name)}
            if isinstance(one, ast.Assign) and isinstance(other, ast.Assign):
                made = {n.id for n in ast.walk(one.targets[0]) if isinstance(n, ast.Name)}
                if not needed & made:
                    body[place : place + 2] = [other, one]
        Renamed({name: f"mine_{place}" for place, name in enumerate(names)}).visit(function)
    return ast.unparse(ast.fix_missing_locations(tree)).replace("\n    return", "\n\n    # so, done\n    return")
