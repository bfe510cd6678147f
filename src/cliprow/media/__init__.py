"""Sound and pictures: the only package that imports `av`."""
