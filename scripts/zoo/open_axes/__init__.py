"""Models whose batch, image, text, sound or past can be of any size, with the sizes at which they must be right."""
