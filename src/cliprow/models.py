"""The types that travel between database, worker, stages and command line.

Every struct is what a JSON column or an SQL function holds, so field names are those of the database.
Lengths of sound are in samples at `SAMPLE_RATE`; lengths of picture in frames; `_ms` is milliseconds.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

#: Sound is kept and mixed at this rate (Hz), mono narration, stereo in the finished video.
SAMPLE_RATE = 48_000
#: Pictures a second, everywhere.
FPS = 30
#: Samples under one picture; narration is padded to a multiple of it, so sound and picture end together.
SAMPLES_PER_FRAME = SAMPLE_RATE // FPS


class Stage(StrEnum):
    """The five stages of a job, in order (table 3 of the integration architecture)."""

    SCRIPT = "script_generation"
    AUDIO = "audio_generation"
    VIDEO = "video_generation"
    PLATFORM = "platform_adaptation"
    POST = "post_processing"


class Tone(StrEnum):
    """How a video speaks and looks; also chooses its palette."""

    PROFESSIONAL = "professional"
    CASUAL = "casual"
    EDUCATIONAL = "educational"
    ENTERTAINING = "entertaining"
    MOTIVATIONAL = "motivational"


class ScriptType(StrEnum):
    """The structure a script follows."""

    EXPLAINER = "explainer"
    TUTORIAL = "tutorial"
    STORY = "story"
    DEMO = "demo"
    TESTIMONIAL = "testimonial"


class SceneType(StrEnum):
    """What a scene does in its script."""

    INTRO = "intro"
    MAIN_CONTENT = "main_content"
    DEMO = "demo"
    TESTIMONIAL = "testimonial"
    CONCLUSION = "conclusion"
    CALL_TO_ACTION = "call_to_action"


class FileRef(msgspec.Struct, frozen=True, kw_only=True):
    """One stored file. Its bytes never change: `sha256` names them."""

    #: What the file is to its stage: narration, segment, video, subtitles_srt, subtitles_vtt, thumbnail, manifest, image,
    #: logo.
    role: str
    #: File name for people, with suffix.
    name: str
    #: Hex digest of the bytes.
    sha256: str
    #: Path inside the bucket `media`.
    path: str
    size_bytes: int
    media_type: str


class SceneScript(msgspec.Struct, frozen=True, kw_only=True):
    """One scene as written."""

    scene_number: int
    scene_type: SceneType
    #: What is spoken, and captioned.
    voiceover_text: str
    #: What is seen, in words.
    visual_description: str
    #: Short title drawn on the picture; empty for none.
    heading: str = ""
    #: Short lines drawn one after another; may be empty.
    points: tuple[str, ...] = ()


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """`scripts.content`: the legacy keys, and how the script came to be."""

    title: str
    description: str
    scenes: tuple[SceneScript, ...]
    key_points: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    #: BCP 47 tag of what is spoken, like `en` or `pt-BR`.
    language: str = "en"
    #: Provider, model, method (for example `extractive`) and notes for the reader.
    metadata: dict[str, str] = {}


class LibraryScene(msgspec.Struct, frozen=True, kw_only=True):
    """A scene of the library on its way into a script: as it was when the job was made, without a number."""

    scene_type: SceneType
    voiceover_text: str
    visual_description: str
    heading: str = ""
    points: tuple[str, ...] = ()


class ScriptInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of script_generation."""

    topic: str
    brief: str = ""
    audience: str = ""
    tone: Tone = Tone.EDUCATIONAL
    script_type: ScriptType = ScriptType.EXPLAINER
    language: str = "en"
    #: Length to aim at, in seconds.
    duration_s: int = 45
    #: Scenes of the library that become part of the script, their text unchanged.
    scenes: tuple[LibraryScene, ...] = ()


class Word(msgspec.Struct, frozen=True, array_like=True):
    """One spoken word: text as written (punctuation kept), first sample, and the sample after the last."""

    text: str
    start: int
    end: int


class AudioInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of audio_generation: one scene's narration."""

    text: str
    language: str = "en"
    #: Name of a voice of the speech provider; empty for its default.
    voice: str = ""


class AudioFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a narration; its file has role `narration` (FLAC, 48 kHz, mono)."""

    #: Length in samples; a multiple of `SAMPLES_PER_FRAME`.
    sample_count: int
    words: tuple[Word, ...]
    provider: str
    voice: str
    #: Where word times come from: `phonemes` (the synthesiser's own) or `proportional`.
    timing: str
    #: Things a reader should know, like the language having no neural voice.
    notes: tuple[str, ...] = ()
    lufs: float
    true_peak_dbtp: float


class BrandColours(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's colours, `#rrggbb`; the text has a contrast of at least 4.5 to 1 on the background, the accent of 3 to 1."""

    background: str
    text: str
    accent: str


class LogoCorner(StrEnum):
    """Where a logo stands; the lower edge belongs to captions and platforms."""

    TOP_LEFT = "top_left"
    TOP_RIGHT = "top_right"


class LogoSize(StrEnum):
    """How high a logo may be."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Brand(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant's look, as it was when the job was made; what is absent is the style's own."""

    colours: BrandColours | None = None
    #: Name of a family that the installation has.
    font: str = ""
    logo: FileRef | None = None
    logo_corner: LogoCorner = LogoCorner.TOP_RIGHT
    logo_size: LogoSize = LogoSize.MEDIUM


class VideoInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of video_generation: one scene at one raster."""

    scene: SceneScript
    scene_count: int
    aspect: str
    width: int
    height: int
    language: str = "en"
    tone: Tone = Tone.EDUCATIONAL
    #: The narration's length and words (times count from the scene's start).
    sample_count: int
    words: tuple[Word, ...] = ()
    #: The user's picture for this scene, shown with a slow zoom.
    image: FileRef | None = None
    brand: Brand = Brand()


class VideoFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a segment; its file has role `segment` (MP4, H.264, no sound)."""

    frame_count: int
    width: int
    height: int
    #: Layout that drew it and fonts it used.
    layout: str
    fonts: tuple[str, ...] = ()


class PlatformRules(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `platforms`: what a platform takes, as of `checked_on`."""

    platform: str
    label: str
    aspect: str
    width: int
    height: int
    min_duration_ms: int
    max_duration_ms: int
    max_size_bytes: int
    max_fps: int
    min_fps: int
    #: Longest distance between key frames, in frames.
    max_gop_frames: int
    max_video_bit_rate: int
    audio_bit_rate: int
    #: True where the platform refuses an MP4 with an edit list.
    refuses_edit_list: bool
    thumbnail_width: int
    thumbnail_height: int
    max_thumbnail_bytes: int
    max_title_chars: int
    max_description_chars: int
    max_hashtags: int


class SceneMedia(msgspec.Struct, frozen=True, kw_only=True):
    """One scene as made: its narration and its segment at the platform's raster."""

    scene_number: int
    heading: str
    segment: FileRef
    narration: FileRef
    sample_count: int
    words: tuple[Word, ...]


class PlatformInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of platform_adaptation: one platform of one job."""

    rules: PlatformRules
    scenes: tuple[SceneMedia, ...]


class PlatformFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a platform's video; its file has role `video` (MP4)."""

    duration_ms: int
    width: int
    height: int
    #: Scenes in the video, and those left out to keep inside the platform's longest duration.
    scenes_used: tuple[int, ...]
    scenes_left_out: tuple[int, ...] = ()
    lufs: float
    true_peak_dbtp: float
    #: Every rule that was checked: name to what was found.
    checks: dict[str, str]


class PostInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Inputs of post_processing: the finished video and everything said about it."""

    rules: PlatformRules
    title: str
    description: str
    key_points: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    language: str = "en"
    tone: Tone = Tone.EDUCATIONAL
    brand: Brand = Brand()
    video: FileRef
    duration_ms: int
    #: The scenes that are in the video, in order.
    scenes: tuple[SceneMedia, ...]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A named place in a video."""

    start_ms: int
    title: str


class PostFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The package of one platform; files: subtitles_srt, subtitles_vtt, thumbnail, manifest."""

    title: str
    description: str
    hashtags: tuple[str, ...]
    chapters: tuple[Chapter, ...]
