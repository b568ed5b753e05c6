"""The LSTM over whole sentences on a CPU, with its gradient by hand (backpropagation through time, Werbos 1990).

Autograd would store every small product and make the weight gradient step by step. Here the gates are kept, each step
back is one matrix product, and the weight gradients are one product at the end. Under autocast the products are bf16 and
the memory line is float32. Padding costs nothing: where a sentence has ended, the old state is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .cells import State


class Sequence(torch.autograd.Function):
    """x [B, T, E], h, c [B, H], weights and biases as in torch.nn.LSTM, inside [T, B, 1] (true at words), the length of the
    shortest sentence, backward? No step before that length has padding, and none pays for it.

    → output [B, T, H] (0 in padding), final h, final c [B, H].
    """

    @staticmethod
    def forward(ctx, x, h, c, weight_ih, weight_hh, bias_ih, bias_hh, inside, shortest, reverse):
        kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        with torch.autocast("cpu", enabled=False):
            B, T, E = x.shape
            H = h.shape[1]
            W, U = weight_ih.to(kind), weight_hh.to(kind)
            x = x.transpose(0, 1).to(kind).contiguous()  # [T, B, E]
            gates = torch.addmm((bias_ih + bias_hh).to(kind), x.view(T * B, E), W.T).view(T, B, 4 * H)
            cells, hiddens = c.new_empty(T + 1, B, H), gates.new_empty(T + 1, B, H)  # what each step starts from
            squashed = gates.new_empty(T, B, H)  # tanh c
            order = range(T - 1, -1, -1) if reverse else range(T)
            before, after = (1, 0) if reverse else (0, 1)  # step t goes from slot t + before to slot t + after
            cells[order[0] + before], hiddens[order[0] + before] = c, h
            for t in order:
                gate, old_c, old_h = gates[t].addmm_(hiddens[t + before], U.T), cells[t + before], hiddens[t + before]
                gate[:, : 2 * H].sigmoid_()
                gate[:, 2 * H : 3 * H].tanh_()
                gate[:, 3 * H :].sigmoid_()
                i, f, g, o = gate.chunk(4, dim=1)  # [B, H]
                new_c = torch.addcmul(f * old_c, i, g, out=cells[t + after])
                torch.mul(o, squashed[t].copy_(new_c).tanh_(), out=hiddens[t + after])
                if t >= shortest:
                    new_c.copy_(torch.where(inside[t], new_c, old_c))
                    hiddens[t + after].copy_(torch.where(inside[t], hiddens[t + after], old_h))
            output = hiddens[after : T + after]
            output = (output * inside if shortest < T else output).transpose(0, 1)
        ctx.save_for_backward(x, W, U, gates, cells, hiddens, squashed, inside)
        ctx.shortest, ctx.reverse, ctx.kinds = shortest, reverse, (weight_ih.dtype, h.dtype)
        last = order[-1] + after
        return output.contiguous(), hiddens[last].to(h.dtype), cells[last].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx, d_output, d_h, d_c):
        x, W, U, gates, cells, hiddens, squashed, inside = ctx.saved_tensors
        weight_kind, state_kind = ctx.kinds
        T, B, H = squashed.shape
        before = 1 if ctx.reverse else 0
        with torch.autocast("cpu", enabled=False):
            d_output = d_output.transpose(0, 1)  # [T, B, H]
            i, f, g, o = gates.chunk(4, dim=2)  # [T, B, H]
            old = cells[before : T + before].to(x.dtype)
            # What each gate's drive owes to a change of c, and o's drive and c to a change of h: for all steps at once.
            by_cell = torch.stack([g * (i - i * i), old * (f - f * f), i * (1 - g * g)], dim=2)  # [T, B, 3, H]
            by_hidden, cell_by_hidden = squashed * (o - o * o), o * (1 - squashed * squashed)
            for slope in (by_cell.view(T, B, 3 * H), by_hidden, cell_by_hidden):
                slope[ctx.shortest :].mul_(inside[ctx.shortest :])  # in padding nothing was computed
            d_h, d_c = d_h.to(x.dtype), d_c.clone()
            d_gates = torch.empty_like(gates)
            for t in range(T) if ctx.reverse else range(T - 1, -1, -1):
                flow = d_h + d_output[t]
                d_c.addcmul_(flow, cell_by_hidden[t])
                torch.mul(by_cell[t], d_c.to(x.dtype)[:, None], out=d_gates[t, :, : 3 * H].view(B, 3, H))
                torch.mul(by_hidden[t], flow, out=d_gates[t, :, 3 * H :])
                new_h, new_c = d_gates[t] @ U, d_c * f[t]
                if t >= ctx.shortest:  # in padding c and h are the old ones
                    new_h, new_c = torch.where(inside[t], new_h, d_h), torch.where(inside[t], new_c, d_c)
                d_h, d_c = new_h, new_c
            flat = d_gates.view(T * B, 4 * H)
            d_x = (flat @ W).view(T, B, -1).transpose(0, 1)
            d_W = (flat.T @ x.view(T * B, -1)).to(weight_kind)
            d_U = (flat.T @ hiddens[before : T + before].reshape(T * B, H)).to(weight_kind)
            d_b = flat.sum(0).to(weight_kind)
        return d_x, d_h.to(state_kind), d_c, d_W, d_U, d_b, d_b, None, None, None


def lstm(
    x: Tensor, past: State, weights: Mapping[str, Tensor], lengths: Tensor | None, reverse: bool
) -> tuple[Tensor, State]:
    """x [B, T, E], past {state: [B, H]}, lengths [B] → output [B, T, H] and the final state."""
    lengths = torch.full((x.shape[0],), x.shape[1]) if lengths is None else lengths
    inside = torch.arange(x.shape[1])[:, None, None] < lengths[None, :, None]  # [T, B, 1]
    each = [weights[name] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    c = past["cell"].to(weights["weight_hh"].dtype)  # not bf16's, which it comes over the bridge in
    output, h, c = Sequence.apply(x, past["hidden"], c, *each, inside, int(lengths.min()), reverse)
    return output, {"hidden": h, "cell": c}
