"""Every table of the house, so that one metadata knows them all: for migrations, tests and foreign keys between floors."""

from sqlalchemy import MetaData

import reputation.tables  # noqa: F401 - importing the modules declares the tables
from forum.kernel.db import Base

METADATA: MetaData = Base.metadata
