"""What happens inside a worker process: its limits, and the dispatch of a job to its stage."""
