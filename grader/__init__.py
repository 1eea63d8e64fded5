"""Five deep-learning labs and the grader that marks them against SymPy."""
