"""From a question, the truth and what was seen, to a verdict: pure functions."""
