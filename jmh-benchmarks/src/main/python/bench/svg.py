"""A small writer of SVG, for light and dark backgrounds."""

from html import escape

LIGHT = {"back": "#ffffff", "ink": "#1f2328", "soft": "#59636e", "grid": "#d1d9e0",
         "series": ["#818b98", "#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#9a6700", "#0a7b83"]}
DARK = {"back": "#0d1117", "ink": "#f0f6fc", "soft": "#9198a1", "grid": "#3d444d",
        "series": ["#9198a1", "#58a6ff", "#f0883e", "#3fb950", "#bc8cff", "#f778ba", "#d29922", "#39c5cf"]}
SIZES = {"title": 16, "heading": 13, "label": 12}


def style(colours):
    rules = [f".back{{fill:{colours['back']}}}", f"text{{fill:{colours['ink']};stroke:{colours['back']}}}",
             f".soft{{fill:{colours['soft']}}}",
             f".grid{{stroke:{colours['grid']}}}", f".mark{{stroke:{colours['ink']}}}"]
    for i, colour in enumerate(colours["series"]):
        rules += [f".f{i}{{fill:{colour}}}", f".s{i}{{stroke:{colour}}}"]
    return "".join(rules)


def width(words, kind="label"):
    """Returns roughly how wide a text is, rather more than less."""
    return len(words) * SIZES[kind] * 0.58


class Svg:
    def __init__(self, title, across):
        self.title, self.across, self.height = title, across, 0
        self.elements = []

    def text(self, x, y, words, kind="label", anchor="start", soft=False):
        self._grow(y + 6)
        look = (' class="soft"' if soft else "") + (' font-weight="600"' if kind != "label" else "")
        self.elements.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{SIZES[kind]}" text-anchor="{anchor}"{look}>{escape(words)}</text>')

    def box(self, x, y, across, high, series, faint=False):
        self._grow(y + high)
        look = f'class="f{series % 8}"' + (' opacity="0.45"' if faint else "")
        self.elements.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(across, 0.5):.1f}" height="{high:.1f}" rx="1.5" {look}/>')

    def line(self, x1, y1, x2, y2, kind="grid"):
        self._grow(max(y1, y2))
        self.elements.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')

    def curve(self, points, series):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.elements.append(f'<polyline points="{path}" fill="none" stroke-width="2" class="s{series % 8}"/>')
        self.elements += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" class="f{series % 8}"/>' for x, y in points]

    def legend(self, y, entries):
        """Writes names with samples of their colours from the left margin, in as many lines as it takes; returns the y below them."""
        x = 16
        for name, series, faint in entries:
            if x + 30 + width(name) > self.across:
                x, y = 16, y + 20
            self.box(x, y - 10, 12, 12, series, faint)
            self.text(x + 18, y, name)
            x += 36 + width(name)
        return y + 14

    def _grow(self, y):
        self.height = max(self.height, y)

    def __str__(self):
        high = self.height + 10
        lines = "line{stroke-width:1}text{paint-order:stroke;stroke-width:3px}"
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.across} {high:.0f}" width="{self.across}" height="{high:.0f}" '
                f'role="img" font-family="system-ui, sans-serif">\n<title>{escape(self.title)}</title>\n'
                f"<style>{lines}{style(LIGHT)}@media(prefers-color-scheme:dark){{{style(DARK)}}}</style>\n"
                f'<rect class="back" width="{self.across}" height="{high:.0f}"/>\n' + "\n".join(self.elements) + "\n</svg>\n")
