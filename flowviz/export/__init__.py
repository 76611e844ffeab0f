"""Pictures to files, one file per format. No Qt."""
