"""One source, computed: what there is to show of a run, a checkpoint or a matrix."""
