"""The looks: a quiet theme on system fonts; `static/css/shell.css` does the rest with its variables."""

import gradio as gr

_INK = gr.themes.Color(
    name="ink",
    c50="#f7f8fa",
    c100="#eef0f3",
    c200="#dfe3e8",
    c300="#c5ccd5",
    c400="#8d98a7",
    c500="#667284",
    c600="#4d5868",
    c700="#38414e",
    c800="#232a34",
    c900="#181d25",
    c950="#10141a",
)
_BLUE = gr.themes.Color(
    name="signal",
    c50="#eef4ff",
    c100="#dbe7ff",
    c200="#bcd2ff",
    c300="#8fb4ff",
    c400="#5f90fb",
    c500="#3a70ee",
    c600="#2559d6",
    c700="#1f49ae",
    c800="#1f3f8a",
    c900="#1e376f",
    c950="#152347",
)
_SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
_MONO = ["ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace"]


_LOGIN = """
.wrap.min-h-screen { background: none !important; }
.wrap.min-h-screen .panel {
  margin-top: 12vh; padding: 28px; gap: 14px; border: 1px solid var(--border-color-primary); border-radius: 8px;
  background: var(--background-fill-primary);
}
.wrap.min-h-screen .panel h2 { margin: 0; font-size: 20px; font-weight: 650; }
.wrap.min-h-screen .panel p { margin: 0 0 4px; color: var(--body-text-color-subdued); }
.wrap.min-h-screen .form { gap: 14px; border: 0; background: none; }
"""
"""Gradio's login page carries the theme and nothing else of ours."""


def theme() -> gr.themes.Base:
    """The Gradio theme of the app. No font is fetched."""
    base = gr.themes.Base(
        primary_hue=_BLUE,
        secondary_hue=_BLUE,
        neutral_hue=_INK,
        text_size="md",
        spacing_size="sm",
        radius_size="sm",
        font=_SANS,
        font_mono=_MONO,
    )
    quiet = base.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="#a3adba",
        background_fill_primary="white",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#2d3540",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_title_text_color="*body_text_color",
        block_title_text_color_dark="*body_text_color",
        block_title_text_size="13px",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_label_text_color="*body_text_color",
        block_title_text_weight="600",
        block_info_text_color="*body_text_color_subdued",
        input_background_fill="white",
        input_background_fill_dark="*neutral_950",
        input_border_color="*neutral_300",
        input_border_color_dark="#3a4450",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="#98a3b1",
        input_border_width="1px",
        input_border_width_dark="1px",
        input_shadow="none",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_800",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="#3a4450",
        button_secondary_text_color="*neutral_900",
        button_secondary_text_color_dark="*neutral_100",
        button_cancel_background_fill="white",
        button_cancel_background_fill_dark="*neutral_900",
        button_cancel_border_color="#d9a5a0",
        button_cancel_border_color_dark="#7d3b36",
        button_cancel_text_color="#a8261b",
        button_cancel_text_color_dark="#ff9d94",
        button_border_width="1px",
        button_large_padding="8px 16px",
        button_large_text_size="14px",
        button_large_text_weight="600",
        button_medium_text_weight="600",
        button_transition="background-color 0.1s",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        checkbox_label_shadow="none",
    )
    quiet.custom_css = _LOGIN
    return quiet
