"""Tones to styles: the only place where a colour is named.

Each palette gives every tone a style; mono carries meaning by weight alone, because sign and shape already say what a
colour would repeat. A palette's ``textual`` theme dresses the few stock widgets (inputs, palette).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from rich.style import Style
from textual.theme import Theme

from tradecli.present.blocks import Tone
from tradecli.tui.lines import Span


@dataclass(frozen=True, eq=False)
class Palette:
    """Every colour of one theme. Empty strings leave the terminal's own colour."""

    name: str
    dark: bool
    ground: str
    raised: str
    select: str
    edge: str
    focus: str
    tones: dict[Tone, str]
    weights: dict[Tone, str]

    @property
    def has_colours(self) -> bool:
        return bool(self.tones[Tone.GOOD])

    @cached_property
    def _styles(self) -> dict[tuple[Tone, bool, Tone | None, bool], Style]:
        return {}

    def style(self, span: Span, *, selected: bool = False) -> Style:
        """Return the style of a span; a selected row has its own ground."""
        key = (span.tone, span.bold, span.back, selected)
        found = self._styles.get(key)
        if found is None:
            found = self._styles[key] = self._made(*key)
        return found

    def _made(self, tone: Tone, bold: bool, back: Tone | None, selected: bool) -> Style:
        ground = self.tones[back] if back is not None else self.select if selected else self.ground
        weight = self.weights.get(tone, "")
        style = Style.parse(weight) if weight else Style()
        style += Style(color=self.tones[tone] or None, bgcolor=ground or None)
        if bold:
            style += Style(bold=True, dim=False)
        if selected and not self.select:
            style += Style(reverse=True)
        return style

    @cached_property
    def edge_style(self) -> Style:
        return Style(color=self.edge or None, bgcolor=self.ground or None, dim=not self.edge)

    @cached_property
    def focus_style(self) -> Style:
        return Style(color=self.focus or None, bgcolor=self.ground or None, bold=not self.focus)

    @cached_property
    def textual(self) -> Theme:
        tones = self.tones
        return Theme(
            name=f"tradecli-{self.name}",
            primary=tones[Tone.ACCENT] or "ansi_white",
            secondary=tones[Tone.MUTED] or "ansi_white",
            accent=tones[Tone.ACCENT] or "ansi_white",
            warning=tones[Tone.WARN] or "ansi_white",
            error=tones[Tone.BAD] or "ansi_white",
            success=tones[Tone.GOOD] or "ansi_white",
            foreground=tones[Tone.TEXT] or "ansi_white",
            background=self.ground or "ansi_black",
            surface=self.raised or "ansi_black",
            panel=self.raised or "ansi_black",
            dark=self.dark,
        )


_MONO_WEIGHTS = {
    Tone.MUTED: "dim",
    Tone.FAINT: "dim",
    Tone.ACCENT: "bold",
    Tone.GOOD: "",
    Tone.BAD: "bold",
    Tone.WARN: "bold",
    Tone.MINE: "bold underline",
    Tone.STALE: "dim italic",
}

_DARK = {
    Tone.TEXT: "#d7dde5",
    Tone.MUTED: "#8391a3",
    Tone.FAINT: "#66748a",
    Tone.ACCENT: "#5ccfe6",
    Tone.GOOD: "#4cc38a",
    Tone.BAD: "#f0716c",
    Tone.WARN: "#e6b450",
    Tone.MINE: "#b7a6f7",
    Tone.STALE: "#857e68",
}
_LIGHT = {
    Tone.TEXT: "#1d2733",
    Tone.MUTED: "#5b6775",
    Tone.FAINT: "#78838f",
    Tone.ACCENT: "#00718f",
    Tone.GOOD: "#157347",
    Tone.BAD: "#b42318",
    Tone.WARN: "#8a5a00",
    Tone.MINE: "#6941c6",
    Tone.STALE: "#857d68",
}
_SAFE = _DARK | {Tone.GOOD: "#3fc1b0", Tone.BAD: "#f2994a", Tone.WARN: "#f2d15c"}
_CONTRAST = {
    Tone.TEXT: "#ffffff",
    Tone.MUTED: "#d0d0d0",
    Tone.FAINT: "#8a8a8a",
    Tone.ACCENT: "#00ffff",
    Tone.GOOD: "#00ff7f",
    Tone.BAD: "#ff6b6b",
    Tone.WARN: "#ffd700",
    Tone.MINE: "#e0b0ff",
    Tone.STALE: "#a8a078",
}

_STALE = {Tone.STALE: "italic"}

PALETTES = {
    palette.name: palette
    for palette in (
        Palette("dark", True, "#0e131a", "#161d27", "#1c2a38", "#2b3746", "#5ccfe6", _DARK, _STALE),
        Palette("light", False, "#f7f8fa", "#eceff3", "#dbe8ef", "#c3ccd6", "#00718f", _LIGHT, _STALE),
        Palette("safe", True, "#0e131a", "#161d27", "#1c2a38", "#2b3746", "#5ccfe6", _SAFE, _STALE),
        Palette("contrast", True, "#000000", "#000000", "#003a4d", "#8a8a8a", "#00ffff", _CONTRAST, _STALE),
        Palette("mono", True, "", "", "", "", "", dict.fromkeys(Tone, ""), _MONO_WEIGHTS),
    )
}
"""By name; ``safe`` keeps gain and loss apart for colour-blind eyes."""
