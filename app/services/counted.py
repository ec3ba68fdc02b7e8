"""Numbers of things, as sentences have them."""


def counted(number: int, thing: str) -> str:
    """Such as "1 mask" or "1,200 masks"."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
