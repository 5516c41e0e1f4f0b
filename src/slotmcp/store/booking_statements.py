"""The SQL of bookings and of whom they are for, as it runs. Above each statement stands its purpose."""

# What a booking knows beside its claim.
ADD_BOOKING = """
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason,
                      status, cancel_reason, attention, created_at_ms)
VALUES (:project, :id, :customer_name, :customer_phone, :customer_email, :address, :notes, :reason,
        :status, :cancel_reason, :attention, :now)
"""

# Replace what a booking knows beside its claim.
SAVE_BOOKING = """
UPDATE bookings
SET customer_name = :customer_name, customer_phone = :customer_phone, customer_email = :customer_email,
    address = :address, notes = :notes, reason = :reason, status = :status, cancel_reason = :cancel_reason,
    attention = :attention
WHERE project_id = :project AND claim_id = :id
"""

# One booking.
BOOKING = """
SELECT t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude, b.customer_name, b.customer_phone,
       b.customer_email, b.address, b.notes, b.reason, b.status, b.cancel_reason, b.attention,
       (SELECT json_group_array(key) FROM (SELECT key FROM booking_contacts AS k
        WHERE k.project_id = b.project_id AND k.claim_id = b.claim_id ORDER BY k.position) AS ordered)
FROM bookings AS b
JOIN claims AS c ON c.project_id = b.project_id AND c.id = b.claim_id
JOIN technicians AS t ON t.number = c.technician_number
WHERE b.project_id = :project AND b.claim_id = :id
"""

# The bookings that a contact key finds.
BOOKINGS_BY = """
SELECT t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude, b.customer_name, b.customer_phone,
       b.customer_email, b.address, b.notes, b.reason, b.status, b.cancel_reason, b.attention,
       (SELECT json_group_array(key) FROM (SELECT key FROM booking_contacts AS k
        WHERE k.project_id = b.project_id AND k.claim_id = b.claim_id ORDER BY k.position) AS ordered)
FROM bookings AS b
JOIN claims AS c ON c.project_id = b.project_id AND c.id = b.claim_id
JOIN technicians AS t ON t.number = c.technician_number
WHERE b.project_id = :project
  AND b.claim_id IN (SELECT claim_id FROM booking_contacts WHERE project_id = :project AND key = :key)
ORDER BY c.start_minute, c.id
"""

# The bookings of a project that are not cancelled, and overlap a time.
BOOKINGS = """
SELECT t.id, c.id, c.service_id, c.start_minute, c.end_minute, c.buffer_before_minutes, c.buffer_after_minutes,
       c.expires_at_ms, c.technician_chosen, c.latitude, c.longitude, b.customer_name, b.customer_phone,
       b.customer_email, b.address, b.notes, b.reason, b.status, b.cancel_reason, b.attention,
       (SELECT json_group_array(key) FROM (SELECT key FROM booking_contacts AS k
        WHERE k.project_id = b.project_id AND k.claim_id = b.claim_id ORDER BY k.position) AS ordered)
FROM bookings AS b
JOIN claims AS c ON c.project_id = b.project_id AND c.id = b.claim_id
JOIN technicians AS t ON t.number = c.technician_number
WHERE b.project_id = :project AND c.state = 'booked' AND c.start_minute < :end AND c.end_minute > :start
ORDER BY c.start_minute, c.id
"""

# Let a booking be found by a key.
ADD_BOOKING_CONTACT = """
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES (:project, :id, :position, :key)
"""

# Let a booking be found by none.
FORGET_BOOKING_CONTACTS = "DELETE FROM booking_contacts WHERE project_id = :project AND claim_id = :id"

# The holds and bookings of a customer, whatever became of them, by any of what the customer is known by.
CLAIMS_OF_CUSTOMER = """
SELECT t.id, c.id, c.state, c.latitude
FROM claims AS c JOIN technicians AS t ON t.number = c.technician_number
WHERE c.project_id = :project AND c.id IN (
    SELECT claim_id FROM booking_contacts WHERE project_id = :project AND key = :key
    UNION
    SELECT id FROM claims WHERE project_id = :project AND customer_pseudonym = :key AND customer_pseudonym <> ''
)
"""

# Let a claim know neither whose it is nor where.
FORGET_CLAIM = """
UPDATE claims SET customer_pseudonym = '', latitude = NULL, longitude = NULL WHERE project_id = :project AND id = :id
"""

# Let a booking know nothing of its customer, if the claim is a booking's.
FORGET_BOOKING = """
UPDATE bookings
SET customer_name = NULL, customer_phone = '', customer_email = '', address = '', notes = '', cancel_reason = ''
WHERE project_id = :project AND claim_id = :id RETURNING claim_id
"""
