"""Stage layers, one file each."""
