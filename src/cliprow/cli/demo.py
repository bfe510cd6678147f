"""`cliprow demo`: from nothing to finished videos."""

from __future__ import annotations

from pathlib import Path

import click

from cliprow import batches
from cliprow.cli.batch import finish, out_option
from cliprow.cli.output import json_option
from cliprow.cli.session import session

#: With briefs, because a script is extracted from what is known, not made up.
TOPICS: tuple[dict[str, object], ...] = (
    {
        "topic": "Why the sky is blue",
        "tone": "educational",
        "script_type": "explainer",
        "duration_s": 20,
        "brief": """Sunlight looks white, but it is a mixture of all colours.
On its way through the air the light meets molecules that are much smaller than its waves.
They scatter short waves far more than long ones: blue light is scattered about four times as strongly as red light.
So blue reaches our eyes from every part of the sky.
At sunset the light has travelled through so much air that most of the blue is gone, and the sky turns red.""",
    },
    {
        "topic": "How to water houseplants",
        "tone": "casual",
        "script_type": "tutorial",
        "duration_s": 20,
        "brief": """More houseplants die of too much water than of too little.
- Push a finger two centimetres into the soil, and water only when it feels dry.
- Water slowly until some runs out at the bottom, then empty the saucer.
- In winter most plants rest and need about half as much.
Use water at room temperature, because cold water shocks the roots.""",
    },
    {
        "topic": "Three habits of people who finish things",
        "tone": "motivational",
        "script_type": "story",
        "duration_s": 20,
        "brief": """People who finish things do not have more hours than you.
First, they decide what done means before they begin.
Second, they make the next step so small that it takes less than ten minutes.
Third, they stop while they still know how to go on, so that starting tomorrow is easy.
Pick one thing today and write down what done means.""",
    },
)
PLATFORMS = ("youtube", "tiktok")


@click.command()
@out_option
@json_option
def demo(out: Path, as_json: bool) -> None:
    """Make three videos for YouTube and TikTok on this machine, and watch every step.

    Run it again: the second batch finds every result of the first and is done within seconds.
    """
    with session() as at:
        created = batches.create_batch(
            at.account,
            batches.find_or_create_project(at.account, "Demo"),
            [{**topic, "platforms": list(PLATFORMS)} for topic in TOPICS],
            title="Demo",
        )
        finish(at, created, out, as_json=as_json)
