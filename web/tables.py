"""Every table of the house, so that one metadata knows them all: for migrations, tests and foreign keys between floors."""

from sqlalchemy import MetaData

import crm_sync.tables
import forum.articles.tables
import forum.exchange.tables
import forum.ideas.tables
import forum.kernel.jobs
import forum.kernel.outbox
import forum.members.tables
import forum.notifications.tables
import forum.search.tables
import forum.threads.tables
import moderation.tables
import reputation.tables
import web.api.tables
import web.edge.tables
from forum.kernel.db import Base

METADATA: MetaData = Base.metadata
