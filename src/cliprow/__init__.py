"""Cliprow: topics in, finished multi-platform videos out."""
