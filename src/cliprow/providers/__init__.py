"""Where scripts, speech and visuals come from: embedded providers that need no key, and remote ones."""
