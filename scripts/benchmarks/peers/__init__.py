"""Other structural pruners beside ours on the same models, each in a process and an environment of its own."""
