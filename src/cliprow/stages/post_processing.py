"""post_processing: everything a platform wants beside the video, and a manifest that names it all by checksum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from cliprow.files import sha256_of, write_whole
from cliprow.media import segments, subtitles, thumbnail
from cliprow.media.captions import SpokenWord, spoken_words
from cliprow.media.fonts import Fonts, font_version
from cliprow.media.logo import open_logo
from cliprow.media.palettes import palette_of
from cliprow.models import SAMPLE_RATE, Chapter, LogoCorner, PostFacts, PostInputs, SceneMedia
from cliprow.stages import OutputFile, StageOutput, Work

#: YouTube shows chapters only from this many on, the first at 0:00, and none shorter than this.
_FEWEST_CHAPTERS, _SHORTEST_CHAPTER_MS = 3, 10_000
_ELLIPSIS = "…"


def version(settings: Mapping[str, str]) -> str:
    """Return what decides the bytes beside the inputs."""
    return f"package-1 {font_version(settings.get('visuals.font', ''))}".strip()


def run(inputs: PostInputs, work: Work) -> StageOutput:
    """Write subtitles, thumbnail and manifest.

    Raises:
        FailForGood: FONT_COVERAGE, no font draws the title.
    """
    rules = inputs.rules
    facts = PostFacts(
        title=cut(inputs.title, rules.max_title_chars),
        description=describe(inputs),
        hashtags=tidy_hashtags(inputs.hashtags, rules.max_hashtags),
        chapters=chapters(inputs.scenes),
    )
    cues = subtitles.cues(timeline(inputs), inputs.duration_ms)
    stem = f"{rules.platform}.{inputs.language}"
    files = [
        _text_file(work, "subtitles_srt", f"{stem}.srt", "application/x-subrip", subtitles.to_srt(cues)),
        _text_file(work, "subtitles_vtt", f"{stem}.vtt", "text/vtt", subtitles.to_vtt(cues)),
    ]
    work.progress(0.3)
    files.append(_thumbnail(inputs, facts.title, work))
    work.progress(0.9)
    files.append(_manifest(inputs, facts, files, work))
    work.progress(1.0)
    return StageOutput(facts, tuple(files))


def cut(text: str, most_chars: int) -> str:
    """Return a text of at most `most_chars` characters, ended at a word and marked with an ellipsis if cut."""
    text = text.strip()
    if len(text) <= most_chars:
        return text
    kept = ""
    for cluster in segments.clusters(text):
        if len(kept) + len(cluster) > most_chars - len(_ELLIPSIS):
            break
        kept += cluster
    at_word = kept.rstrip() if text[len(kept)].isspace() else kept[: max(kept.rfind(" "), kept.rfind("\n"))]
    # A text without spaces, or with one very long word, is cut between two characters.
    if len(at_word) >= len(kept) // 2 and " " in kept:
        kept = at_word
    return kept.rstrip(" \n,;:–—-、，") + _ELLIPSIS if most_chars > len(_ELLIPSIS) else kept[:most_chars]


def describe(inputs: PostInputs) -> str:
    """Return the description: text, key points and chapters, as much of it as the platform takes."""
    most = inputs.rules.max_description_chars
    parts = [inputs.description.strip()]
    if inputs.key_points:
        parts.append("\n".join(f"• {point}" for point in inputs.key_points))
    marks = chapters(inputs.scenes)
    if marks:
        parts.append("\n".join(f"{_clock(mark.start_ms)} {mark.title}" for mark in marks))
    text = cut(parts[0], most)
    for part in parts[1:]:  # a list is whole or left out
        if part and len(text) + 2 + len(part) <= most:
            text = f"{text}\n\n{part}" if text else part
    return text


def tidy_hashtags(tags: Sequence[str], most: int) -> tuple[str, ...]:
    """Return hashtags as platforms take them: one `#`, letters, marks and digits only, each once."""
    tidied: dict[str, str] = {}
    for tag in tags:
        name = "".join(char for char in tag if char == "_" or char.isalnum() or segments.is_mark(char))
        if name and not name.isdigit():
            tidied.setdefault(name.casefold(), f"#{name}")
    return tuple(tidied.values())[:most]


def chapters(scenes: Sequence[SceneMedia]) -> tuple[Chapter, ...]:
    """Return a chapter for each scene with a heading; short ones are joined to the one before them.

    Where fewer than three remain, there are none: platforms would not show them.
    """
    starts: list[tuple[int, str]] = []
    samples = 0
    for scene in scenes:
        if scene.heading.strip():
            starts.append((samples * 1000 // SAMPLE_RATE, segments.tidy(scene.heading)))
        samples += scene.sample_count
    end = samples * 1000 // SAMPLE_RATE
    kept: list[Chapter] = []
    for start, title in starts:
        if not kept:
            kept.append(Chapter(start_ms=0, title=title))
        elif start - kept[-1].start_ms >= _SHORTEST_CHAPTER_MS:
            kept.append(Chapter(start_ms=start, title=title))
    if kept and end - kept[-1].start_ms < _SHORTEST_CHAPTER_MS:
        kept.pop()
    return tuple(kept) if len(kept) >= _FEWEST_CHAPTERS else ()


def timeline(inputs: PostInputs) -> list[SpokenWord]:
    """Return the words of all scenes with times from the start of the video (samples)."""
    words: list[SpokenWord] = []
    offset = 0
    for scene in inputs.scenes:
        for number, word in enumerate(spoken_words(scene.words, inputs.language)):
            words.append(
                SpokenWord(
                    word.text, word.start + offset, word.end + offset, word.space_before or number == 0
                )
            )
        offset += scene.sample_count
    return words


def _thumbnail(inputs: PostInputs, title: str, work: Work) -> OutputFile:
    rules = inputs.rules
    background = thumbnail.first_picture(work.open(inputs.video))
    brand = inputs.brand
    fonts = Fonts(inputs.language, work.settings.get("visuals.font", ""), brand.font)
    size = rules.thumbnail_width, rules.thumbnail_height
    image = thumbnail.draw_thumbnail(background, title, palette_of(inputs.tone, brand.colours), fonts, size)
    if brand.logo:
        right = brand.logo_corner is LogoCorner.TOP_RIGHT
        thumbnail.add_logo(image, open_logo(work.open(brand.logo)), right)
    path = work.folder / f"{rules.platform}.jpg"
    thumbnail.save_jpeg(image, path, rules.max_thumbnail_bytes)
    return OutputFile("thumbnail", path, "image/jpeg", path.name)


def _text_file(work: Work, role: str, name: str, media_type: str, text: str) -> OutputFile:
    path = work.folder / name
    write_whole(path, text.encode())
    return OutputFile(role, path, media_type, name)


def _manifest(inputs: PostInputs, facts: PostFacts, files: Sequence[OutputFile], work: Work) -> OutputFile:
    """Write what the package holds: every file with its checksum, and the texts to publish it with."""
    video = inputs.video
    listed = [
        {
            "role": video.role,
            "name": video.name,
            "sha256": video.sha256,
            "size_bytes": video.size_bytes,
            "media_type": video.media_type,
        },
        *(
            {
                "role": file.role,
                "name": file.name,
                "sha256": sha256_of(file.path),
                "size_bytes": file.path.stat().st_size,
                "media_type": file.media_type,
            }
            for file in files
        ),
    ]
    manifest = {
        "platform": inputs.rules.platform,
        "language": inputs.language,
        "duration_ms": inputs.duration_ms,
        **msgspec.to_builtins(facts),
        "files": listed,
    }
    path: Path = work.folder / "manifest.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    return OutputFile("manifest", path, "application/json", path.name)


def _clock(ms: int) -> str:
    seconds = ms // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes}:{seconds % 60:02d}"
