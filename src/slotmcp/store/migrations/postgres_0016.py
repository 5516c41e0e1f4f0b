"""Function of PostgreSQL that writes the rows of a group of units of work in one statement.

The group was decided without a lock, at a version of the project's row. The function locks the row, and writes nothing
if the version is another one. `slotmcp.store.postgres.pending` makes its argument `work`:

- `clock_ms`: time of the units by the database's clock, or null if they use another clock.
- `no_receipts`, `no_visits`, `no_entries`: rows that the units assumed to be missing.
- `updates`: changes of existing rows, in order.
- `claims`, `bookings`, `booking_contacts`, `receipts`, `calendar_pushes`, `changes`: new rows.
- `revisions`: if the revision moves, the new one, and the one up to which changes are deleted.

`outcome` is "written", or why nothing was: "locked" by another writer, "changed", or "unexpected" if a row exists that
was assumed to be missing.
"""

from alembic import op

FUNCTION = """
CREATE OR REPLACE FUNCTION write_group(
    project text, expected_version text, expected_schema text, work jsonb,
    OUT outcome text, OUT revision bigint, OUT version text, OUT now_ms bigint
) LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan
SET jit = off
AS $function$
#variable_conflict use_column
DECLARE
    change jsonb;
    written_rows bigint;
    has_writes boolean := false;
BEGIN
    PERFORM set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off';
    outcome := 'locked';
    SELECT p.revision, p.xmin::text INTO revision, version
    FROM projects AS p WHERE p.id = project FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN RETURN; END IF;
    now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    outcome := 'changed';
    IF version <> expected_version OR abs(now_ms - (work ->> 'clock_ms')::bigint) > 1000
        OR expected_schema <> (SELECT a.version_num FROM alembic_version AS a) THEN RETURN; END IF;

    outcome := 'unexpected';
    IF work ? 'no_receipts' AND EXISTS (
        SELECT FROM jsonb_to_recordset(work -> 'no_receipts') AS x (use_case text, credential text, key text)
        JOIN receipts AS r ON r.project_id = project AND r.credential = x.credential AND r.use_case = x.use_case
            AND r.key = x.key
    ) THEN RETURN; END IF;
    IF work ? 'no_visits' AND EXISTS (
        SELECT FROM jsonb_to_recordset(work -> 'no_visits')
            AS x (service_id text, start_minute bigint, end_minute bigint, keys jsonb)
        CROSS JOIN LATERAL jsonb_array_elements_text(x.keys) AS k (key)
        JOIN booking_contacts AS b ON b.project_id = project AND b.key = k.key
        JOIN claims AS c ON c.project_id = project AND c.id = b.claim_id
        WHERE c.state = 'booked' AND c.service_id = x.service_id
            AND c.start_minute < x.end_minute AND c.end_minute > x.start_minute
    ) THEN RETURN; END IF;
    IF work ? 'no_entries' AND EXISTS (
        SELECT FROM jsonb_array_elements_text(work -> 'no_entries') AS x (id)
        JOIN waits AS w ON w.project_id = project AND w.id = x.id
    ) THEN RETURN; END IF;

    FOR change IN SELECT x.value FROM jsonb_array_elements(work -> 'updates') AS x LOOP
        has_writes := true;
        CASE change ->> 'kind'
        WHEN 'end_hold' THEN
            UPDATE claims AS c SET state = change ->> 'state' WHERE c.project_id = project AND c.id = change ->> 'id';
        WHEN 'move_hold' THEN
            UPDATE claims AS c SET technician_number = t.number FROM technicians AS t
            WHERE c.project_id = project AND c.id = change ->> 'id'
                AND t.project_id = project AND t.id = change ->> 'technician_id';
        WHEN 'save_claim' THEN
            UPDATE claims AS c SET
                technician_number = t.number, service_id = r.service_id, start_minute = r.start_minute,
                end_minute = r.end_minute, buffer_before_minutes = r.buffer_before_minutes,
                buffer_after_minutes = r.buffer_after_minutes, state = r.state, expires_at_ms = NULL,
                technician_chosen = r.technician_chosen, latitude = r.latitude, longitude = r.longitude,
                hold_terms = NULL, postal_code = r.postal_code, priority = r.priority
            FROM technicians AS t, jsonb_populate_record(NULL::claims, change) AS r
            WHERE c.project_id = project AND c.id = r.id AND t.project_id = project
                AND t.id = change ->> 'technician_id';
        WHEN 'save_booking' THEN
            UPDATE bookings AS b SET
                customer_name = r.customer_name, customer_phone = r.customer_phone, customer_email = r.customer_email,
                address = r.address, notes = r.notes, reason = r.reason, status = r.status,
                cancel_reason = r.cancel_reason, attention = r.attention, is_additional = r.is_additional,
                answers = r.answers
            FROM jsonb_populate_record(NULL::bookings, change) AS r
            WHERE b.project_id = project AND b.claim_id = r.claim_id;
        WHEN 'set_attention' THEN
            UPDATE bookings AS b SET attention = change ->> 'attention'
            WHERE b.project_id = project AND b.claim_id = change ->> 'claim_id';
        WHEN 'delete_contacts' THEN
            DELETE FROM booking_contacts AS k WHERE k.project_id = project AND k.claim_id = change ->> 'claim_id';
        END CASE;
        GET DIAGNOSTICS written_rows = ROW_COUNT;
        IF written_rows = 0 AND change ->> 'kind' <> 'delete_contacts' THEN
            RAISE EXCEPTION 'the row of % is missing', change ->> 'kind';
        END IF;
    END LOOP;

    IF work ? 'claims' THEN
        has_writes := true;
        INSERT INTO claims SELECT (jsonb_populate_record(
            NULL::claims, x.value || jsonb_build_object('project_id', project, 'technician_number', t.number))).*
        FROM jsonb_array_elements(work -> 'claims') AS x
        JOIN technicians AS t ON t.project_id = project AND t.id = x.value ->> 'technician_id';
        GET DIAGNOSTICS written_rows = ROW_COUNT;
        IF written_rows <> jsonb_array_length(work -> 'claims') THEN
            RAISE EXCEPTION 'the technician of a claim is missing';
        END IF;
    END IF;
    IF work ? 'bookings' THEN
        has_writes := true;
        INSERT INTO bookings SELECT r.* FROM jsonb_populate_recordset(NULL::bookings, work -> 'bookings') AS r;
    END IF;
    IF work ? 'booking_contacts' THEN
        has_writes := true;
        INSERT INTO booking_contacts
        SELECT r.* FROM jsonb_populate_recordset(NULL::booking_contacts, work -> 'booking_contacts') AS r;
    END IF;
    IF work ? 'receipts' THEN
        has_writes := true;
        INSERT INTO receipts SELECT r.* FROM jsonb_populate_recordset(NULL::receipts, work -> 'receipts') AS r
        ON CONFLICT (project_id, credential, use_case, key) DO UPDATE SET
            request = excluded.request, answer = excluded.answer, created_at_ms = excluded.created_at_ms;
    END IF;
    IF work ? 'calendar_pushes' THEN
        has_writes := true;
        INSERT INTO calendar_pushes
        SELECT r.* FROM jsonb_populate_recordset(NULL::calendar_pushes, work -> 'calendar_pushes') AS r
        ON CONFLICT (project_id, booking_id) DO UPDATE SET
            version = calendar_pushes.version + 1, due_ms = excluded.due_ms, attempts = 0, refused = '',
            renews = CASE WHEN excluded.renews = 1 THEN 1 ELSE calendar_pushes.renews END;
    END IF;
    IF work ? 'changes' THEN
        has_writes := true;
        INSERT INTO changes SELECT r.* FROM jsonb_populate_recordset(NULL::changes, work -> 'changes') AS r;
        DELETE FROM changes AS g
        WHERE g.project_id = project AND g.revision <= (work #>> '{revisions,0,forgotten}')::bigint;
    END IF;
    IF has_writes THEN
        UPDATE projects AS p SET revision = coalesce((work #>> '{revisions,0,revision}')::bigint, p.revision)
        WHERE p.id = project RETURNING p.revision, p.xmin::text INTO revision, version;
    END IF;
    outcome := 'written';
    now_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
END
$function$
"""


def create_function() -> None:
    """Create the function in the schema of the tables."""
    op.execute(FUNCTION)
