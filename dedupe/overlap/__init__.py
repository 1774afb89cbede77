"""What texts share and what one has alone: texts in, places in the texts as given out."""
