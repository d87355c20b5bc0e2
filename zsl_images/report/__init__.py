"""Reports: a label file or an evaluation as one page to look at, and pictures for papers."""
