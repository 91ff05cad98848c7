"""The tables of the curves that are printed, in Markdown, from a result."""

from bends import FACTOR, bends
from curve_figures import axes, complete, curve
from figures import failures, names
from report import short, table


def curve_report(result):
    contenders = names(result)
    lines = ["# Curves", ""]
    lines += [f"* {name}: {value}" for name, value in result["machine"].items() if value]
    lines += [f"* {name}: {value}" for name, value in result["settings"].items() if name != "runs"]
    lines += [f"* {contender['name']}: {contender['what']}" for contender in result["contenders"]]
    lines += [f"* {name} ran as: `{' '.join(command)}`" for name in contenders for command in commands(result, name)]
    lines += [f"* NOT MEASURED, {missing['name']}: {missing['why']}" for missing in result["missing"]]
    lines += [f"* FAILED, {name}, run {number}: {why}" for name, number, why in failures(result)]
    for axis in axes(result):
        rows = rows_of(result, axis, contenders)
        if rows:
            points = sorted({point["at"] for run in result["runs"] if run["axis"] == axis.key for point in run.get("points", [])})
            lines += ["", f"## {axis.title}", "", f"{runs_words(result, axis, contenders)} By {axis.label}.", ""]
            lines += table(["figure", "", *map(axis.words, points)], [row(points) for row in rows])
    lines += ["", "## Where it bends", "", f"Points that are more than {FACTOR} times worse than one before them, or than the next. What a "
              "request takes may grow with its size: in proportion, that isn't worse.", ""]
    lines += [bend_words(bend) for bend in bends(result)] or ["nowhere"]
    return "\n".join(lines) + "\n"


def commands(result, contender):
    return next((run["commands"] for run in result["runs"] if run["contender"] == contender and "failure" not in run), [])


def runs_words(result, axis, contenders):
    counts = {name: len(complete(result, name, axis.key)) for name in contenders}
    if len(set(counts.values())) == 1:
        counts = {"": next(iter(counts.values()))}
    words = "; ".join(f"{name}: {number}" if name else f"{number}" for name, number in counts.items())
    return f"Medians of the runs ({words})." if words != "1" else "One run."


def rows_of(result, axis, contenders):
    """Returns the rows of an axis, as functions of the points that have a column."""
    found = []
    for each in axis.curves:
        for name in contenders:
            values = dict(curve(result, name, axis.key, each.key))
            if values:
                found.append(lambda points, each=each, name=name, values=values:
                             [f"{each.label}, {each.unit}", name, *(short(values[at]) if at in values else "–" for at in points)])
    return found


def bend_words(bend):
    words = bend.axis.words
    times = f", {bend.factor:.1f} times worse than in proportion" if bend.curve.grows else ""
    return (f"* {bend.axis.title}, {bend.contender}: {bend.curve.label}, {bend.curve.unit}: {short(bend.value)} at {words(bend.at)}, "
            f"{short(bend.other_value)} at {words(bend.other)}{times}")
