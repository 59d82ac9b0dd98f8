"""Policy of the review: what confidence asks of a person, and what a decision may do."""
