"""One transaction's view of the database: a repository per noun, and its time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from storage.action_items import ActionItems
from storage.alerts import Alerts
from storage.audience_record import AudienceRecord
from storage.audiences import Audiences
from storage.audit import Audit
from storage.campaigns import Campaigns
from storage.canary_pins import CanaryPins
from storage.comments import Comments
from storage.conversions import Conversions
from storage.decisions import Decisions
from storage.digests import Digests
from storage.erasure import Erasure
from storage.events import Events
from storage.exposures import Exposures
from storage.freezes import Freezes
from storage.half_plans import HalfPlans
from storage.holding import Holding
from storage.imports import Imports
from storage.incidents import Incidents
from storage.intents import Intents
from storage.members import Members
from storage.messages import Messages
from storage.pools import Pools
from storage.preferences import PreferencesOf
from storage.queue import Deadlines, Inbox, Outbox
from storage.reviews import Reviews
from storage.rfm import Rfm
from storage.second_asks import SecondAsks
from storage.seeds import Seeds
from storage.segments import Segments
from storage.sends import Sends
from storage.strategy import Strategy
from storage.uploads import Uploads
from storage.variants import Variants


class Store:
    """Repositories over one connection; the caller's transaction commits.

    Attributes:
        now: The transaction's time, so that all its rows agree.
    """

    def __init__(  # noqa: PLR0915  # a line per noun
        self, connection: Connection, *, now: datetime
    ) -> None:
        self.connection = connection
        self.now = now
        self.campaigns = Campaigns(connection, now)
        self.canary_pins = CanaryPins(connection, now)
        self.variants = Variants(connection, now)
        self.strategy = Strategy(connection, now)
        self.reviews = Reviews(connection, now)
        self.holding = Holding(connection, now)
        self.pools = Pools(connection, now)
        self.decisions = Decisions(connection, now)
        self.comments = Comments(connection, now)
        self.audiences = Audiences(connection, now)
        self.imports = Imports(connection, now)
        self.segments = Segments(connection, now)
        self.intents = Intents(connection, now)
        self.rfm = Rfm(connection, now)
        self.erasure = Erasure(connection, now)
        self.audience_record = AudienceRecord(connection, now)
        self.sends = Sends(connection, now)
        self.half_plans = HalfPlans(connection, now)
        self.exposures = Exposures(connection, now)
        self.seeds = Seeds(connection, now)
        self.events = Events(connection, now)
        self.conversions = Conversions(connection, now)
        self.incidents = Incidents(connection, now)
        self.freezes = Freezes(connection, now)
        self.alerts = Alerts(connection, now)
        self.actions = ActionItems(connection, now)
        self.second_asks = SecondAsks(connection, now)
        self.messages = Messages(connection, now)
        self.inbox = Inbox(connection, now)
        self.outbox = Outbox(connection, now)
        self.deadlines = Deadlines(connection, now)
        self.audit = Audit(connection, now)
        self.preferences = PreferencesOf(connection, now)
        self.digests = Digests(connection, now)
        self.members = Members(connection, now)
        self.uploads = Uploads(connection, now)
