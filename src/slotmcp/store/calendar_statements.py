"""The SQL of calendars, as it runs. Above each statement stands its purpose.

`:project` is a project's id; a uid is an event's, as its calendar names it.
"""

# Remember that a message came; nothing comes back where it had come before.
TAKE_DELIVERY = """
INSERT INTO calendar_deliveries (project_id, digest, received_at_ms) VALUES (:project, :digest, :now)
ON CONFLICT DO NOTHING RETURNING digest
"""

# Forget messages that came long ago.
FORGET_DELIVERIES = "DELETE FROM calendar_deliveries WHERE project_id = :project AND received_at_ms <= :received_by"

# An event, whatever became of it.
ENTRY = """
SELECT uid, status, kind, start_minute, end_minute, said_at_ms, series, sequence, event_type_id, replaces, hosts,
       customer_name, customer_phone, customer_email, address, notes, contact_keys, said_booking_id, booking_id, busy,
       no_show_at_ms
FROM calendar_entries WHERE project_id = :project AND uid = :uid
"""

# The events of a series.
ENTRIES_IN = """
SELECT uid, status, kind, start_minute, end_minute, said_at_ms, series, sequence, event_type_id, replaces, hosts,
       customer_name, customer_phone, customer_email, address, notes, contact_keys, said_booking_id, booking_id, busy,
       no_show_at_ms
FROM calendar_entries WHERE project_id = :project AND series = :series AND series <> '' ORDER BY uid
"""

# The events that are a booking, or were.
ENTRIES_OF = """
SELECT uid, status, kind, start_minute, end_minute, said_at_ms, series, sequence, event_type_id, replaces, hosts,
       customer_name, customer_phone, customer_email, address, notes, contact_keys, said_booking_id, booking_id, busy,
       no_show_at_ms
FROM calendar_entries WHERE project_id = :project AND booking_id = :booking AND booking_id <> '' ORDER BY uid
"""

# The events that replaced one.
SUCCESSORS = """
SELECT uid, status, kind, start_minute, end_minute, said_at_ms, series, sequence, event_type_id, replaces, hosts,
       customer_name, customer_phone, customer_email, address, notes, contact_keys, said_booking_id, booking_id, busy,
       no_show_at_ms
FROM calendar_entries WHERE project_id = :project AND replaces = :uid AND replaces <> '' ORDER BY uid
"""

# The events that are not over, and end after some minute.
ENTRIES_FROM = """
SELECT uid, status, kind, start_minute, end_minute, said_at_ms, series, sequence, event_type_id, replaces, hosts,
       customer_name, customer_phone, customer_email, address, notes, contact_keys, said_booking_id, booking_id, busy,
       no_show_at_ms
FROM calendar_entries
WHERE project_id = :project AND status IN ('pending', 'accepted') AND end_minute > :after
ORDER BY start_minute, uid
"""

# Keep an event, in place of what was known of it.
SAVE_ENTRY = """
INSERT INTO calendar_entries (project_id, uid, status, kind, start_minute, end_minute, said_at_ms, series, sequence,
                              event_type_id, replaces, hosts, customer_name, customer_phone, customer_email, address,
                              notes, contact_keys, said_booking_id, booking_id, busy, no_show_at_ms)
VALUES (:project, :uid, :status, :kind, :start, :end, :said_at_ms, :series, :sequence, :event_type_id, :replaces,
        :hosts, :customer_name, :customer_phone, :customer_email, :address, :notes, :contact_keys, :said_booking_id,
        :booking, :busy, :no_show_at_ms)
ON CONFLICT (project_id, uid) DO UPDATE SET
    status = excluded.status, kind = excluded.kind, start_minute = excluded.start_minute,
    end_minute = excluded.end_minute, said_at_ms = excluded.said_at_ms, series = excluded.series,
    sequence = excluded.sequence, event_type_id = excluded.event_type_id, replaces = excluded.replaces,
    hosts = excluded.hosts, customer_name = excluded.customer_name, customer_phone = excluded.customer_phone,
    customer_email = excluded.customer_email, address = excluded.address, notes = excluded.notes,
    contact_keys = excluded.contact_keys, said_booking_id = excluded.said_booking_id,
    booking_id = excluded.booking_id, busy = excluded.busy, no_show_at_ms = excluded.no_show_at_ms
"""

# Forget events that ended long ago, those that are over.
FORGET_ENDED_ENTRIES = """
DELETE FROM calendar_entries WHERE project_id = :project AND end_minute <= :ended_by
"""

# The events that still know a customer.
ENTRIES_WITH_CUSTOMER = """
SELECT uid, contact_keys FROM calendar_entries WHERE project_id = :project AND contact_keys <> '[]'
"""

# Erase the customer of an event.
FORGET_ENTRY_CUSTOMER = """
UPDATE calendar_entries
SET customer_name = NULL, customer_phone = '', customer_email = '', address = '', notes = '', contact_keys = '[]'
WHERE project_id = :project AND uid = :uid
"""

# Put an event aside, in place of what was put aside of it.
PARK = """
INSERT INTO calendar_parked (project_id, uid, event, contact_keys, why, parked_at_ms)
VALUES (:project, :uid, :event, :contact_keys, :why, :at_ms)
ON CONFLICT (project_id, uid) DO UPDATE SET
    event = excluded.event, contact_keys = excluded.contact_keys, why = excluded.why,
    parked_at_ms = excluded.parked_at_ms
"""

# What was put aside.
PARKED = """
SELECT event, contact_keys, why, parked_at_ms FROM calendar_parked WHERE project_id = :project
ORDER BY parked_at_ms, uid
"""

# What was put aside of one event.
PARKED_OF = """
SELECT event, contact_keys, why, parked_at_ms FROM calendar_parked WHERE project_id = :project AND uid = :uid
"""

# Take an event out of what was put aside.
UNPARK = "DELETE FROM calendar_parked WHERE project_id = :project AND uid = :uid RETURNING uid"

# What was put aside, with what finds it for a customer who wants to be forgotten.
PARKED_KEYS = "SELECT uid, event, contact_keys FROM calendar_parked WHERE project_id = :project"

# Let a calendar be told of a booking; one that is to be told already has changed once more.
MAKE_PUSH = """
INSERT INTO calendar_pushes (project_id, booking_id, version, since_ms, due_ms, attempts, tried_at_ms,
                             tried_start_minute, refused)
VALUES (:project, :booking, 1, :now, :now, 0, NULL, NULL, '')
ON CONFLICT (project_id, booking_id) DO UPDATE SET
    version = calendar_pushes.version + 1, due_ms = excluded.due_ms, attempts = 0, refused = ''
"""

# What a calendar has to be told of a booking.
PUSH = """
SELECT booking_id, version, since_ms, due_ms, attempts, tried_at_ms, tried_start_minute, refused
FROM calendar_pushes WHERE project_id = :project AND booking_id = :booking
"""

# What a calendar has to be told, by when it is due.
PUSHES = """
SELECT booking_id, version, since_ms, due_ms, attempts, tried_at_ms, tried_start_minute, refused
FROM calendar_pushes WHERE project_id = :project ORDER BY due_ms, booking_id
"""

# The bookings of which a calendar can be told by now.
DUE_PUSHES = """
SELECT booking_id FROM calendar_pushes WHERE project_id = :project AND due_ms <= :now AND refused = ''
ORDER BY due_ms, booking_id LIMIT 100
"""

# Remember how telling a calendar went.
SAVE_PUSH = """
INSERT INTO calendar_pushes (project_id, booking_id, version, since_ms, due_ms, attempts, tried_at_ms,
                             tried_start_minute, refused)
VALUES (:project, :booking, :version, :since_ms, :due_ms, :attempts, :tried_at_ms, :tried_start, :refused)
ON CONFLICT (project_id, booking_id) DO UPDATE SET
    since_ms = excluded.since_ms, due_ms = excluded.due_ms, attempts = excluded.attempts,
    tried_at_ms = excluded.tried_at_ms, tried_start_minute = excluded.tried_start_minute, refused = excluded.refused
"""

# A calendar knows of a booking, as of a version.
END_PUSH = """
DELETE FROM calendar_pushes
WHERE project_id = :project AND booking_id = :booking AND version = :version RETURNING booking_id
"""

# How far a calendar was read, and who is at it.
SYNC_STATE = """
SELECT watermark_ms, worker, worker_until_ms, finished_ms, problem FROM calendar_syncs WHERE project_id = :project
"""

# Remember how far a calendar was read.
SAVE_SYNC_STATE = """
INSERT INTO calendar_syncs (project_id, watermark_ms, worker, worker_until_ms, finished_ms, problem)
VALUES (:project, :watermark_ms, :worker, :worker_until_ms, :finished_ms, :problem)
ON CONFLICT (project_id) DO UPDATE SET
    watermark_ms = excluded.watermark_ms, worker = excluded.worker, worker_until_ms = excluded.worker_until_ms,
    finished_ms = excluded.finished_ms, problem = excluded.problem
"""

# How far the calendars of connected projects are behind; of a hundred projects at most.
BACKLOGS = """
SELECT p.id,
       (SELECT count(*) FROM calendar_pushes AS u WHERE u.project_id = p.id AND u.refused = ''),
       (SELECT min(u.since_ms) FROM calendar_pushes AS u WHERE u.project_id = p.id AND u.refused = ''),
       (SELECT count(*) FROM calendar_pushes AS u WHERE u.project_id = p.id AND u.refused <> ''),
       (SELECT count(*) FROM calendar_parked AS k WHERE k.project_id = p.id),
       coalesce((SELECT s.finished_ms FROM calendar_syncs AS s WHERE s.project_id = p.id), 0)
FROM projects AS p WHERE p.calcom IS NOT NULL ORDER BY p.id LIMIT 100
"""

# The projects that are connected to a calendar.
CALENDAR_PROJECTS = "SELECT id FROM projects WHERE calcom IS NOT NULL ORDER BY id"
