"""Each row of the page on limits names the test that reaches the limit."""

import re
from typing import Final

import pytest

from project.repository import ROOT

PAGE: Final = (ROOT / "docs" / "reference" / "limits.md").read_text("utf-8")
STREAMS: Final = "interfaces/test_stream_limits.py"
SIZES: Final = "interfaces/test_response_sizes.py"
HOLDS: Final = "unit/services/test_create_hold.py"
OWN: Final = "unit/services/test_own_holds.py"
WAITS: Final = "unit/services/test_waitlist_limits.py"
SWEEP: Final = "unit/services/test_waitlist_sweep.py"
WIRE: Final = "interfaces/test_wire_limits.py"
KEPT: Final = "contracts/test_retention.py"
ISSUER: Final = "interfaces/test_issuer_failures.py"
BACKUPS: Final = "unit/store/test_backups.py"
STOP: Final = "interfaces/test_http_stop.py"
SESSIONS: Final = "unit/services/test_sessions.py"
CLOCK: Final = "unit/store/test_clock.py"
FAILED: Final = "interfaces/test_failed_authentication.py"
FILE: Final = "unit/project_file"
LONG_TEXT: Final = f"{FILE}/test_bad_files.py::test_a_text_that_is_too_long_is_reported_with_its_limit"
LONG_LIST: Final = f"{FILE}/test_bad_files.py::test_a_list_that_is_too_long_is_reported_with_its_limit"
TEXT: Final = "interfaces/test_tools_list.py::test_text_has_a_maximum_length_that_is_not_published"

REACHED_BY: Final = {
    "projects in the error of a call without `projectId`": (
        "unit/domain/test_many_projects.py::test_a_call_without_a_project_lists_the_first_of_many_with_their_number"
    ),
    "projects that a server searches before it is ready": (
        "interfaces/test_warm_up.py::test_no_search_begins_after_the_time_for_them"
    ),
    "projects in memory per process": (
        "unit/services/test_project_memory.py::test_the_projects_are_within_the_budget_or_only_the_one_in_use"
    ),
    "newest revisions that a server with Redis knows": (
        "unit/services/test_fleet.py::test_the_revisions_recorded_longest_ago_are_forgotten"
    ),
    "values of a completion": (
        "interfaces/test_completions.py::test_at_most_100_values_are_returned_with_the_number_of_all"
    ),
    "the prompt `phone_receptionist`": (
        "interfaces/test_prompt.py::test_the_prompt_is_bounded_for_a_business_with_200_services"
    ),
    "lapsed, released and withdrawn holds": "contracts/test_claims.py::test_ended_holds_are_deleted_after_a_day",
    "customers of past bookings": f"{KEPT}::test_past_bookings_lose_their_customer",
    "past bookings": f"{KEPT}::test_past_and_canceled_bookings_are_deleted_separately",
    "canceled bookings, with their reasons": f"{KEPT}::test_past_and_canceled_bookings_are_deleted_separately",
    "deferred calendar events": f"{KEPT}::test_old_calendar_data_is_deleted_and_keeps_its_booking_until_then",
    "changes of schedules, events of the waitlist": (
        "contracts/test_waitlist.py::test_only_the_newest_events_are_kept_and_numbers_keep_growing"
    ),
    "expired and revoked access keys": f"{KEPT}::test_access_keys_that_are_over_are_deleted",
    "documents of the OAuth issuer": f"{ISSUER}::test_known_keys_stay_in_use_until_the_issuer_behaves_again",
    "fetches of the issuer's keys": f"{ISSUER}::test_invented_key_ids_cause_no_fetch_shortly_after_another",
    "wait of a call with a token of an unknown key": (
        f"{ISSUER}::test_a_call_with_an_unknown_key_waits_for_a_limited_time"
    ),
    "traces that a process stores completely": (
        "unit/services/test_trace_budget.py::test_above_the_share_a_sample_of_successful_searches_is_stored"
    ),
    "traces deleted in one transaction": (
        "contracts/test_traces.py::test_the_oldest_traces_above_a_size_are_deleted_in_bounded_batches"
    ),
    "rows of each kind that a purge deletes in one transaction": (
        f"{KEPT}::test_a_purge_deletes_a_limited_number_of_rows"
    ),
    "backups by `slotmcp backup`": f"{BACKUPS}::test_an_existing_file_is_only_replaced_on_request",
    "automatic backups before an upgrade and a restore": f"{BACKUPS}::test_automatic_backups_are_few_and_not_old",
    "list of backups": f"{BACKUPS}::test_the_list_of_backups_is_bounded_and_survives_a_cut_line",
    "a server that stops: calls that are still served": (
        f"{STOP}::test_a_draining_server_serves_calls_on_connections_that_end"
    ),
    "a server that stops: running calls finish": f"{STOP}::test_calls_beyond_the_shutdown_timeout_are_abandoned",
    "a server that stops: a request that is on its way, on each connection": (
        f"{STOP}::test_a_connection_without_a_request_has_a_moment_to_send_one"
    ),
    "receipts (idempotency records)": "contracts/test_catalog.py::test_receipts_are_deleted_after_thirty_days",
    "waitlist entries that are over": (
        "contracts/test_waitlist.py::test_closed_entries_are_deleted_thirty_days_after_their_window"
    ),
    "webhook deliveries": "contracts/test_calendar.py::test_deliveries_are_kept_for_thirty_days",
    "calendar entries": "contracts/test_calendar.py::test_entries_are_kept_for_sixty_days_after_their_end",
    "traces": "contracts/test_traces.py::test_old_traces_are_deleted",
    "dashboard sessions": "contracts/test_sessions.py::test_a_session_that_is_over_is_deleted",
    "busy times, time off": "unit/services/test_import_project.py::test_prune_removes_items_missing_from_the_file",
    "erasures, as keyed hashes": (
        "interfaces/test_erasure.py::test_a_restored_backup_loses_the_customers_that_were_forgotten_later"
    ),
    "Redis": "unit/redis_layer/test_keys.py::test_every_key_of_a_project_has_its_hash_tag_and_a_lifetime",
    "messages per minute and credential, of any method": (
        f"{STREAMS}::test_each_message_counts_against_the_rate_of_its_key"
    ),
    "tool calls per minute and phone call": (
        "interfaces/test_http_limits.py::test_the_rate_of_one_phone_call_is_limited_with_a_retry_time"
    ),
    "wait for the database": (
        "unit/store/postgres/test_outages.py::test_a_read_waits_for_a_lock_no_longer_than_its_timeout"
    ),
    "wait for the routing service": "unit/routing/test_osrm.py::test_a_server_that_hangs_delays_no_call",
    "wait for the geocoding service": "unit/geocoding/test_nominatim.py::test_a_server_that_hangs_delays_no_call",
    "requests to the geocoding service per second and process": (
        "unit/geocoding/test_nominatim.py::test_a_second_request_within_a_second_is_not_sent"
    ),
    "places whose location a process remembers": "unit/services/test_places.py::test_the_remembered_places_are_bounded",
    "stored locations of postal codes": (
        "contracts/test_places.py::test_the_oldest_locations_above_the_limit_are_deleted"
    ),
    "rows of [SLOTMCP_GEOCODER_FILE](settings.md#slotmcp_geocoder_file)": (
        "unit/geocoding/test_table.py::test_the_number_of_rows_is_limited"
    ),
    "failed verifications per hour and phone call, and per hour and booking": (
        "unit/services/test_verification.py::test_five_failures_in_a_call_end_its_guesses_at_other_bookings"
    ),
    "failed verifications per hour and credential": (
        "unit/services/test_verification.py::test_a_hundred_failures_of_a_credential_alert_and_refuse_nothing"
    ),
    "wrong logins per minute and address, and per minute and key": (
        f"{FAILED}::test_wrong_logins_do_not_shut_out_the_right_key"
    ),
    "requests with an invalid key or token per minute and address, and per minute and key": (
        f"{FAILED}::test_invalid_bearer_tokens_do_not_shut_out_valid_ones"
    ),
    "dashboard session": f"{SESSIONS}::test_a_used_session_is_over_after_its_lifetime",
    "dashboard sessions per key": f"{SESSIONS}::test_a_login_above_the_limits_ends_the_oldest_session",
    "dashboard sessions in all": f"{SESSIONS}::test_a_login_above_the_limits_ends_the_oldest_session",
    "affected bookings that an import lists": (
        "unit/services/test_import_project.py::test_an_import_lists_a_limited_number_of_affected_bookings"
    ),
    "connections per process and address": f"{WIRE}::test_idle_connections_of_a_peer_give_way_to_new_ones",
    "time for a request, for reading its answer, and of an idle connection": (
        f"{WIRE}::test_slow_bytes_do_not_extend_a_deadline"
    ),
    "URL": f"{WIRE}::test_endless_bytes_are_cut_off_without_a_stall",
    "headers": f"{WIRE}::test_endless_bytes_are_cut_off_without_a_stall",
    "body": (
        "interfaces/test_http_limits.py::test_a_body_that_is_too_large_is_not_read_with_or_without_a_length_header"
    ),
    "fields of a form": "interfaces/dashboard/test_login.py::test_the_fields_of_a_form_are_limited",
    "values in a body": f"{WIRE}::test_a_hard_body_of_a_valid_size_does_not_stall_the_server",
    "tool calls in one message of Vapi": "interfaces/test_vapi.py::test_the_calls_of_a_message_are_limited",
    "results in one answer to Vapi": "interfaces/test_vapi.py::test_the_results_of_a_message_are_limited",
    "age of a signature of Retell": "interfaces/test_retell.py::test_a_wrong_old_or_missing_signature_is_refused",
    "characters of a response to Retell": (
        "interfaces/test_retell.py::test_a_long_response_is_cut_at_the_end_of_its_longest_list"
    ),
    "other bytes of a request, such as sizes of chunks and trailers": (
        f"{WIRE}::test_endless_bytes_are_cut_off_without_a_stall"
    ),
    "forwarded addresses that are read": "unit/web/test_peers.py::test_a_bounded_number_of_forwarded_addresses_is_read",
    "test writes of an HTTP server": (
        "unit/services/test_vitals.py::test_a_test_write_is_made_once_per_interval_until_it_fails"
    ),
    "free space on the disk of an SQLite file below which it counts as full": (
        "unit/store/test_write_check.py::test_a_disk_that_is_nearly_full_is_a_problem_although_small_writes_succeed"
    ),
    "warnings about `unavailable` calls in the log": (
        "interfaces/test_unwritable_database.py::test_a_server_reports_a_full_disk_until_it_has_space_again"
    ),
    "change of the machine's clock that is ignored": f"{CLOCK}::test_a_short_step_changes_nothing",
    "time after which SQLite follows a lasting change": (
        f"{CLOCK}::test_a_step_that_lasts_is_followed_with_all_live_holds"
    ),
    "remaining time of a hold after its clock was set back": (
        "contracts/test_claims.py::test_a_hold_does_not_outlive_its_longest_lifetime_if_the_clock_is_set_back"
    ),
    "streams per credential and process": (
        f"{STREAMS}::test_a_key_can_open_only_some_streams_and_a_server_only_some_in_total"
    ),
    "streams per process": f"{STREAMS}::test_a_key_can_open_only_some_streams_and_a_server_only_some_in_total",
    "time without a message until a session ends": f"{STREAMS}::test_an_idle_session_ends",
    "time in which a client must accept data": f"{STREAMS}::test_a_stream_ends_whose_client_accepts_no_data",
    "unanswered and unread messages per SSE session": f"{STREAMS}::test_sessions_that_are_not_read_end_with_one_line",
    "unread bytes per SSE session": (f"{STREAMS}::test_the_unread_bytes_of_a_session_and_of_a_credential_are_limited"),
    "unread bytes per credential": f"{STREAMS}::test_the_unread_bytes_of_a_session_and_of_a_credential_are_limited",
    "message to an SSE session, or for a subscription": f"{STREAMS}::test_a_stream_does_not_keep_a_large_message",
    "resources per subscription": f"{STREAMS}::test_a_subscription_to_other_resources_is_refused",
    "URI of a subscribed resource": f"{STREAMS}::test_a_subscription_to_other_resources_is_refused",
    "slots per page": "unit/services/test_get_slots.py::test_a_limit_out_of_bounds_is_rejected",
    "candidates per slot": f"{SIZES}::test_a_full_slot_has_a_limited_number_of_candidates",
    "services, technicians, bookings and waitlist entries per response": (
        f"{SIZES}::test_lists_are_cut_and_count_what_they_lack"
    ),
    "past bookings per `find_bookings`": (
        "unit/services/test_find_bookings.py::test_a_long_history_is_limited_to_the_latest"
    ),
    "`notes`, `cursor`": TEXT,
    "`address`, `cancel_booking`'s `reason`": TEXT,
    "`postalCode`": TEXT,
    "`customerHash`, `holdToken`, `idempotencyKey`": TEXT,
    "`customerEmail`, `email`, `newEmail`": TEXT,
    "`customerName`, `add_time_off`'s `reason`": TEXT,
    "`daysOfWeek`": TEXT,
    "`projectId`, `serviceType`, `technicianId`, `bookingId`, `timezone`": TEXT,
    "`customerPhone`, `phone`, `newPhone`": TEXT,
    "`start`, `end`, `from`, `to`": TEXT,
    "`locale`": TEXT,
    "duration of an appointment": f"{HOLDS}::test_an_invalid_length_is_rejected",
    "lifetime of a hold": f"{HOLDS}::test_a_hold_expires_after_the_requested_ttl",
    "lifetime of a waitlist offer": "unit/services/test_freed_time.py::test_an_offer_lives_longer_than_a_callers_hold",
    "live holds per phone call, or per `customerHash` that is hard to guess": (
        f"{HOLDS}::test_a_call_holds_at_most_three_times_whatever_its_hashes"
    ),
    "live holds per credential, of calls without an id": (
        f"{HOLDS}::test_a_credential_without_calls_holds_at_most_so_many_times"
    ),
    "live holds per credential, of calls with an id": (
        f"{HOLDS}::test_a_credential_cannot_hold_more_by_inventing_call_ids"
    ),
    "overlapping time held by one caller": f"{OWN}::test_overlapping_time_is_held_for_twice_the_first_lifetime",
    "repetition of an identical `additional` hold": f"{OWN}::test_some_holds_are_repeated_for_a_minute_only",
    "repetition with an `idempotencyKey` that is easy to guess, without a known caller": (
        "unit/services/test_idempotency.py"
        "::test_a_guessable_key_of_an_unknown_caller_recalls_an_identical_request_for_15_seconds"
    ),
    "horizon": f"{FILE}/test_bad_files.py::test_a_mistake_is_reported_once_at_its_line_with_the_valid_form",
    "waitlist window": "unit/services/test_join_waitlist.py::test_an_invalid_argument_is_named_and_adds_no_entry",
    "open waitlist entries per customer": f"{WAITS}::test_a_customer_has_a_limited_number_of_entries",
    "open waitlist entries per project": f"{WAITS}::test_a_project_has_a_limited_number_of_entries",
    "new waitlist entries per project, credential and hour": (
        f"{WAITS}::test_a_credential_adds_a_limited_number_of_entries_an_hour"
    ),
    "contacts that one waitlist entry has had": f"{WAITS}::test_an_entry_collects_a_limited_number_of_contacts",
    "time off per call": "unit/services/test_technicians.py::test_invalid_time_off_is_rejected",
    "replaced contacts per booking that recognize a repeated `book_slot`": (
        "unit/services/test_update_booking.py::test_a_booking_remembers_the_last_replaced_contacts"
    ),
    "size": f"{FILE}/test_unreadable_files.py::test_a_large_file_is_rejected_before_it_is_read",
    "values, with expanded aliases": (
        f"{FILE}/test_unreadable_files.py::test_an_unreadable_file_is_rejected_with_a_sentence"
    ),
    "nesting": f"{FILE}/test_unreadable_files.py::test_an_unreadable_file_is_rejected_with_a_sentence",
    "id": f"{FILE}/test_bad_files.py::test_a_mistake_is_reported_once_at_its_line_with_the_valid_form",
    "name, question, text of a price, reason of a closure": LONG_TEXT,
    "`description`, `guidance`": LONG_TEXT,
    "`terms`": LONG_TEXT,
    "`fee`": LONG_TEXT,
    "closures": LONG_LIST,
    "areas, and postal codes per area": LONG_LIST,
    "questions, `bookable` spans and reserves per service": LONG_LIST,
    "duration of an imported booking": (
        f"{FILE}/test_bad_files.py::test_a_mistake_is_reported_once_at_its_line_with_the_valid_form"
    ),
    "bookings in a file of their own": f"{FILE}/test_bookings_file.py::test_a_problem_is_reported_with_its_line",
    "traces waiting to be written": (
        "interfaces/test_traces.py::test_a_database_outage_delays_no_call_and_loses_no_trace"
    ),
    "technicians per trace": f"{SIZES}::test_a_trace_explains_a_limited_number_of_technicians",
    "names of failed verifications per server without Redis": (
        "unit/services/test_attempt_limiter.py::test_only_the_names_with_the_newest_attempts_are_kept"
    ),
    "names of rate limits and failed attempts per server without Redis": (
        "unit/services/test_rate_limiter.py::test_the_number_of_names_is_limited_and_the_oldest_are_dropped"
    ),
    "cached travel times": "unit/routing/test_osrm.py::test_the_cache_drops_the_oldest_routes",
    "cached availabilities without own holds, per state of a project": (
        "unit/engine/test_rebuild_against_oracle.py::test_an_index_caches_few_reduced_ones"
    ),
    "offers of freed time per transaction, and ended offers recorded": (
        f"{SWEEP}::test_a_call_makes_a_bounded_number_of_offers_and_the_sweep_the_others"
    ),
    "waitlist entries searched per turn of a project in a sweep": f"{SWEEP}::test_projects_take_turns",
    "pairs of a movable hold and a technician searched under the lock for a waitlist entry": (
        f"{SWEEP}::test_offers_that_need_long_searches_are_left_to_the_sweep"
    ),
    "connections per process": "unit/store/postgres/test_rush.py::test_many_projects_share_a_few_connections",
    "time and memory of a report of an HTTP server": (
        "unit/services/test_report_process.py::test_a_report_that_takes_too_long_is_refused"
    ),
    "period of a report": "unit/services/test_reports.py::test_a_period_must_not_be_empty_or_too_long",
    "file or table that `slotmcp forget` writes again without `--thorough`": (
        "interfaces/test_erasure.py::test_a_large_file_is_written_again_only_on_request"
    ),
    "one answer of `answers`, of at most 10 per booking": (
        "interfaces/test_answers.py::test_a_wrong_answer_is_refused_with_the_valid_form"
    ),
    "characters of a description in the list of all services": (
        "interfaces/test_list_services.py::test_the_list_of_thirty_services_with_long_texts_stays_brief"
    ),
    "lost conversations simulated for gaps": (
        "unit/services/test_gaps.py::test_the_latest_questions_are_simulated_if_there_are_too_many"
    ),
    "refusals on the dashboard": "unit/services/test_refusals.py::test_refusals_are_limited_to_recent_days",
}

NOT_REACHED: Final = {
    "log": "slotmcp stores none",
    "alternatives per refusal": "a constant number is computed; transcripts and fuzzing see at most three",
    "earlier waitlist entries considered while a start is available to a new one": "a bound of work, not of results",
    "units of work per PostgreSQL transaction": "a bound of work, not of results; benchmarks fill groups",
    "rows of an import per transaction": "a bound of work, not of results",
    "projects in calendar metrics": "compared with the code only",
    "gaps per report": "compared with the code only",
    "time to read a project file of 4 MB": "no test asserts a time",
}
"""Rows without a test that reaches the limit, and why."""


def rows() -> list[str]:
    """Return the first cell of each row, without the heads of the tables."""
    lines = PAGE.splitlines()
    heads = {number - 1 for number, line in enumerate(lines) if line.startswith("|---")}
    cells = [(number, re.match(r"\| ([^|]+) \|", line)) for number, line in enumerate(lines)]
    return [found[1] for number, found in cells if found and number not in heads]


def test_each_row_names_the_test_that_reaches_it() -> None:
    listed = rows()
    assert len(listed) > 80
    unknown = [row for row in listed if row not in REACHED_BY | NOT_REACHED]
    assert not unknown, "write a test that reaches each of these limits, and name it in REACHED_BY"
    assert not [row for row in REACHED_BY | NOT_REACHED if row not in listed], "these rows are no longer on the page"


@pytest.mark.parametrize("test", sorted(set(REACHED_BY.values())))
def test_each_named_test_exists(test: str) -> None:
    path, _, name = test.partition("::")
    source = (ROOT / "tests" / path).read_text("utf-8")
    assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE)
