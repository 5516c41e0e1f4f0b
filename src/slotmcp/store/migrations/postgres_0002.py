"""Version 0002 of projects, claims and bookings in PostgreSQL, which can alter tables in place."""

from alembic import op

CHANGES = (
    """
    ALTER TABLE projects
        ADD COLUMN travel_mode text COLLATE "C" NOT NULL DEFAULT 'none',
        ADD COLUMN travel_speed_kmh double precision NOT NULL DEFAULT 40,
        ADD COLUMN travel_minutes_per_stop integer NOT NULL DEFAULT 5,
        ADD COLUMN travel_road_factor double precision NOT NULL DEFAULT 1.3
    """,
    """
    ALTER TABLE projects
        ALTER COLUMN travel_mode DROP DEFAULT,
        ALTER COLUMN travel_speed_kmh DROP DEFAULT,
        ALTER COLUMN travel_minutes_per_stop DROP DEFAULT,
        ALTER COLUMN travel_road_factor DROP DEFAULT
    """,
    """
    ALTER TABLE claims
        ADD COLUMN latitude double precision,
        ADD COLUMN longitude double precision,
        DROP CONSTRAINT claims_state,
        DROP CONSTRAINT claims_expiry,
        DROP CONSTRAINT claims_held_by_token,
        ADD CONSTRAINT claims_state
            CHECK (state IN ('held', 'booked', 'lapsed', 'released', 'withdrawn', 'cancelled')),
        ADD CONSTRAINT claims_expiry CHECK ((state IN ('booked', 'cancelled')) = (expires_at_ms IS NULL)),
        ADD CONSTRAINT claims_held_by_token CHECK (state IN ('booked', 'cancelled') OR hold_token IS NOT NULL),
        ADD CONSTRAINT claims_location CHECK ((latitude IS NULL) = (longitude IS NULL))
    """,
    """
    UPDATE claims SET latitude = b.latitude, longitude = b.longitude
    FROM bookings AS b WHERE b.project_id = claims.project_id AND b.claim_id = claims.id
    """,
    "DROP INDEX claims_of_customer",
    """
    CREATE INDEX claims_of_customer ON claims (project_id, customer_pseudonym) WHERE customer_pseudonym <> ''
    """,
    """
    ALTER TABLE bookings
        DROP CONSTRAINT bookings_location,
        DROP COLUMN latitude,
        DROP COLUMN longitude,
        ADD COLUMN status text COLLATE "C" NOT NULL DEFAULT 'confirmed',
        ADD COLUMN cancel_reason text COLLATE "C" NOT NULL DEFAULT '',
        ADD COLUMN attention text COLLATE "C" NOT NULL DEFAULT '',
        ADD CONSTRAINT bookings_status
            CHECK (status IN ('confirmed', 'rescheduled', 'cancelled', 'completed', 'no_show'))
    """,
    """
    ALTER TABLE bookings
        ALTER COLUMN status DROP DEFAULT,
        ALTER COLUMN cancel_reason DROP DEFAULT,
        ALTER COLUMN attention DROP DEFAULT
    """,
)


def change_tables() -> None:
    """Run the changes in order."""
    for change in CHANGES:
        op.execute(change)
