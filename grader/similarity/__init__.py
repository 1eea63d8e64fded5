"""Who wrote the same as whom: evidence to look at, found in what a run has stored."""
