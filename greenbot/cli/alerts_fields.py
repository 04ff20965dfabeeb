"""The options that say what a rule is, and how they become its fields: every problem is told at once, by option."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from greenbot.cli.run import Run

if TYPE_CHECKING:
    from greenbot.alerts.fields import Problem
    from greenbot.alerts.rule import Rule


def _text(*names: str, metavar: str, help: str) -> Any:  # noqa: A002 - Typer's word
    return Annotated[str | None, typer.Option(*names, metavar=metavar, help=help, show_default=False)]


def _metrics(incomplete: str) -> list[str]:
    from greenbot.alerts.measures import MEASURES

    return [name for name in MEASURES if name.startswith(incomplete)]


#: Options as texts: a number that is none is told of together with everything else.
_OPTIONS: Mapping[str, Any] = {
    "metric": Annotated[
        str | None,
        typer.Option("--metric", metavar="METRIC", help="What to watch: error_rate, …", autocompletion=_metrics),
    ],
    "above": _text("--above", metavar="VALUE", help="Fires above this: 10%, 5s, 800ms, 5."),
    "at_least": _text("--at-least", metavar="VALUE", help="Fires at this or above."),
    "below": _text("--below", metavar="VALUE", help="Fires below this."),
    "at_most": _text("--at-most", metavar="VALUE", help="Fires at this or below."),
    "window": _text("--window", metavar="DURATION", help="How far back it looks each time: 5m."),
    "for_": _text("--for", metavar="DURATION", help="How long it must be so without a break."),
    "keep_firing": _text("--keep-firing", metavar="DURATION", help="How long it must be well again."),
    "min_samples": _text("--min-samples", metavar="N", help="Judge only when so many happened."),
    "min_bad": _text("--min-bad", metavar="N", help="Judge only when so many of them were bad."),
    "scope": _text("--scope", metavar="instance|fleet|both", help="Each instance, all together, or both."),
    "severity": _text("--severity", metavar="low|medium|high|critical", help="How bad it is."),
    "description": _text("--description", metavar="TEXT", help="What it means, for whoever is told."),
    "notify": Annotated[
        list[str] | None,
        typer.Option("--notify", metavar="RECEIVER", help="Who is told; repeat it. None: the default receivers."),
    ],
    "cooldown": _text("--cooldown", metavar="DURATION", help="Silence after it was over, before it is told anew."),
    "repeat": _text("--repeat", metavar="DURATION", help="Tell it again so often while it fires."),
}
_OPS = {"above": (">", "--above"), "at_least": (">=", "--at-least"), "below": ("<", "--below"),
        "at_most": ("<=", "--at-most")}  # fmt: skip
#: option -> field of a rule, for those that are taken as they are.
_PLAIN = {
    "metric": "metric", "window": "window", "for_": "for", "keep_firing": "keep_firing", "scope": "scope",
    "severity": "severity", "description": "description", "cooldown": "cooldown", "repeat": "repeat",
}  # fmt: skip
_COUNTS = {"min_samples": "min_total", "min_bad": "min_bad"}
#: field of a rule -> what a person typed for it.
_TYPED = {
    "name": "NAME", "op": "--above", "threshold": "--above", "for": "--for", "keep_firing": "--keep-firing",
    "min_total": "--min-samples", "min_bad": "--min-bad", "instances": "--instance", "receivers": "--notify",
}  # fmt: skip
#: A window that does not matter, of a metric that is what it is at the look.
_NO_WINDOW = "1m"

Given = Mapping[str, Any]
Body = Callable[..., None]


def with_rule_options(body: Body) -> Body:
    """The options of a rule as one mapping `given`, for a body that takes it. They become a signature Typer reads."""

    def command(run: Run, **named: Any) -> None:
        given = {name: named.pop(name) for name in _OPTIONS}
        body(run, given=given, **named)

    own = [one for name, one in inspect.signature(body).parameters.items() if name not in ("run", "given")]
    keyword = inspect.Parameter.KEYWORD_ONLY
    options = [
        inspect.Parameter(name, keyword, default=None, annotation=annotation) for name, annotation in _OPTIONS.items()
    ]
    run = inspect.Parameter("run", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Run)
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what with_shared_options reads
        [run, *(one.replace(kind=keyword) for one in own), *options]
    )
    command.__doc__, command.__name__ = body.__doc__, body.__name__
    return command


def is_anything(given: Given) -> bool:
    """Whether some field was named at all."""
    return any(value is not None for value in given.values())


def rule_of(run: Run, given: Given, *, name: str, base: "Rule | None" = None) -> "Rule":
    """The rule that was typed, or made of `base`. Raises BadRule with every problem, each by its option."""
    from greenbot.alerts.fields import BadRule, problems, rule_from

    fields, wrong = _fields(run, given, name=name, base=base)
    found = [_typed(problem, given) for problem in problems(fields, base)]
    if base is None and "op" not in fields:
        found = [one for one in found if one.field != "--above"]
        wrong.append(_problem("--above", "is missing (or --at-least, --below, --at-most)"))
    if wrong or found:
        raise BadRule([*wrong, *found])
    return rule_from(fields, base)


def _fields(run: Run, given: Given, *, name: str, base: "Rule | None") -> "tuple[dict[str, object], list[Problem]]":
    wrong: list[Problem] = []
    fields: dict[str, object] = {} if base else {"name": name}
    fields |= {field: given[option] for option, field in _PLAIN.items() if given[option] is not None}
    fields |= {field: _count(given[option]) for option, field in _COUNTS.items() if given[option] is not None}
    compared = [option for option in _OPS if given[option] is not None]
    if len(compared) > 1:
        first, second = (_OPS[option][1] for option in compared[:2])
        wrong.append(_problem(first, f"and {second} exclude each other"))
    if compared:
        fields |= {"op": _OPS[compared[0]][0], "threshold": given[compared[0]]}
    if given["notify"] is not None:
        fields["receivers"] = [word for item in given["notify"] for word in item.split(",") if word or len(item) > 1]
    if run.flags.instance is not None:
        fields["instances"] = "*" if run.flags.instance == "all" else run.flags.instance
    if base is None:
        _fill_in(fields)
    return fields, wrong


def _fill_in(fields: dict[str, object]) -> None:
    """What can be only one thing need not be typed."""
    from greenbot.alerts.measures import MEASURES

    measure = MEASURES.get(str(fields.get("metric")))
    if measure is not None and not measure.has_window:
        fields.setdefault("window", _NO_WINDOW)
    if measure is not None and measure.of_machine:
        fields.setdefault("scope", "fleet")


def _count(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else text


def _typed(problem: "Problem", given: Given) -> "Problem":
    field, bracket, rest = problem.field.partition("[")
    option = _TYPED.get(field, f"--{field.replace('_', '-')}")
    if option == "--above":
        option = next((name for key, (_, name) in _OPS.items() if given[key] is not None), option)
    return _problem(option + bracket + rest, problem.message + _nearest(option, given))


def _nearest(option: str, given: Given) -> str:
    from difflib import get_close_matches

    from greenbot.alerts.measures import MEASURES

    near = get_close_matches(given["metric"][:80], MEASURES, n=1) if option == "--metric" and given["metric"] else []
    return f"; did you mean {near[0]}?" if near else ""


def _problem(option: str, message: str) -> "Problem":
    from greenbot.alerts.fields import Problem

    return Problem(field=option, message=message)


def warn_of_doubts(run: Run, rule: "Rule") -> None:
    """What a rule may be, and what is probably not meant."""
    from fnmatch import fnmatchcase

    from greenbot.metrics.catalogue import METRICS

    names = run.settings.instances
    if rule.scope != "fleet" and not any(fnmatchcase(name, rule.instances) for name in names):
        run.out.warn(f"no instance is called {rule.instances} yet, so this rule watches none.")
    for name in missing_receivers(run, rule):
        run.out.warn(f"there is no receiver {name} yet. Add it with: greenbot alerts receivers add {name} --kind KIND")
    metric = METRICS.get(rule.metric)
    if metric is not None and metric.shape == "ratio" and rule.min_total < 2 and not rule.min_bad > 1:
        run.out.warn("one bad call of one is 100 %. --min-samples 20 --min-bad 3 waits for more than chance.")


def missing_receivers(run: Run, rule: "Rule") -> list[str]:
    """The receivers a rule names that do not exist."""
    known = {row["name"] for row in run.store.all("select name from receivers")}
    return [name for name in rule.receivers if name not in known]
