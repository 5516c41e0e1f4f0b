"""The SQL of the waitlist and of events, as it runs. Above each statement stands its purpose."""

# Put somebody on the waitlist.
ADD_WAIT = """
INSERT INTO waits (project_id, id, service_id, duration_minutes, start_from_minute, start_to_minute, technician_id,
                   latitude, longitude, customer_name, customer_phone, customer_email, customer_pseudonym, state,
                   hold_token, let_go, joined_at_ms)
VALUES (:project, :id, :service, :duration_minutes, :start_from, :start_to, :technician, :latitude, :longitude,
        :customer_name, :customer_phone, :customer_email, :customer, :state, :token, :let_go, :joined_at_ms)
"""

# Replace all that is known of a wait; its place in the line stays.
SAVE_WAIT = """
UPDATE waits
SET service_id = :service, duration_minutes = :duration_minutes, start_from_minute = :start_from,
    start_to_minute = :start_to, technician_id = :technician, latitude = :latitude, longitude = :longitude,
    customer_name = :customer_name, customer_phone = :customer_phone, customer_email = :customer_email,
    customer_pseudonym = :customer, state = :state, hold_token = :token, let_go = :let_go,
    joined_at_ms = :joined_at_ms
WHERE project_id = :project AND id = :id RETURNING id
"""

# Somebody on the waitlist.
WAIT = """
SELECT w.id, w.service_id, w.duration_minutes, w.start_from_minute, w.start_to_minute, w.technician_id, w.latitude,
       w.longitude, w.customer_name, w.customer_phone, w.customer_email, w.customer_pseudonym, w.state, w.hold_token,
       w.let_go, w.joined_at_ms,
       (SELECT json_group_array(key) FROM (SELECT key FROM wait_contacts AS k
        WHERE k.project_id = w.project_id AND k.wait_id = w.id ORDER BY k.position) AS ordered)
FROM waits AS w
WHERE w.project_id = :project AND w.id = :id
"""

# Those on the waitlist who are in some states, in its order. Each state is a value; one that is not asked for is NULL.
WAITS = """
SELECT w.id, w.service_id, w.duration_minutes, w.start_from_minute, w.start_to_minute, w.technician_id, w.latitude,
       w.longitude, w.customer_name, w.customer_phone, w.customer_email, w.customer_pseudonym, w.state, w.hold_token,
       w.let_go, w.joined_at_ms,
       (SELECT json_group_array(key) FROM (SELECT key FROM wait_contacts AS k
        WHERE k.project_id = w.project_id AND k.wait_id = w.id ORDER BY k.position) AS ordered)
FROM waits AS w
WHERE w.project_id = :project AND w.state IN (:waiting, :offered, :booked, :expired)
ORDER BY w.number
"""

# Let a wait be found by a key.
ADD_WAIT_CONTACT = """
INSERT INTO wait_contacts (project_id, wait_id, position, key) VALUES (:project, :id, :position, :key)
"""

# Let a wait be found by none.
FORGET_WAIT_CONTACTS = "DELETE FROM wait_contacts WHERE project_id = :project AND wait_id = :id"

# The waits of a customer, by any of what the customer is known by.
WAITS_OF_CUSTOMER = """
SELECT wait_id FROM wait_contacts WHERE project_id = :project AND key = :key
UNION
SELECT id FROM waits WHERE project_id = :project AND customer_pseudonym = :key AND customer_pseudonym <> ''
"""

# Let a wait know nothing of its customer; nobody is left to whom a time could be offered.
FORGET_WAIT = """
UPDATE waits
SET customer_name = '', customer_phone = '', customer_email = '', customer_pseudonym = '', latitude = NULL,
    longitude = NULL, state = CASE WHEN state IN ('waiting', 'offered') THEN 'expired' ELSE state END
WHERE project_id = :project AND id = :id
"""

# Waits that are over, and whose window passed long ago.
OLD_WAITS = """
SELECT id FROM waits
WHERE project_id = :project AND state IN ('booked', 'expired') AND start_to_minute <= :passed_by
"""

# Let there have been no such wait. Its contacts go first.
REMOVE_WAIT = "DELETE FROM waits WHERE project_id = :project AND id = :id"

# Tell what happened, under the project's next number.
ADD_EVENT = """
INSERT INTO events (project_id, number, kind, subject_id, at_ms)
VALUES (:project, 1 + coalesce((SELECT max(number) FROM events WHERE project_id = :project), 0), :kind, :subject, :now)
RETURNING number
"""

# Forget events that are so old that everybody has heard of them.
FORGET_EVENTS = "DELETE FROM events WHERE project_id = :project AND number <= :number"

# What happened after an event.
EVENTS = """
SELECT number, kind, subject_id, at_ms FROM events
WHERE project_id = :project AND number > :after ORDER BY number
"""
