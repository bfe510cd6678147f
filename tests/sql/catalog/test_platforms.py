"""The rules of platforms that a new database holds."""

from __future__ import annotations

from tests.sql.catalog.conftest import Look

#: Appendix A's list, with YouTube's two kinds told apart.
PLATFORMS = {"youtube", "youtube_shorts", "tiktok", "instagram", "linkedin", "twitter", "universal"}


def test_there_is_a_row_for_every_platform_of_the_original_schema(look: Look) -> None:
    assert set(look("select platform from public.platforms")) == PLATFORMS


def test_only_what_belongs_to_no_platform_is_not_offered(look: Look) -> None:
    assert look("select platform from public.platforms where not is_offered") == ["universal"]


def test_every_offered_platform_has_dated_rules_with_a_source(look: Look) -> None:
    assert (
        look("""
        select platform from public.platforms
        where is_offered and (source !~ '^[a-z.]+/' or checked_on is null or checked_on > current_date)
    """)
        == []
    )


def test_the_raster_of_a_platform_has_its_aspect(look: Look) -> None:
    assert (
        look("""
        select platform from public.platforms
        where width * split_part(aspect, ':', 2)::int <> height * split_part(aspect, ':', 1)::int
    """)
        == []
    )


def test_the_thumbnail_of_a_platform_has_its_aspect(look: Look) -> None:
    assert (
        look("""
        select platform from public.platforms
        where thumbnail_width * split_part(aspect, ':', 2)::int <> thumbnail_height * split_part(aspect, ':', 1)::int
    """)
        == []
    )


def test_every_platform_takes_our_frame_rate_and_a_video_of_thirty_seconds(look: Look) -> None:
    assert (
        look("""
        select platform from public.platforms
        where 30 not between min_fps and max_fps or 30000 not between min_duration_ms and max_duration_ms
    """)
        == []
    )


def test_a_video_of_ten_minutes_or_the_longest_one_allowed_fits_the_size_limit(look: Look) -> None:
    """At our own bit rate for 1080p, not at the highest one a platform takes."""
    assert (
        look("""
        select platform from public.platforms
        where least(max_duration_ms, 600000) / 1000.0 * (6000000 + audio_bit_rate) / 8 > max_size_bytes
    """)
        == []
    )
