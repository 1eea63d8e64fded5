"""The grader's side of a session with a student's process: start, feed, limit, collect."""
