"""The SQL of every day, as it runs. Above each statement stands its purpose; `slotmcp.store.tables` says what is where.

`:project` is a project's id; the other ids are ids within it.
"""

# All projects, for a person to choose from.
PROJECT_IDS = "SELECT id FROM projects ORDER BY id"

# Where each project stands, for a caller who named none.
REVISIONS = "SELECT id, revision FROM projects ORDER BY id"

# Where a project stands.
REVISION = "SELECT revision FROM projects WHERE id = :project"

# What a unit of work has to know before it begins.
PROJECT_STATE = "SELECT revision, salt FROM projects WHERE id = :project"

# A project's own rules.
PROJECT = """
SELECT id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes, horizon_days,
       hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking, travel_mode, travel_speed_kmh,
       travel_minutes_per_stop, travel_road_factor, default_service_id, holiday_regions, closed_dates, calcom
FROM projects WHERE id = :project
"""

# Create a project or replace its rules; salt and revision stay what they were.
SAVE_PROJECT = """
INSERT INTO projects (id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes,
                      horizon_days, hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking,
                      travel_mode, travel_speed_kmh, travel_minutes_per_stop, travel_road_factor, default_service_id,
                      holiday_regions, closed_dates, salt, revision, calcom)
VALUES (:id, :name, :timezone, :locale, :slot_interval_minutes, :slot_alignment, :min_notice_minutes,
        :horizon_days, :hold_ttl_seconds, :max_holds_per_customer, :candidate_ranking, :assignment_ranking,
        :travel_mode, :travel_speed_kmh, :travel_minutes_per_stop, :travel_road_factor, :default_service_id,
        :holiday_regions, :closed_dates, :salt, 0, :calcom)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, timezone = excluded.timezone, locale = excluded.locale,
    slot_interval_minutes = excluded.slot_interval_minutes, slot_alignment = excluded.slot_alignment,
    min_notice_minutes = excluded.min_notice_minutes, horizon_days = excluded.horizon_days,
    hold_ttl_seconds = excluded.hold_ttl_seconds, max_holds_per_customer = excluded.max_holds_per_customer,
    candidate_ranking = excluded.candidate_ranking, assignment_ranking = excluded.assignment_ranking,
    travel_mode = excluded.travel_mode, travel_speed_kmh = excluded.travel_speed_kmh,
    travel_minutes_per_stop = excluded.travel_minutes_per_stop, travel_road_factor = excluded.travel_road_factor,
    default_service_id = excluded.default_service_id, holiday_regions = excluded.holiday_regions,
    closed_dates = excluded.closed_dates, calcom = excluded.calcom
"""

# Move a project's revision; the row stays locked until the transaction ends.
NEXT_REVISION = "UPDATE projects SET revision = revision + 1 WHERE id = :project RETURNING revision"

# Log what a revision changed: a claim in a technician's diary, all of that diary, or the catalog.
ADD_CHANGE = """
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES (:project, :revision, :technician, :claim)
"""

# Forget changes that are so old that whoever missed them reads everything anew.
FORGET_CHANGES = "DELETE FROM changes WHERE project_id = :project AND revision <= :revision"

# What changed after a revision.
CHANGES = """
SELECT DISTINCT technician_id, claim_id FROM changes WHERE project_id = :project AND revision > :revision
"""

# The services in the catalog, in their order.
SERVICES = """
SELECT id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, skills, calcom_event_type_id
FROM services WHERE project_id = :project AND archived = 0 ORDER BY position
"""

# Put a service into the catalog, or back into it, or replace it.
SAVE_SERVICE = """
INSERT INTO services (project_id, id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, skills,
                      position, archived, calcom_event_type_id)
VALUES (:project, :id, :name, :duration_minutes, :buffer_before_minutes, :buffer_after_minutes, :skills, :position, 0,
        :calcom_event_type_id)
ON CONFLICT (project_id, id) DO UPDATE SET
    name = excluded.name, duration_minutes = excluded.duration_minutes,
    buffer_before_minutes = excluded.buffer_before_minutes, buffer_after_minutes = excluded.buffer_after_minutes,
    skills = excluded.skills, position = excluded.position, archived = 0,
    calcom_event_type_id = excluded.calcom_event_type_id
"""

# Give a service its place in the order.
PLACE_SERVICE = "UPDATE services SET position = :position WHERE project_id = :project AND id = :id"

# Take a service out of the catalog.
ARCHIVE_SERVICE = """
UPDATE services SET archived = 1 WHERE project_id = :project AND id = :id AND archived = 0 RETURNING id
"""

# The technicians in the catalog, in their order.
TECHNICIANS = """
SELECT id, name, timezone, priority, status, skills, home_latitude, home_longitude, max_bookings_per_day, hours,
       calcom
FROM technicians WHERE project_id = :project AND archived = 0 ORDER BY position
"""

# Who is in the catalog, in their order.
TECHNICIAN_IDS = "SELECT id FROM technicians WHERE project_id = :project AND archived = 0 ORDER BY position"

# One technician of the catalog, if that is where they are.
TECHNICIAN = """
SELECT id, name, timezone, priority, status, skills, home_latitude, home_longitude, max_bookings_per_day, hours,
       calcom
FROM technicians WHERE project_id = :project AND id = :technician AND archived = 0
"""

# Put a technician into the catalog, or back into it, or replace them; the number stays what it was.
SAVE_TECHNICIAN = """
INSERT INTO technicians (project_id, id, name, timezone, priority, status, skills, home_latitude, home_longitude,
                         max_bookings_per_day, hours, position, archived, calcom)
VALUES (:project, :id, :name, :timezone, :priority, :status, :skills, :home_latitude, :home_longitude,
        :max_bookings_per_day, :hours, :position, 0, :calcom)
ON CONFLICT (project_id, id) DO UPDATE SET
    name = excluded.name, timezone = excluded.timezone, priority = excluded.priority, status = excluded.status,
    skills = excluded.skills, home_latitude = excluded.home_latitude, home_longitude = excluded.home_longitude,
    max_bookings_per_day = excluded.max_bookings_per_day, hours = excluded.hours, position = excluded.position,
    archived = 0, calcom = excluded.calcom
"""

# Give a technician their place in the order.
PLACE_TECHNICIAN = "UPDATE technicians SET position = :position WHERE project_id = :project AND id = :id"

# Take a technician out of the catalog.
ARCHIVE_TECHNICIAN = """
UPDATE technicians SET archived = 1 WHERE project_id = :project AND id = :id AND archived = 0 RETURNING id
"""

# What takes the time of every technician of the catalog, from some minute on.
CLAIMS = """
SELECT t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude
FROM technicians AS t JOIN claims AS c ON c.technician_number = t.number
WHERE t.project_id = :project AND t.archived = 0 AND c.state IN ('held', 'booked') AND c.end_minute >= :since
ORDER BY t.number, c.end_minute
"""

# What takes one technician's time, from some minute on.
CLAIMS_OF_TECHNICIAN = """
SELECT t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude
FROM technicians AS t JOIN claims AS c ON c.technician_number = t.number
WHERE t.project_id = :project AND t.id = :technician AND c.state IN ('held', 'booked') AND c.end_minute >= :since
ORDER BY c.end_minute
"""

# A claim, if it takes this technician's time, from some minute on.
CLAIM_OF_TECHNICIAN = """
SELECT t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude
FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project AND c.id = :claim AND t.id = :technician AND c.state IN ('held', 'booked')
  AND c.end_minute >= :since
"""

# The outside busy times of every technician of the catalog.
BUSY = """
SELECT t.id, b.start_minute, b.end_minute, b.source
FROM technicians AS t JOIN busy_times AS b ON b.technician_number = t.number
WHERE t.project_id = :project AND t.archived = 0
ORDER BY t.number, b.start_minute, b.end_minute, b.source
"""

# The outside busy times of one technician.
BUSY_OF_TECHNICIAN = """
SELECT t.id, b.start_minute, b.end_minute, b.source
FROM technicians AS t JOIN busy_times AS b ON b.technician_number = t.number
WHERE t.project_id = :project AND t.id = :technician
ORDER BY b.start_minute, b.end_minute, b.source
"""

# Add a busy time, unless it is there.
ADD_BUSY = """
INSERT INTO busy_times (technician_number, start_minute, end_minute, source)
VALUES ((SELECT number FROM technicians WHERE project_id = :project AND id = :technician), :start, :end, :source)
ON CONFLICT DO NOTHING RETURNING technician_number
"""

# Remove a busy time.
REMOVE_BUSY = """
DELETE FROM busy_times
WHERE technician_number = (SELECT number FROM technicians WHERE project_id = :project AND id = :technician)
  AND start_minute = :start AND end_minute = :end AND source = :source
RETURNING technician_number
"""

# A hold by its bearer's secret, whatever became of it.
HOLD = """
SELECT t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude, c.hold_token, c.state,
       c.customer_pseudonym
FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project AND c.hold_token = :token
"""

# How many live holds a customer has.
LIVE_HOLDS = """
SELECT count(*) FROM claims
WHERE project_id = :project AND customer_pseudonym = :customer AND customer_pseudonym <> '' AND state = 'held'
  AND expires_at_ms > :now
"""

# Let the time of expired holds be taken: a constraint cannot know the time.
LAPSE_HOLDS = """
UPDATE claims SET state = 'lapsed' WHERE project_id = :project AND state = 'held' AND expires_at_ms <= :now
RETURNING id
"""

# Forget holds that ended long ago.
FORGET_HOLDS = """
DELETE FROM claims
WHERE project_id = :project AND state IN ('lapsed', 'released', 'withdrawn') AND expires_at_ms <= :expired_by
"""

# Forget what keys did long ago.
FORGET_RECEIPTS = "DELETE FROM receipts WHERE project_id = :project AND created_at_ms <= :created_by"

# Take time.
ADD_CLAIM = """
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes,
                    buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token,
                    customer_pseudonym)
VALUES (:project, :id, (SELECT number FROM technicians WHERE project_id = :project AND id = :technician), :service,
        :start, :end, :buffer_before, :buffer_after, :state, :expires_at_ms, :technician_chosen, :latitude, :longitude,
        :token, :customer)
"""

# Whose time a claim takes, or took.
CLAIM_OWNER = """
SELECT t.id, c.state FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project AND c.id = :id
"""

# Pin a hold to another technician.
MOVE_HOLD = """
UPDATE claims
SET technician_number = (SELECT number FROM technicians WHERE project_id = :project AND id = :technician)
WHERE project_id = :project AND id = :id
"""

# End a hold, so that its time is free.
END_HOLD = "UPDATE claims SET state = :state WHERE project_id = :project AND id = :id"

# Turn a hold into a booking, or move or cancel a booking: one update, so that its time is never free in between.
SAVE_CLAIM = """
UPDATE claims
SET technician_number = (SELECT number FROM technicians WHERE project_id = :project AND id = :technician),
    service_id = :service, start_minute = :start, end_minute = :end, buffer_before_minutes = :buffer_before,
    buffer_after_minutes = :buffer_after, state = :state, expires_at_ms = NULL,
    technician_chosen = :technician_chosen, latitude = :latitude, longitude = :longitude
WHERE project_id = :project AND id = :id
"""

# What a key did before.
RECEIPT = """
SELECT request, answer FROM receipts
WHERE project_id = :project AND credential = :credential AND use_case = :use_case AND key = :key
"""

# Remember what a key did.
ADD_RECEIPT = """
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms)
VALUES (:project, :credential, :use_case, :key, :request, :answer, :now)
ON CONFLICT (project_id, credential, use_case, key) DO UPDATE SET
    request = excluded.request, answer = excluded.answer, created_at_ms = excluded.created_at_ms
"""
