# SPDX-License-Identifier: Apache-2.0
"""The picture of the comparison: how much better or worse than each peer sedge is, bars on a logarithmic scale."""

import math
from xml.sax.saxutils import escape

from bench.harness.report import of_interest

PEERS = (("raw", "raw TCP", "#8a8f98"), ("otp", "OTP 25", "#c2517f"), ("ei", "ei", "#3f8fd2"),
         ("caf", "CAF", "#5da05a"))
WIDTH, LEFT, RIGHT, TOP = 960, 380, 60, 86
BAR, GAP = 11, 16
# Text and lines follow the reader's theme; the colours of the bars are legible on both.
STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .faint { fill: #57606a; font-size: 11px }
    .title { font-size: 17px; font-weight: 600 }
    .grid { stroke: #d0d7de; stroke-width: 1 }
    .even { stroke: #57606a; stroke-width: 1.5 }
    .paper { fill: #ffffff }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 } .faint { fill: #9da7b3 } .grid { stroke: #30363d }
      .even { stroke: #9da7b3 } .paper { fill: #0d1117 }
    }"""


def times_better(row, medians, peer):
    if not medians.get("sedge") or not medians.get(peer):
        return None
    return medians[peer] / medians["sedge"] if row.less_is_better() else medians["sedge"] / medians[peer]


def bars_of(rows, measured):
    """(label, [(colour, times better)]) for each row with at least one peer."""
    for row in of_interest(rows, measured):
        medians = row.medians(measured)
        # Beside raw, terms are memory that is copied: no peer, and so far away that all else would look alike.
        found = [(colour, times_better(row, medians, peer)) for peer, _, colour in PEERS
                 if (row.workload, peer) != ("W5", "raw")]
        found = [(colour, value) for colour, value in found if value]
        if found and row.title != "round trip, p99":  # like the mean, mostly
            yield f"{row.workload} {row.full_title()}", found


def draw(rows, measured, caption):
    """The picture as SVG; None if there is nothing to compare."""
    groups = list(bars_of(rows, measured))
    if not groups:
        return None
    values = [value for _, bars in groups for _, value in bars]
    least, most = min(0.5, *values), max(2.0, *values)
    low, high = math.floor(math.log2(least)), math.ceil(math.log2(most))

    def x(value):
        return LEFT + (math.log2(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    height = TOP + sum(BAR * len(bars) + GAP for _, bars in groups) + 34
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
           f"<title>sedge beside its peers</title><style>{STYLE}\n  </style>",
           f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
           '<text class="title" x="20" y="30">How many times better than its peers sedge is</text>',
           f'<text class="faint" x="20" y="48">{escape(caption)}</text>']
    at = LEFT
    for peer, name, colour in PEERS:
        if any(c == colour for _, bars in groups for c, _ in bars):
            out.append(f'<rect x="{at}" y="58" width="11" height="11" fill="{colour}"/>'
                       f'<text class="faint" x="{at + 16}" y="68">than {name}</text>')
            at += 105
    step = 1 if high - low <= 8 else 2
    for power in range(low, high + 1):
        if power % step == 0:
            here = x(2.0**power)
            kind = "even" if power == 0 else "grid"
            label = f"{2**power}" if power >= 0 else f"1/{2**-power}"
            out.append(f'<line class="{kind}" x1="{here:.1f}" y1="{TOP - 8}" x2="{here:.1f}" y2="{height - 30}"/>'
                       f'<text class="faint" x="{here:.1f}" y="{height - 14}" text-anchor="middle">{label} ×</text>')
    y = TOP
    for label, bars in groups:
        middle = y + BAR * len(bars) / 2 + 4
        out.append(f'<text x="{LEFT - 12}" y="{middle:.1f}" text-anchor="end">{escape(label)}</text>')
        for colour, value in bars:
            begin, end = sorted((x(1), x(value)))
            out.append(f'<rect x="{begin:.1f}" y="{y}" width="{max(end - begin, 1):.1f}" height="{BAR - 1}" '
                       f'fill="{colour}"/>')
            where, anchor = (end + 4, "start") if value >= 1 else (begin - 4, "end")
            told = f"{value:.2g}" if value < 10 else f"{value:.0f}"
            out.append(f'<text class="faint" x="{where:.1f}" y="{y + BAR - 2}" text-anchor="{anchor}">{told}</text>')
            y += BAR
        y += GAP
    return "\n".join([*out, "</svg>"]) + "\n"
