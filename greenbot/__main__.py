"""`python -m greenbot` is the same as `greenbot`."""

from greenbot.entry import main

main()
