"""Show the angles of a published session side by side in a browser, in lockstep. It decides nothing."""
