"""`python -m mcsyncd` is the command `mcsyncd`."""

from mcsyncd.cli.main import main

if __name__ == "__main__":
    main()
