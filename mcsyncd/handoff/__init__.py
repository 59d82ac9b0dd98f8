"""Hand a session over to editors: its angles on one timeline, in the forms that their programs open. Pure."""
