"""``python -m trainers``."""

from trainers.cli import main

if __name__ == "__main__":
    main()
