"""The table that is printed, in Markdown, from a result."""

from figures import OURS, PHASES, behind, commands, failures, figure, names, pairs, ratio

TITLES = {"cold": "Cold: the first second of each load, within the first seconds from ready", "warm": "Warm: after the first seconds",
          "process": "The process"}

RATIOS = "Medians; then the ratios of runs that followed each other: median (least–greatest)."


def short(value):
    """Returns three significant digits, or all digits of a whole number with commas."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"


def spread_words(spread):
    return f"{spread.median:.2f} ({spread.least:.2f}–{spread.most:.2f})" if spread else ""


def table(head, rows):
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    def line(cells):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) + " |"
    return [line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)]


def report(result):
    machine, settings, contenders = result["machine"], result["settings"], names(result)
    peers = [name for name in contenders if name != OURS and OURS in contenders]
    lines = ["# Mesh benchmark", ""]
    lines += [f"* {name}: {value}" for name, value in machine.items() if value]
    lines += [f"* {name}: {value}" for name, value in settings.items()]
    lines += [f"* {contender['name']}: {contender['what']}" for contender in result["contenders"]]
    lines += [f"* {name} ran as: `{' '.join(command)}`" for name in contenders for command in commands(result, name)]
    lines += [f"* NOT MEASURED, {missing['name']}: {missing['why']}" for missing in result["missing"]]
    lines += [f"* FAILED, {name}, run {number}: {why}" for name, number, why in failures(result)]
    for phase, figures in PHASES.items():
        rows = []
        for each in figures:
            spreads = [figure(result, name, phase, each.key) for name in contenders]
            if any(spreads):
                medians = [short(spread.median) if spread else "–" for spread in spreads]
                ratios = [spread_words(ratio(result, peer, phase, each.key)) for peer in peers]
                rows.append([f"{each.label}, {each.unit}", *medians, *ratios])
        if rows:
            lines += ["", f"## {TITLES[phase]}", "", RATIOS, ""]
            lines += table(["figure", *contenders, *(f"{OURS}/{peer}" for peer in peers)], rows)
    for peer in peers:
        if peer != "bare":
            lines += ["", f"## Where {OURS} is behind {peer} in {pair_words(result, peer)}", ""]
            lines += behind_lines(result, peer) or ["nowhere"]
    return "\n".join(lines) + "\n"


def pair_words(result, peer):
    count = pairs(result, peer)
    return f"each of {count} pairs of runs" if count != 1 else "the one pair of runs"


def behind_lines(result, peer):
    return [f"* {phase}: {each.label}, {each.unit}: {spread_words(ratios)}" for phase, each, ratios in behind(result, peer)]
