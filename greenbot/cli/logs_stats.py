"""`greenbot logs --stats`: what the lines come to."""

from collections.abc import Iterable

from greenbot.cli.run import Run


def show_stats(run: Run, found: Iterable[bytes]) -> None:
    """Count the lines and show what they come to."""
    from greenbot.logs.stats import Stats

    stats = Stats()
    for line in found:
        stats.add(line)
    methods = {
        name: {
            "calls": one.calls,
            "failed": one.failed,
            "p50_ms": one.percentile(0.5),
            "p95_ms": one.percentile(0.95),
            "max_ms": one.percentile(1.0),
        }
        for name, one in sorted(stats.methods.items())
    }
    events = {" ".join(filter(None, key)): count for key, count in stats.events.most_common()}
    run.out.record(
        {
            "lines": stats.lines,
            "foreign": stats.foreign,
            "first": stats.first or None,
            "last": stats.last or None,
            "levels": dict(stats.levels.most_common()),
            "events": events,
            "instances": dict(stats.instances.most_common()),
            "methods": methods,
        },
        essential="lines",
    )
