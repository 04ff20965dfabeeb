"""The version, as a literal: reading package metadata would cost more than printing it."""

VERSION = "0.1.0"
