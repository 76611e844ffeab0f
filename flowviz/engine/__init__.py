"""Runs things: the training loop, its worker process, run files and films. No Qt."""
