"""Settings: where they are written, which one wins, and where each came from."""

from reprocheck.config.files import find_root, is_project, user_config_file
from reprocheck.config.keys import KEYS, Key
from reprocheck.config.load import load
from reprocheck.config.origin import ConfigError, Origin, Source
from reprocheck.config.settings import Config, FailOn, Output

__all__ = [
    "KEYS",
    "Config",
    "ConfigError",
    "FailOn",
    "Key",
    "Origin",
    "Output",
    "Source",
    "find_root",
    "is_project",
    "load",
    "user_config_file",
]
