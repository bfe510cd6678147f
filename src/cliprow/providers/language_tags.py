"""Language tags (BCP 47), as far as they decide who speaks and how text is read."""

from __future__ import annotations

import regex

from cliprow.errors import FailForGood

_TAG = regex.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
#: Old or everyday codes, and the ones in use for them here.
_SAME = {"iw": "he", "in": "id", "ji": "yi", "no": "nb", "cmn": "zh", "tl": "fil"}
#: Scripts that a language is written in, where that is not Latin. Unicode script names.
_SCRIPTS = {
    "Arabic": "ar fa ur ps sd ug ckb",
    "Armenian": "hy hyw",
    "Bengali": "bn as bpy",
    "Cyrillic": "ru uk bg sr mk be kk ky mn tt ba cv tg",
    "Devanagari": "hi mr ne kok sa",
    "Ethiopic": "am ti",
    "Georgian": "ka",
    "Greek": "el grc",
    "Gujarati": "gu",
    "Gurmukhi": "pa",
    "Han": "zh yue hak ja",
    "Hangul": "ko",
    "Hebrew": "he yi",
    "Hiragana": "ja",
    "Kannada": "kn",
    "Katakana": "ja",
    "Khmer": "km",
    "Lao": "lo",
    "Malayalam": "ml",
    "Myanmar": "my shn",
    "Oriya": "or",
    "Sinhala": "si",
    "Tamil": "ta",
    "Telugu": "te",
    "Thai": "th",
}
#: A language to suggest for text in a script.
_LIKELY = {script: languages.split()[0] for script, languages in _SCRIPTS.items()} | {
    "Hiragana": "ja",
    "Katakana": "ja",
}


def base(tag: str) -> str:
    """Return the language of a tag, without country and script, in its code of today: `pt-BR` gives `pt`.

    Raises:
        FailForGood: this is not a language tag.
    """
    tag = tag.strip()
    if not _TAG.fullmatch(tag):
        raise FailForGood(
            f"{tag[:40]!r} is not a language tag.",
            error_code="LANGUAGE_INVALID",
            next_step="Use a tag like en, de, pt-BR or zh.",
        )
    language = regex.split("[-_]", tag)[0].lower()
    return _SAME.get(language, language)


def scripts(language: str) -> frozenset[str]:
    """Name the scripts (as Unicode calls them) that a language without a country, like `sr`, is written in."""
    own = {script for script, languages in _SCRIPTS.items() if language in languages.split()}
    return frozenset(own | {"Latin"} if language == "sr" else own or {"Latin"})


def written_in(text: str) -> str:
    """Name the script that most letters of a text are in; empty when it has no letters."""
    letters = regex.findall(r"\p{L}", text)
    counted = {
        script: len(regex.findall(rf"\p{{Script={script}}}", "".join(letters)))
        for script in (*_SCRIPTS, "Latin")
    }
    script = max(counted, key=lambda name: counted[name])
    return script if counted[script] else ""


def check_script(text: str, language: str) -> None:
    """Refuse a text in a script that its language is not written in, which would be spoken as gibberish.

    Raises:
        FailForGood: most letters are of another script.
    """
    script = written_in(text)
    expected = scripts(language)
    # Names, code and loan words are written in Latin everywhere.
    if not script or script == "Latin" or script in expected:
        return
    raise FailForGood(
        f"The text is written in {script} script, but its language is set to {language!r}.",
        error_code="LANGUAGE_MISMATCH",
        next_step=f"Set the language of the text, for example {_LIKELY[script]!r} for {script} script.",
    )
