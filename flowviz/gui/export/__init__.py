"""The film dialog."""
