"""Which public architectures are pruned, how far, and what keeps the rest: a row for each model of the zoo."""
