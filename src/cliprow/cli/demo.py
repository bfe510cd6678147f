"""`cliprow demo`: from nothing to finished videos."""

from __future__ import annotations

from pathlib import Path

import click

from cliprow.cli.batch import finish
from cliprow.cli.output import check_out, json_option, out_option
from cliprow.cli.own_batches import OwnBatches
from cliprow.cli.session import session

#: With briefs, because a script is extracted from what is known, not made up.
TOPICS: tuple[dict[str, object], ...] = (
    {
        "topic": "Why the sky is blue",
        "tone": "educational",
        "script_type": "explainer",
        "duration_s": 28,
        "brief": """Sunlight looks white, but it is a mixture of all colours.
Red waves are long, and blue waves are short.

Air scatters short waves most.
Blue light is scattered about four times as strongly as red light, so it reaches our eyes from every part of the sky.

At sunset, light takes a much longer way through the air.
Most of the blue is lost on the way, and the sky turns red.
Tonight, look west and watch the colours change.""",
    },
    {
        "topic": "How to water houseplants",
        "tone": "casual",
        "script_type": "tutorial",
        "duration_s": 28,
        "brief": """More houseplants die of too much water than of too little.
Roots need air, and wet soil leaves them none.

## Feel the soil
Push a finger two centimetres into the soil.
If it comes out clean and dry, your plant is thirsty.

## Water slowly
Pour until some water runs out at the bottom, then empty the saucer.
Roots that stand in water begin to rot.

## Pause in winter
In winter, most plants rest and need far less.
Try the finger test on one plant today.""",
    },
    {
        "topic": "Three habits of people who finish things",
        "tone": "motivational",
        "script_type": "story",
        "duration_s": 28,
        "brief": """Nobody has more than twenty-four hours a day.
Some people still finish what they start.

First, decide what done looks like.
Put the goal into one sentence before you begin.

Second, make the next step tiny.
Ten minutes today are worth more than the plan for a whole weekend.

Third, stop before you are empty.
When you know what comes next, starting tomorrow is easy.
Pick one thing today, and give it ten minutes.""",
    },
)
PLATFORMS = ("youtube", "tiktok")


@click.command(short_help="Make three videos for YouTube and TikTok on this machine.")
@out_option
@json_option
def demo(out: Path, as_json: bool) -> None:
    """Make three videos for YouTube and TikTok on this machine, and watch every step.

    Run it again: the second batch finds every result of the first and is done within seconds.
    """
    check_out(out)
    with session(gateway=True) as own:
        at = OwnBatches(own)
        created, _ = at.create_batch(
            at.find_or_create_project("Demo"),
            [{**topic, "platforms": list(PLATFORMS)} for topic in TOPICS],
            title="Demo",
        )
        finish(at, created, out, as_json=as_json)
