"""Stage modes, one file each."""
