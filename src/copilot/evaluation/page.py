"""A report as one page that stands alone: no script, no network, and every text in it escaped."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from copilot.errors import Unavailable
from copilot.evaluation.plots import Rate, histogram, line, rates
from copilot.evaluation.report import Report
from copilot.resources import resource

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
"""What no page may hold."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(shown: Mapping[str, Any], reports: Sequence[Report], past: Mapping[str, Sequence[Report]]) -> str:
    """Lay out a report.

    Args:
        shown: The result of `show_report` as JSON: scores, failures with passages, gaps, recommendations, changes.
        reports: The runs it is about.
        past: All finished runs of each benchmark, oldest first.
    """
    sections = [
        ("Scores", rates([_rate(r, r.benchmark) for r in reports]) + _scores(shown["scores"])),
        ("Since the baseline", "".join(map(_change, shown["changes"]))),
        ("Worth doing", _list(shown["recommendations"])),
        ("What did not pass", "".join(map(_failure, shown["failures"]))),
        ("Questions that the documents do not answer", _list(shown["gaps"])),
        ("How long answers took", "".join(f"<h3>{escape(r.benchmark)}</h3>{histogram(r.latencies, 'ms')}" for r in reports)),
        (
            "Over the runs",
            "".join(f"<h3>{escape(name)}</h3>{line([_rate(r, _when(r)) for r in runs])}" for name, runs in past.items() if runs),
        ),
    ]
    body = "".join(f"<section><h2>{title}</h2>{text}</section>" for title, text in sections if text)
    style = resource("data", "report.css").read_text(encoding="utf-8")
    title = f"{escape(shown['agent'])}: evaluation"
    latest = max((r.finished_at or r.started_at for r in reports), default="")[:16].replace("T", " ")
    return CONTROLS.sub(
        "\N{REPLACEMENT CHARACTER}",
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{style}</style></head>'
        f'<body><h1>{title}</h1><p class="dim">Latest run: {escape(latest)} UTC. Intervals are 95 %; cases of one document count '
        f"together.</p>{body}</body></html>\n",
    )


def write(path: Path, text: str) -> None:
    """Write a page whole or not at all; raise Unavailable when it cannot be written."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".report-") as folder:
            whole = Path(folder, "page")
            whole.write_text(text, encoding="utf-8", errors="replace")
            whole.chmod(0o600)
            whole.replace(path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.", "Name a file in a folder that exists.") from error


def _rate(report: Report, name: str) -> Rate:
    return Rate(name, report.pass_rate, *report.interval, report.threshold)


def _when(report: Report) -> str:
    return f"{report.started_at[:16].replace('T', ' ')}, version {report.agent_version}{', baseline' if report.blessed else ''}"


def _scores(scores: Sequence[Mapping[str, Any]]) -> str:
    head = (
        "<tr><th>benchmark<th>passed<th>mark<th>p50, p95, p99 ms<th>USD<th>citations right, found<th>refused: rightly, wrongly<th>run</tr>"
    )
    rows = "".join(
        f"<tr><td>{escape(s['benchmark'])}<br><small>{escape(s['metric'])}</small>"
        f"<td>{round(s['pass_rate'] * (n := s['cases'] - s['inconclusive']))} of {n}{f' in all {k}' if (k := s['repeats']) > 1 else ''}"
        f"<td>{_share(s['threshold'])} {escape(s['verdict'])}"
        f"<td>{s['milliseconds']:,.0f}, {s['p95_milliseconds']:,.0f}, {s['p99_milliseconds']:,.0f}"
        f"<td>{'' if s['usd'] is None else format(s['usd'], '.4f')}"
        f"<td>{_share(s['citation_precision'])}, {_share(s['citation_recall'])}"
        f"<td>{_share(s['refused_right'])}, {_share(s['refused_wrong'])}<td><small>{escape(s['run'])}, {escape(s['state'])}</small></tr>"
        + "".join(
            f"<tr><td><small>· {escape(c['category'])}</small><td>{c['passed']} of {c['cases']}<td colspan=6></tr>" for c in s["categories"]
        )
        for s in scores
    )
    return f"<table>{head}{rows}</table>"


def _failure(failure: Mapping[str, Any]) -> str:
    expected = escape(failure["expected"]) or "<i>a refusal</i>"
    cited = f"<p>Cited: {escape('; '.join(failure['cited']))}</p>" if failure["cited"] else ""
    found = f"<p>Retrieved:</p>{_list(failure['retrieved'])}" if failure["retrieved"] else ""
    return (
        f"<details><summary>{escape(failure['question'])} <small>{escape(failure['benchmark'])}: {escape(failure['why'])}</small></summary>"
        f"<p>Expected: {expected}</p><p>Answered: {escape(failure['answered'])}</p>{cited}{found}</details>"
    )


def _change(change: Mapping[str, Any]) -> str:
    which = "the blessed run" if change["blessed"] else "the run before"
    said = (
        f"<p><b>{escape(change['benchmark'])}</b>: {change['before']:.0%} in {which} {escape(change['baseline'])} (version "
        f"{change['agent_version']}), {change['after']:.0%} now, on the same {change['cases']} cases; p = {change['p_value']:.2g}.</p>"
    )
    broken = f"<p>No longer passed:</p>{_list(change['broken'])}" if change["broken"] else ""
    return said + broken + (f"<p>Passed now:</p>{_list(change['fixed'])}" if change["fixed"] else "")


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
