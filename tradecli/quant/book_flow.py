"""Order flow imbalance: what the changes of the best quotes say about who is pushing (METHODS section 10.1).

Cont, Kukanov & Stoikov, JFEc (2014). Prices and sizes are arrays over time, one row a state of the book.
"""

from __future__ import annotations

import numpy as np

from tradecli.quant.returns import Floats


def flow_events(bid: Floats, bid_qty: Floats, ask: Floats, ask_qty: Floats) -> Floats:
    """Return e of each change, one fewer than there are states, in base units; positive is buying.

    e = 1{P_b ≥ P_b'} q_b − 1{P_b ≤ P_b'} q_b' − 1{P_a ≤ P_a'} q_a + 1{P_a ≥ P_a'} q_a'. Works level by level on
    arrays of (state, level) as well.
    """
    bought = (bid[1:] >= bid[:-1]) * bid_qty[1:] - (bid[1:] <= bid[:-1]) * bid_qty[:-1]
    sold = (ask[1:] <= ask[:-1]) * ask_qty[1:] - (ask[1:] >= ask[:-1]) * ask_qty[:-1]
    return np.asarray(bought - sold, dtype=np.float64)


def order_flow_imbalance(bid: Floats, bid_qty: Floats, ask: Floats, ask_qty: Floats) -> float | None:
    """Return the sum of e over the window in units of the average depth of one side; None below two states."""
    if len(bid) < 2:
        return None
    average = float(np.mean(bid_qty) + np.mean(ask_qty)) / 2.0
    return float(np.sum(flow_events(bid, bid_qty, ask, ask_qty))) / average if average > 0.0 else None
