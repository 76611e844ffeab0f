"""The common language: immutable values that every other room may import. Standard library and numpy only."""
