"""LSTM, GRU and RNN as ONNX defines them, step by step: gates in ONNX's order, sequences of different lengths."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# torch is only partly typed; what comes out of it is checked by the tests.

# ruff: noqa: ARG005 - every activation takes alpha and beta, used or not

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from compressors.indexing import reversed_to
from compressors.operator_settings import Settings

Tensor = torch.Tensor
Given = Tensor | None
Step = Callable[["Cell", Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]

ACTIVATIONS: dict[str, Callable[[Tensor, float | None, float | None], Tensor]] = {
    "affine": lambda x, a, b: (1.0 if a is None else a) * x + (0.0 if b is None else b),
    "elu": lambda x, a, b: F.elu(x, 1.0 if a is None else a),
    "hardsigmoid": lambda x, a, b: torch.clamp((0.2 if a is None else a) * x + (0.5 if b is None else b), 0, 1),
    "leakyrelu": lambda x, a, b: F.leaky_relu(x, 0.01 if a is None else a),
    "relu": lambda x, a, b: F.relu(x),
    "scaledtanh": lambda x, a, b: (1.0 if a is None else a) * torch.tanh((1.0 if b is None else b) * x),
    "sigmoid": lambda x, a, b: torch.sigmoid(x),
    "softplus": lambda x, a, b: F.softplus(x),
    "softsign": lambda x, a, b: F.softsign(x),
    "tanh": lambda x, a, b: torch.tanh(x),
    "thresholdedrelu": lambda x, a, b: torch.where(x > (1.0 if a is None else a), x, torch.zeros_like(x)),
}
TAKES_ALPHA = ("affine", "elu", "hardsigmoid", "leakyrelu", "scaledtanh", "thresholdedrelu")
TAKES_BETA = ("affine", "hardsigmoid", "scaledtanh")


@dataclass(frozen=True)
class Cell:
    """One direction: W (gates·hidden × inputs), R (gates·hidden × hidden), both biases, peepholes and settings."""

    w: Tensor
    r: Tensor
    bias_w: Tensor
    bias_r: Tensor
    peepholes: Sequence[Tensor]
    acts: Sequence[Callable[[Tensor], Tensor]]
    clip: float
    flags: Settings

    def act(self, number: int, x: Tensor) -> Tensor:
        """The activation of this number, on values that are clipped first."""
        return self.acts[number](torch.clamp(x, -self.clip, self.clip) if self.clip else x)


def lstm(s: Settings, x: Tensor, w: Tensor, r: Tensor, b: Given = None, *rest: Given) -> tuple[Tensor, ...]:
    """Y, Y_h and Y_c. Gates in the order input, output, forget, cell."""
    lengths, h, c, p = (*rest, None, None, None, None)[:4]
    return _run(s, _lstm_step, ("Sigmoid", "Tanh", "Tanh"), x, (w, r, b, p), lengths, (h, c))


def gru(s: Settings, x: Tensor, w: Tensor, r: Tensor, b: Given = None, *rest: Given) -> tuple[Tensor, ...]:
    """Y and Y_h. Gates in the order update, reset, hidden."""
    lengths, h = (*rest, None, None)[:2]
    return _run(s, _gru_step, ("Sigmoid", "Tanh"), x, (w, r, b, None), lengths, (h,))


def rnn(s: Settings, x: Tensor, w: Tensor, r: Tensor, b: Given = None, *rest: Given) -> tuple[Tensor, ...]:
    """Y and Y_h."""
    lengths, h = (*rest, None, None)[:2]
    return _run(s, _rnn_step, ("Tanh",), x, (w, r, b, None), lengths, (h,))


def _lstm_step(cell: Cell, given: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    h, c = state
    i, o, f, g = (given + h @ cell.r.t() + cell.bias_r).chunk(4, -1)
    pi, po, pf = cell.peepholes or (0.0, 0.0, 0.0)
    into = cell.act(0, i + pi * c)
    keep = 1 - into if cell.flags.integer("input_forget") else cell.act(0, f + pf * c)
    new = keep * c + into * cell.act(1, g)
    # The cell itself is not clipped before its activation: so ONNX Runtime does it.
    return cell.act(0, o + po * new) * cell.acts[2](new), new


def _gru_step(cell: Cell, given: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    (h,) = state
    z_in, r_in, n_in = given.chunk(3, -1)
    z_r, r_r, n_r = cell.r.chunk(3, 0)
    z_b, r_b, n_b = cell.bias_r.chunk(3, -1)
    update = cell.act(0, z_in + h @ z_r.t() + z_b)
    reset = cell.act(0, r_in + h @ r_r.t() + r_b)
    after = bool(cell.flags.integer("linear_before_reset"))
    told = reset * (h @ n_r.t() + n_b) if after else (reset * h) @ n_r.t() + n_b
    return ((1 - update) * cell.act(1, n_in + told) + update * h,)


def _rnn_step(cell: Cell, given: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (cell.act(0, given + state[0] @ cell.r.t() + cell.bias_r),)


def _run(
    s: Settings,
    step: Step,
    usual: Sequence[str],
    x: Tensor,
    weights: tuple[Tensor, Tensor, Tensor | None, Tensor | None],
    lengths: Tensor | None,
    starts: Sequence[Tensor | None],
) -> tuple[Tensor, ...]:
    batch_first = bool(s.integer("layout"))
    x = x.transpose(0, 1) if batch_first else x
    w, r, b, p = weights
    hidden, ends = r.shape[-1], x.shape[1]
    acts = _activations(s, list(usual) * w.shape[0])
    outputs: list[Tensor] = []
    finals: list[tuple[Tensor, ...]] = []
    for way in range(w.shape[0]):
        biases = w.new_zeros(2 * w.shape[1]) if b is None else b[way]
        bias_w, bias_r = biases.chunk(2)
        peepholes = () if p is None else p[way].chunk(3)
        own = acts[way * len(usual) : (way + 1) * len(usual)]
        cell = Cell(w[way], r[way], bias_w, bias_r, peepholes, own, s.number("clip", 0.0), s)
        state = tuple(
            x.new_zeros(ends, hidden) if start is None else (start.transpose(0, 1) if batch_first else start)[way]
            for start in starts
        )
        backwards = way == 1 or s.text("direction", "forward") == "reverse"
        y, final = _along(cell, step, _turned(x, lengths) if backwards else x, state, lengths)
        outputs.append(_turned(y, lengths) if backwards else y)
        finals.append(final)
    y = torch.stack(outputs, 1)  # (time, directions, batch, hidden)
    last = [torch.stack(parts) for parts in zip(*finals, strict=True)]
    if batch_first:
        return y.permute(2, 0, 1, 3), *(part.transpose(0, 1) for part in last)
    return y, *last


def _turned(x: Tensor, lengths: Tensor | None) -> Tensor:
    return x.flip(0) if lengths is None else reversed_to(x, lengths, 0, 1)


def _along(
    cell: Cell, step: Step, x: Tensor, state: tuple[Tensor, ...], lengths: Tensor | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """One direction over all steps: (time, batch, hidden) and the last state. Behind its end, a sequence gives 0."""
    given = x @ cell.w.t() + cell.bias_w
    seen: list[Tensor] = []
    for time, now in enumerate(given.unbind(0)):
        new = step(cell, now, state)
        if lengths is None:
            state = new
            seen.append(new[0])
            continue
        going = (time < lengths)[:, None]
        state = tuple(torch.where(going, after, before) for after, before in zip(new, state, strict=True))
        seen.append(torch.where(going, new[0], torch.zeros_like(new[0])))
    return torch.stack(seen), state


def _activations(s: Settings, usual: list[str]) -> list[Callable[[Tensor], Tensor]]:
    """As many as the cells need, with the alphas and betas that are given in order to those that take one."""
    names = [str(name).lower() for name in s.values.get("activations", usual)]
    alphas = [float(value) for value in s.values.get("activation_alpha", ())]
    betas = [float(value) for value in s.values.get("activation_beta", ())]
    found: list[Callable[[Tensor], Tensor]] = []
    for name in names:
        alpha = alphas.pop(0) if alphas and name in TAKES_ALPHA else None
        beta = betas.pop(0) if betas and name in TAKES_BETA else None
        found.append(_with(ACTIVATIONS[name], alpha, beta))
    return found


def _with(
    function: Callable[[Tensor, float | None, float | None], Tensor], alpha: float | None, beta: float | None
) -> Callable[[Tensor], Tensor]:
    return lambda x: function(x, alpha, beta)
