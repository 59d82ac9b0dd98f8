"""The screens: the queue, one session, its review, and the dialogs between them."""
