"""The evaluation of the PAODING paper repeated: its models, steps and attacks, its figures beside ours."""
