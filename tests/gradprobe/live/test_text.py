"""Safe names, short numbers and sparklines, with the derivation of each expected value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradprobe.text import figures, sparkline
from gradprobe.text.safe import cells, encodable, middle, safe, safe_lines

NAN, INF = float("nan"), float("inf")


class TestSafe:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("qwen.layers.0", "qwen.layers.0"),
            ("[red]x[/red]", "[red]x[/red]"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("\x9b2J", "\\x9b2J"),  # the one-character form of ESC [
            ("evil\u202etxt", "evil\\u202etxt"),  # right-to-left override
            ("zero\u200bwidth", "zero\\u200bwidth"),
            ("line\u2028separator", "line\\u2028separator"),
            ("not utf-8 \udcff", "not utf-8 \\udcff"),
            ("\U000e0041", "\\U000e0041"),  # a tag character
            ("日本語 שלום é", "日本語 שלום é"),
        ],
    )
    def test_escapes_what_moves_a_cursor_and_nothing_else(self, text, shown):
        assert safe(text) == shown

    @given(st.text(), st.integers(0, 40))
    def test_fits_and_prints(self, text, width):
        shown = safe(text, width)

        assert cells(shown) <= width
        assert "\x1b" not in shown and "\n" not in shown

    def test_cuts_the_middle_for_names_differ_at_both_ends(self):
        # 11 cells: one for the dots, five before, five after
        assert safe("qwen.layers.10.weight", 11) == "qwen.…eight"

    def test_a_long_name_is_cut_before_it_is_escaped(self):
        assert safe("a" * 10_000_000 + "z", 9) == "aaaa…aaaz"

    def test_counts_wide_characters_as_two(self):
        # 日本 takes 4 cells, 語 2: of 5 cells one is for the dots, and two remain on either side
        assert middle("日本語", 5) == "日…語"

    def test_keeps_lines_apart_where_lines_are_meant(self):
        assert safe_lines("\n  one\n\ttwo\x07\n\n") == ["  one", "    two\\x07"]

    def test_ascii_files_get_ascii(self):
        assert encodable("▁█ · … é", "ascii") == "_# . ... \\xe9"
        assert encodable("▁█ · … é", "utf-8") == "▁█ · … é"
        assert encodable("▁█", None) == encodable("▁█", "no such codec") == "▁█"


class TestFigures:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [(None, "none"), (0.0, "0"), (1.234e-5, "1.23e-05"), (NAN, "nan"), (INF, "inf"), (12.0, "1.20e+01")],
    )
    def test_norm(self, value, shown):
        assert figures.norm(value) == shown

    @pytest.mark.parametrize(("value", "shown"), [(4.7, "4.7"), (2.30521, "2.305"), (-INF, "-inf"), (1e9, "1e+09")])
    def test_metric(self, value, shown):
        assert figures.metric(value) == shown

    @pytest.mark.parametrize(
        ("count", "shown"),
        [
            (0, "0"),
            (999, "999"),
            (1_000, "1k"),
            (1_234, "1.2k"),
            (99_949, "99.9k"),
            (99_950, "100k"),
            (999_499, "999k"),
            (999_500, "1M"),
            (7_000_000_000, "7B"),
            (5 * 10**15, "5000T"),
        ],
    )
    def test_size(self, count, shown):
        assert figures.size(count) == shown

    @pytest.mark.parametrize(
        ("duration", "shown"),
        [(12.34, "12.3 s"), (245, "4 min 05 s"), (7_620, "2 h 07 min"), (NAN, ""), (-1, "")],
    )
    def test_seconds(self, duration, shown):
        assert figures.seconds(duration) == shown


class TestNorms:
    def test_a_bar_up_is_a_quarter_of_a_decade_over_two_decades(self):
        # 1e-4 to 1e-2 are two decades, the least scale: log10 -4, -3.5, -3, -2.5, -2 lie 0, 2, 4, 6 and 8 (so 7)
        # quarters of a decade up
        assert sparkline.norms([1e-4, 10**-3.5, 1e-3, 10**-2.5, 1e-2], 5) == "▁▃▅▇█"

    def test_a_steady_norm_is_steady(self):
        # 1.1 / 1.0 is 0.04 decades: both lie within a quarter of the middle (-0.02 and 0.02 around it: bars 3 and 4)
        assert sparkline.norms([0.01] * 4, 4) == "▅▅▅▅"
        assert set(sparkline.norms([1.0, 1.1] * 8, 16)) <= set("▄▅")

    def test_a_wider_range_fills_the_line(self):
        assert sparkline.norms([1e-12, 1.0], 2) == "▁█"

    def test_absent_zero_and_non_finite_are_told_apart(self):
        assert sparkline.norms([None, 0.0, NAN, INF, 1.0], 5) == "·0!!▅"
        assert sparkline.norms([None, None], 2) == "··"

    def test_a_cell_shows_the_worst_then_the_mean_of_what_flows(self):
        # pairs: (NaN, 1) -> !; (None, 1) -> 1; (None, 0) -> 0; (None, None) -> ·
        series = [NAN, 1.0, None, 1.0, None, 0.0, None, None]
        assert sparkline.norms(series, 4) == "!▅0·"

    @pytest.mark.parametrize("width", [0, -3])
    def test_no_room_is_no_line(self, width):
        assert sparkline.norms([1.0], width) == sparkline.values([1.0], width) == ""

    def test_is_as_long_as_the_series_where_there_is_room(self):
        assert sparkline.norms([], 10) == ""
        assert len(sparkline.norms([1.0] * 3, 10)) == 3

    @given(st.lists(st.none() | st.floats(min_value=0) | st.just(NAN)), st.integers(0, 80))
    def test_any_series(self, series, width):
        assert len(sparkline.norms(series, width)) == min(len(series), width)


class TestValues:
    def test_from_smallest_to_largest_on_a_linear_scale(self):
        # 0..7 over eight bars: 0/7*8=0, 1/7*8=1.1, ... 7/7*8=8, the last bar
        assert sparkline.values([float(value) for value in range(8)], 8) == "▁▂▃▄▅▆▇█"

    def test_constant(self):
        assert sparkline.values([3.0] * 3, 3) == "▅▅▅"

    def test_negative_values(self):
        assert sparkline.values([-2.0, -1.0], 2) == "▁█"

    def test_not_finite(self):
        assert sparkline.values([1.0, NAN, -INF, 2.0], 4) == "▁!!█"

    @given(st.lists(st.floats()), st.integers(0, 80))
    def test_any_series(self, series, width):
        assert len(sparkline.values(series, width)) == min(len(series), width)
