"""One module per kind of task: its subjects, their real inputs, and what their answers are."""
