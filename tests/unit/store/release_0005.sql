-- A database of schema 0005, as version 0.1.0 left it: holds, bookings, receipts, waits and an access key.
PRAGMA application_id = 1397509972;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE busy_times (
	technician_number INTEGER NOT NULL,
	start_minute INTEGER NOT NULL,
	end_minute INTEGER NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (technician_number, start_minute, end_minute, source),
	FOREIGN KEY(technician_number) REFERENCES technicians (number),
	CONSTRAINT busy_times_span CHECK (start_minute < end_minute)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE receipts (
	project_id TEXT NOT NULL,
	credential TEXT NOT NULL,
	use_case TEXT NOT NULL,
	"key" TEXT NOT NULL,
	request TEXT NOT NULL,
	answer TEXT NOT NULL,
	created_at_ms INTEGER NOT NULL,
	PRIMARY KEY (project_id, credential, use_case, "key"),
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 STRICT;
CREATE TABLE changes (
	project_id TEXT NOT NULL,
	revision INTEGER NOT NULL,
	technician_id TEXT NOT NULL,
	claim_id TEXT NOT NULL,
	PRIMARY KEY (project_id, revision, technician_id, claim_id),
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE claims (
	project_id TEXT NOT NULL,
	id TEXT NOT NULL,
	technician_number INTEGER NOT NULL,
	service_id TEXT NOT NULL,
	start_minute INTEGER NOT NULL,
	end_minute INTEGER NOT NULL,
	buffer_before_minutes INTEGER NOT NULL,
	buffer_after_minutes INTEGER NOT NULL,
	state TEXT NOT NULL,
	expires_at_ms INTEGER,
	technician_chosen INTEGER NOT NULL,
	latitude REAL,
	longitude REAL,
	hold_token TEXT,
	customer_pseudonym TEXT NOT NULL,
	PRIMARY KEY (project_id, id),
	FOREIGN KEY(project_id) REFERENCES projects (id),
	FOREIGN KEY(technician_number) REFERENCES technicians (number),
	CONSTRAINT claims_hold_token UNIQUE (hold_token),
	CONSTRAINT claims_span CHECK (start_minute < end_minute),
	CONSTRAINT claims_buffers CHECK (buffer_before_minutes >= 0 AND buffer_after_minutes >= 0),
	CONSTRAINT claims_state CHECK (state IN ('held', 'booked', 'lapsed', 'released', 'withdrawn', 'cancelled')),
	CONSTRAINT claims_expiry CHECK ((state IN ('booked', 'cancelled')) = (expires_at_ms IS NULL)),
	CONSTRAINT claims_held_by_token CHECK (state IN ('booked', 'cancelled') OR hold_token IS NOT NULL),
	CONSTRAINT claims_technician_chosen CHECK (technician_chosen IN (0, 1)),
	CONSTRAINT claims_location CHECK ((latitude IS NULL) = (longitude IS NULL))
)
 STRICT;
CREATE TABLE bookings (
	project_id TEXT NOT NULL,
	claim_id TEXT NOT NULL,
	customer_name TEXT,
	customer_phone TEXT NOT NULL,
	customer_email TEXT NOT NULL,
	address TEXT NOT NULL,
	notes TEXT NOT NULL,
	reason TEXT,
	status TEXT NOT NULL,
	cancel_reason TEXT NOT NULL,
	attention TEXT NOT NULL,
	created_at_ms INTEGER NOT NULL,
	PRIMARY KEY (project_id, claim_id),
	FOREIGN KEY(project_id, claim_id) REFERENCES claims (project_id, id),
	CONSTRAINT bookings_status CHECK (status IN ('confirmed', 'rescheduled', 'cancelled', 'completed', 'no_show'))
)
 STRICT;
CREATE TABLE booking_contacts (
	project_id TEXT NOT NULL,
	claim_id TEXT NOT NULL,
	position INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	PRIMARY KEY (project_id, claim_id, position),
	FOREIGN KEY(project_id, claim_id) REFERENCES bookings (project_id, claim_id)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE waits (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	project_id TEXT NOT NULL,
	id TEXT NOT NULL,
	service_id TEXT NOT NULL,
	duration_minutes INTEGER NOT NULL,
	start_from_minute INTEGER NOT NULL,
	start_to_minute INTEGER NOT NULL,
	technician_id TEXT,
	latitude REAL,
	longitude REAL,
	customer_name TEXT NOT NULL,
	customer_phone TEXT NOT NULL,
	customer_email TEXT NOT NULL,
	customer_pseudonym TEXT NOT NULL,
	state TEXT NOT NULL,
	hold_token TEXT NOT NULL,
	let_go TEXT NOT NULL,
	joined_at_ms INTEGER NOT NULL,
	FOREIGN KEY(project_id) REFERENCES projects (id),
	CONSTRAINT waits_id UNIQUE (project_id, id),
	CONSTRAINT waits_state CHECK (state IN ('waiting', 'offered', 'booked', 'expired')),
	CONSTRAINT waits_location CHECK ((latitude IS NULL) = (longitude IS NULL))
)
 STRICT;
CREATE TABLE wait_contacts (
	project_id TEXT NOT NULL,
	wait_id TEXT NOT NULL,
	position INTEGER NOT NULL,
	"key" TEXT NOT NULL,
	PRIMARY KEY (project_id, wait_id, position),
	FOREIGN KEY(project_id, wait_id) REFERENCES waits (project_id, id)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE events (
	project_id TEXT NOT NULL,
	number INTEGER NOT NULL,
	kind TEXT NOT NULL,
	subject_id TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (project_id, number),
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE access_keys (
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	scope TEXT NOT NULL,
	project_id TEXT,
	secret_hash TEXT NOT NULL,
	created_at_ms INTEGER NOT NULL,
	expires_at_ms INTEGER,
	revoked_at_ms INTEGER,
	PRIMARY KEY (id),
	FOREIGN KEY(project_id) REFERENCES projects (id),
	CONSTRAINT access_keys_scope CHECK (scope IN ('caller', 'operator'))
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE projects (
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	timezone TEXT NOT NULL,
	locale TEXT NOT NULL,
	slot_interval_minutes INTEGER NOT NULL,
	slot_alignment TEXT NOT NULL,
	min_notice_minutes INTEGER NOT NULL,
	horizon_days INTEGER NOT NULL,
	hold_ttl_seconds INTEGER NOT NULL,
	max_holds_per_customer INTEGER NOT NULL,
	candidate_ranking TEXT NOT NULL,
	assignment_ranking TEXT NOT NULL,
	travel_mode TEXT NOT NULL,
	travel_speed_kmh REAL NOT NULL,
	travel_minutes_per_stop INTEGER NOT NULL,
	travel_road_factor REAL NOT NULL,
	default_service_id TEXT,
	holiday_regions TEXT NOT NULL,
	closed_dates TEXT NOT NULL,
	salt BLOB NOT NULL,
	revision INTEGER NOT NULL,
	calcom TEXT,
	PRIMARY KEY (id)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE services (
	project_id TEXT NOT NULL,
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	duration_minutes INTEGER NOT NULL,
	buffer_before_minutes INTEGER NOT NULL,
	buffer_after_minutes INTEGER NOT NULL,
	skills TEXT NOT NULL,
	position INTEGER NOT NULL,
	archived INTEGER NOT NULL,
	calcom_event_type_id INTEGER,
	PRIMARY KEY (project_id, id),
	FOREIGN KEY(project_id) REFERENCES projects (id),
	CONSTRAINT services_archived CHECK (archived IN (0, 1))
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE technicians (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	project_id TEXT NOT NULL,
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	timezone TEXT NOT NULL,
	priority INTEGER NOT NULL,
	status TEXT NOT NULL,
	skills TEXT NOT NULL,
	home_latitude REAL,
	home_longitude REAL,
	max_bookings_per_day INTEGER,
	hours TEXT NOT NULL,
	position INTEGER NOT NULL,
	archived INTEGER NOT NULL,
	calcom TEXT,
	FOREIGN KEY(project_id) REFERENCES projects (id),
	CONSTRAINT technicians_id UNIQUE (project_id, id),
	CONSTRAINT technicians_archived CHECK (archived IN (0, 1)),
	CONSTRAINT technicians_home CHECK ((home_latitude IS NULL) = (home_longitude IS NULL))
)
 STRICT;
CREATE TABLE calendar_entries (
	project_id TEXT NOT NULL,
	uid TEXT NOT NULL,
	status TEXT NOT NULL,
	kind TEXT NOT NULL,
	start_minute INTEGER NOT NULL,
	end_minute INTEGER NOT NULL,
	said_at_ms INTEGER NOT NULL,
	series TEXT NOT NULL,
	sequence INTEGER,
	event_type_id INTEGER,
	replaces TEXT NOT NULL,
	hosts TEXT NOT NULL,
	customer_name TEXT,
	customer_phone TEXT NOT NULL,
	customer_email TEXT NOT NULL,
	address TEXT NOT NULL,
	notes TEXT NOT NULL,
	contact_keys TEXT NOT NULL,
	said_booking_id TEXT NOT NULL,
	booking_id TEXT NOT NULL,
	busy TEXT NOT NULL,
	no_show_at_ms INTEGER NOT NULL,
	PRIMARY KEY (project_id, uid),
	FOREIGN KEY(project_id) REFERENCES projects (id),
	CONSTRAINT entries_status CHECK (status IN ('pending', 'accepted', 'cancelled', 'rejected', 'replaced')),
	CONSTRAINT entries_kind CHECK (kind IN ('appointment', 'absence')),
	CONSTRAINT entries_span CHECK (start_minute < end_minute)
)
 STRICT;
CREATE TABLE calendar_deliveries (
	project_id TEXT NOT NULL,
	digest TEXT NOT NULL,
	received_at_ms INTEGER NOT NULL,
	PRIMARY KEY (project_id, digest),
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE calendar_parked (
	project_id TEXT NOT NULL,
	uid TEXT NOT NULL,
	event TEXT NOT NULL,
	contact_keys TEXT NOT NULL,
	why TEXT NOT NULL,
	parked_at_ms INTEGER NOT NULL,
	PRIMARY KEY (project_id, uid),
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 STRICT;
CREATE TABLE calendar_pushes (
	project_id TEXT NOT NULL,
	booking_id TEXT NOT NULL,
	version INTEGER NOT NULL,
	since_ms INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	tried_at_ms INTEGER,
	tried_start_minute INTEGER,
	refused TEXT NOT NULL,
	PRIMARY KEY (project_id, booking_id),
	FOREIGN KEY(project_id, booking_id) REFERENCES claims (project_id, id)
)
 STRICT;
CREATE TABLE calendar_syncs (
	project_id TEXT NOT NULL,
	watermark_ms INTEGER NOT NULL,
	worker TEXT NOT NULL,
	worker_until_ms INTEGER NOT NULL,
	finished_ms INTEGER NOT NULL,
	problem TEXT NOT NULL,
	PRIMARY KEY (project_id),
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE traces (
	id TEXT NOT NULL,
	project_id TEXT NOT NULL,
	conversation TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	told TEXT NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 STRICT;
INSERT INTO alembic_version (version_num) VALUES ('0005');
INSERT INTO projects (id, name, timezone, locale, slot_interval_minutes, slot_alignment, min_notice_minutes, horizon_days, hold_ttl_seconds, max_holds_per_customer, candidate_ranking, assignment_ranking, travel_mode, travel_speed_kmh, travel_minutes_per_stop, travel_road_factor, default_service_id, holiday_regions, closed_dates, salt, revision, calcom) VALUES ('denver-hvac', 'Front Range Heating & Air', 'America/Denver', 'en-US', 15, 'clock', 60, 31, 90, 3, '["priority","load","eta"]', '["load","priority","eta"]', 'none', 40.0, 5, 1.3, 'ac-repair', '[]', '[]', X'5a7a1c04cc77670415f31121aa300d456b91ea5c27baf943d3516087b3d45e9b', 15, NULL);
INSERT INTO services (project_id, id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, skills, position, archived, calcom_event_type_id) VALUES ('denver-hvac', 'ac-repair', 'AC repair', 60, 0, 15, '["hvac"]', 0, 0, NULL);
INSERT INTO services (project_id, id, name, duration_minutes, buffer_before_minutes, buffer_after_minutes, skills, position, archived, calcom_event_type_id) VALUES ('denver-hvac', 'furnace-check', 'Furnace check', 120, 0, 0, '["gas","hvac"]', 1, 0, NULL);
INSERT INTO technicians (number, project_id, id, name, timezone, priority, status, skills, home_latitude, home_longitude, max_bookings_per_day, hours, position, archived, calcom) VALUES (1, 'denver-hvac', 't-ana', 'Ana', 'America/Denver', 1, 'active', '["gas","hvac"]', NULL, NULL, NULL, '{"shifts":[[[0,1,2,3,4],480,1020,null,null]],"breaks":[[[0,1,2,3,4],720,780,null,null]],"overrides":[],"time_off":[]}', 0, 0, NULL);
INSERT INTO technicians (number, project_id, id, name, timezone, priority, status, skills, home_latitude, home_longitude, max_bookings_per_day, hours, position, archived, calcom) VALUES (2, 'denver-hvac', 't-ben', 'Ben', 'America/Denver', 2, 'active', '["hvac"]', NULL, NULL, NULL, '{"shifts":[[[0,1,2,3,4],480,1020,null,null]],"breaks":[[[0,1,2,3,4],720,780,null,null]],"overrides":[],"time_off":[[29968260,29971140,"dentist",true]]}', 1, 0, NULL);
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM854X435AHJ664HPHVWA6', 1, 'ac-repair', 29924160, 29924220, 0, 15, 'held', 1795374120000, 0, NULL, NULL, 'b352VxvBFi6h5MVgu6eWeHg1B-bLOEne', '0b36f303ff9e7855099af6bbfb85636255d9be16df4636f00bfe29da1845355a');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM856958Q4K8C5P5E8X0G6', 1, 'ac-repair', 29924235, 29924295, 0, 15, 'held', 1795374120000, 0, NULL, NULL, 'xGPyvPzJFM2YBPxq3TN5iRiFkaB8bimk', '0b36f303ff9e7855099af6bbfb85636255d9be16df4636f00bfe29da1845355a');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM856S1CYE2GMNSZFNE2PR', 1, 'ac-repair', 29925600, 29925660, 0, 15, 'booked', NULL, 0, NULL, NULL, 'xrbnOLjVR10sGnmDW89I34by3hBDsz-G', 'a2e3f0fcbe3b62abad549e2a5cac2a92186ef5b0229c4690f3ee341db5ad32db');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM8590J41Z6N5H2X504QJZ', 1, 'ac-repair', 29927340, 29927400, 0, 15, 'booked', NULL, 0, NULL, NULL, NULL, '');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM859VZPPSR3E0S2X8FTA5', 2, 'ac-repair', 29928540, 29928600, 0, 15, 'booked', NULL, 1, NULL, NULL, NULL, '');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM85ARZ4BZMJMXRGMERGSJ', 1, 'ac-repair', 29929920, 29929980, 0, 15, 'booked', NULL, 0, NULL, NULL, NULL, '');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM85BNN8K64GGZH0W6PVBD', 1, 'ac-repair', 29934240, 29934300, 0, 15, 'cancelled', NULL, 0, NULL, NULL, NULL, '');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM85F55V7B4VJWMGTR484R', 1, 'furnace-check', 29935920, 29936040, 0, 0, 'booked', NULL, 0, NULL, NULL, NULL, '');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM85H1AMNDYQTSNBRNDK37', 1, 'furnace-check', 29937360, 29937480, 0, 0, 'cancelled', NULL, 0, NULL, NULL, NULL, '');
INSERT INTO claims (project_id, id, technician_number, service_id, start_minute, end_minute, buffer_before_minutes, buffer_after_minutes, state, expires_at_ms, technician_chosen, latitude, longitude, hold_token, customer_pseudonym) VALUES ('denver-hvac', '01M8KM85KH8J9AWJAPTMJDFTGH', 1, 'furnace-check', 29937360, 29937480, 0, 0, 'held', 1795374900000, 0, NULL, NULL, 'bNJspr_R3GeBRuSvFD-t3OGNccg8y150', 'e833072f9c4935d139c68e8016e04d42aeb35b2f0f14615a714f0391fb226cd1');
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, status, cancel_reason, attention, created_at_ms) VALUES ('denver-hvac', '01M8KM856S1CYE2GMNSZFNE2PR', 'Kim Doe', '+13035550142', 'kim@example.com', '1 Main St', 'Beware of the dog', '{"policy":["load","priority","eta"],"values":{"load":0,"priority":1},"considered":2,"wished":false,"kept":false,"decided_by":"priority"}', 'confirmed', '', '', 1795374000000);
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, status, cancel_reason, attention, created_at_ms) VALUES ('denver-hvac', '01M8KM8590J41Z6N5H2X504QJZ', 'Lee Wu', '+13035550188', '', '', '', '{"policy":["load","priority","eta"],"values":{"load":0,"priority":1},"considered":2,"wished":false,"kept":true,"decided_by":null}', 'rescheduled', '', '', 1795374000000);
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, status, cancel_reason, attention, created_at_ms) VALUES ('denver-hvac', '01M8KM859VZPPSR3E0S2X8FTA5', 'Max Ott', '+13035550199', '', '', '', '{"policy":["load","priority","eta"],"values":{"load":0,"priority":2},"considered":1,"wished":true,"kept":false,"decided_by":null}', 'confirmed', '', '', 1795374000000);
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, status, cancel_reason, attention, created_at_ms) VALUES ('denver-hvac', '01M8KM85ARZ4BZMJMXRGMERGSJ', 'Max Ott', '+13035550199', '', '', '', '{"policy":["load","priority","eta"],"values":{"load":0,"priority":1},"considered":2,"wished":false,"kept":false,"decided_by":"priority"}', 'confirmed', '', '', 1795374000000);
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, status, cancel_reason, attention, created_at_ms) VALUES ('denver-hvac', '01M8KM85BNN8K64GGZH0W6PVBD', 'Max Ott', '+13035550199', '', '', '', '{"policy":["load","priority","eta"],"values":{"load":0,"priority":1},"considered":2,"wished":false,"kept":false,"decided_by":"priority"}', 'cancelled', 'moved away', '', 1795374000000);
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, status, cancel_reason, attention, created_at_ms) VALUES ('denver-hvac', '01M8KM85F55V7B4VJWMGTR484R', 'Kim Doe', '+13035550142', 'kim@example.com', '', '', '{"policy":["load","priority","eta"],"values":{"load":0,"priority":1},"considered":1,"wished":false,"kept":false,"decided_by":null}', 'confirmed', '', '', 1795374000000);
INSERT INTO bookings (project_id, claim_id, customer_name, customer_phone, customer_email, address, notes, reason, status, cancel_reason, attention, created_at_ms) VALUES ('denver-hvac', '01M8KM85H1AMNDYQTSNBRNDK37', 'Kim Doe', '+13035550142', 'kim@example.com', '', '', '{"policy":["load","priority","eta"],"values":{"load":0,"priority":1},"considered":1,"wished":false,"kept":false,"decided_by":null}', 'cancelled', '', '', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'create_hold', '1bd4ee760d396a00a5cd749f546937c5c354f774a9412d80880f7c7eab4f8c69', 'da5f1685771be8a82b3ceaa5f81ae0c1be084f579c3d89a56e347ef81e68561c', '{"token": "b352VxvBFi6h5MVgu6eWeHg1B-bLOEne", "capacityLeft": 1}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'create_hold', 'abd6af2589759ab7152529c3bca89fc9cf01edc1c1786d53bc7b41a854874737', '917b34f3cf6023ee946bd1ab197e4ba5680be0dd6a05f6fa7d24fb5ef0c8597c', '{"token": "xGPyvPzJFM2YBPxq3TN5iRiFkaB8bimk", "capacityLeft": 1}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'book_slot', 'a9b90ddffe5f2093931c5afd313fe98cf4a130d61e5d09c11a06433df1be1430', 'bef447147f19bb6ec078011807df7f2822548ced7ce24a824642f546c120b2ec', '{"bookingId": "01M8KM856S1CYE2GMNSZFNE2PR"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'book_slot', '68de22756c1f1766450208e7012026414d59f4d8695260c9756759f0cbca20df', 'ee3e3c0dc05da1700c8efdd10663986f18c070768534779f1c1c5e3e75946cfc', '{"bookingId": "01M8KM8590J41Z6N5H2X504QJZ"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'book_slot', '845e59ef69ea9e6c80b48617030bfb2d1a2d2a7f12a0037d2e11d44b3e373834', '514775c4f85ba82b21daf75767dc68643ad0e5b20010a623d4f342b0cebef76e', '{"bookingId": "01M8KM859VZPPSR3E0S2X8FTA5"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'book_slot', '0e7fd9ee49bb956e1e0a88b331d48350ec6d4edd7f8d409470106ae3274c55d1', 'e00282975966d82e5e3091afe93721abee9ac80b72660f9fdacd23559058d583', '{"bookingId": "01M8KM85ARZ4BZMJMXRGMERGSJ"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'book_slot', '6d1851fab29a07d9294f7940bf95bab4c2dd89b9d3822485801fa7f91f9050bb', '7b4c03cbceff1df0ac8edcc34202371087d7097a56c5da7f2c2fd3158f1aa832', '{"bookingId": "01M8KM85BNN8K64GGZH0W6PVBD"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'reschedule_booking', '5d888731ac2bc1592414d72cd9d59c450a3105a1fd7535d55293ba0a4dfb747b', 'bef746f4f35b80bd6e120c70564fa09db010eac0ad4a98fa587abf92f21112da', '{"start": 29927100, "end": 29927160, "technician_id": "t-ana"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'reschedule_booking', 'f37d49f1118e99fa113917ea69b6da78a44536b5b8f71a367a2ec336a101a270', 'bef746f4f35b80bd6e120c70564fa09db010eac0ad4a98fa587abf92f21112da', '{"start": 29927100, "end": 29927160, "technician_id": "t-ana"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'book_slot', 'b2005324e2aed778a881bcf026290d37c912f1607811d45c100feda292aab4ef', 'b25b02f60029931760b5430b800ffee1a944175647d364eeee406a57afa57b36', '{"bookingId": "01M8KM85F55V7B4VJWMGTR484R"}', 1795374000000);
INSERT INTO receipts (project_id, credential, use_case, key, request, answer, created_at_ms) VALUES ('denver-hvac', 'local', 'book_slot', '4214a4e7c2207837d4baf38ca09a9f99c56834c8b997f318c3278cd3a21e5e8b', 'cfc86a1443adb049f0dfb4366f61265c6c97a4bf74adad06199fc727088c055b', '{"bookingId": "01M8KM85H1AMNDYQTSNBRNDK37"}', 1795374000000);
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 1, '', '');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 1, 't-ana', '');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 1, 't-ben', '');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 2, 't-ana', '01M8KM854X435AHJ664HPHVWA6');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 3, 't-ana', '01M8KM856958Q4K8C5P5E8X0G6');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 4, 't-ana', '01M8KM856S1CYE2GMNSZFNE2PR');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 5, 't-ana', '01M8KM856S1CYE2GMNSZFNE2PR');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 6, 't-ana', '01M8KM8590J41Z6N5H2X504QJZ');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 7, 't-ben', '01M8KM859VZPPSR3E0S2X8FTA5');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 8, 't-ana', '01M8KM85ARZ4BZMJMXRGMERGSJ');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 9, 't-ana', '01M8KM85BNN8K64GGZH0W6PVBD');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 10, 't-ana', '01M8KM85BNN8K64GGZH0W6PVBD');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 11, 't-ana', '01M8KM8590J41Z6N5H2X504QJZ');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 12, 't-ana', '01M8KM85F55V7B4VJWMGTR484R');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 13, 't-ana', '01M8KM85H1AMNDYQTSNBRNDK37');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 14, 't-ana', '01M8KM85H1AMNDYQTSNBRNDK37');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 14, 't-ana', '01M8KM85KH8J9AWJAPTMJDFTGH');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 15, '', '');
INSERT INTO changes (project_id, revision, technician_id, claim_id) VALUES ('denver-hvac', 15, 't-ben', '');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM8590J41Z6N5H2X504QJZ', 0, '11001e5854f4713369fa79b00d0bbe163bbc593ace4800951ee315726ac39112');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM856S1CYE2GMNSZFNE2PR', 1, '36695799d52a05939b8fdf55b2deb8188364720c9f97212ab81fec1ccc6866e1');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM85F55V7B4VJWMGTR484R', 1, '36695799d52a05939b8fdf55b2deb8188364720c9f97212ab81fec1ccc6866e1');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM85H1AMNDYQTSNBRNDK37', 1, '36695799d52a05939b8fdf55b2deb8188364720c9f97212ab81fec1ccc6866e1');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM856S1CYE2GMNSZFNE2PR', 0, '69e3b03b4b736ed15d44e2d91816b541fddea02d89f4ee9f787505937ba55644');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM85F55V7B4VJWMGTR484R', 0, '69e3b03b4b736ed15d44e2d91816b541fddea02d89f4ee9f787505937ba55644');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM85H1AMNDYQTSNBRNDK37', 0, '69e3b03b4b736ed15d44e2d91816b541fddea02d89f4ee9f787505937ba55644');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM856S1CYE2GMNSZFNE2PR', 2, 'a2e3f0fcbe3b62abad549e2a5cac2a92186ef5b0229c4690f3ee341db5ad32db');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM859VZPPSR3E0S2X8FTA5', 0, 'e833072f9c4935d139c68e8016e04d42aeb35b2f0f14615a714f0391fb226cd1');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM85ARZ4BZMJMXRGMERGSJ', 0, 'e833072f9c4935d139c68e8016e04d42aeb35b2f0f14615a714f0391fb226cd1');
INSERT INTO booking_contacts (project_id, claim_id, position, key) VALUES ('denver-hvac', '01M8KM85BNN8K64GGZH0W6PVBD', 0, 'e833072f9c4935d139c68e8016e04d42aeb35b2f0f14615a714f0391fb226cd1');
INSERT INTO waits (number, project_id, id, service_id, duration_minutes, start_from_minute, start_to_minute, technician_id, latitude, longitude, customer_name, customer_phone, customer_email, customer_pseudonym, state, hold_token, let_go, joined_at_ms) VALUES (1, 'denver-hvac', '7eQ2077m5FFzT2K-XzzgiZ32bcAAT_D_', 'furnace-check', 120, 29935920, 29935935, NULL, NULL, NULL, 'Lee Wu', '+13035550188', '', '11001e5854f4713369fa79b00d0bbe163bbc593ace4800951ee315726ac39112', 'waiting', '', '[]', 1795374000000);
INSERT INTO waits (number, project_id, id, service_id, duration_minutes, start_from_minute, start_to_minute, technician_id, latitude, longitude, customer_name, customer_phone, customer_email, customer_pseudonym, state, hold_token, let_go, joined_at_ms) VALUES (2, 'denver-hvac', 'ClMKR-wgZVSDLeh8clgX0oA_CJdhhdYc', 'furnace-check', 120, 29937360, 29937375, NULL, NULL, NULL, 'Max Ott', '+13035550199', '', 'e833072f9c4935d139c68e8016e04d42aeb35b2f0f14615a714f0391fb226cd1', 'offered', 'bNJspr_R3GeBRuSvFD-t3OGNccg8y150', '[]', 1795374000000);
INSERT INTO wait_contacts (project_id, wait_id, position, key) VALUES ('denver-hvac', '7eQ2077m5FFzT2K-XzzgiZ32bcAAT_D_', 0, '11001e5854f4713369fa79b00d0bbe163bbc593ace4800951ee315726ac39112');
INSERT INTO wait_contacts (project_id, wait_id, position, key) VALUES ('denver-hvac', 'ClMKR-wgZVSDLeh8clgX0oA_CJdhhdYc', 0, 'e833072f9c4935d139c68e8016e04d42aeb35b2f0f14615a714f0391fb226cd1');
INSERT INTO events (project_id, number, kind, subject_id, at_ms) VALUES ('denver-hvac', 1, 'waitlist.offered', 'ClMKR-wgZVSDLeh8clgX0oA_CJdhhdYc', 1795374000000);
INSERT INTO access_keys (id, name, scope, project_id, secret_hash, created_at_ms, expires_at_ms, revoked_at_ms) VALUES ('01M8KM85PDA38MKGRFQYRYKJZS', 'Agent', 'caller', 'denver-hvac', '1193061ce546c8ab69d1818633c6cad73b1d38578fe83247f269e09f4e61ed74', 1795374000000, NULL, NULL);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES ('technicians', 3);
INSERT INTO sqlite_sequence VALUES ('waits', 2);
CREATE INDEX receipts_age ON receipts (project_id, created_at_ms);
CREATE INDEX claims_live ON claims (technician_number, end_minute, start_minute) WHERE state IN ('held', 'booked');
CREATE INDEX claims_expiring ON claims (project_id, state, expires_at_ms) WHERE expires_at_ms IS NOT NULL;
CREATE INDEX claims_of_customer ON claims (project_id, customer_pseudonym) WHERE customer_pseudonym <> '';
CREATE TRIGGER claims_never_overlap_on_insert BEFORE INSERT ON claims
        WHEN NEW.state IN ('held', 'booked') AND EXISTS (
            SELECT 1 FROM claims AS other
            WHERE other.technician_number = NEW.technician_number AND other.state IN ('held', 'booked')
              AND other.end_minute > NEW.start_minute AND other.start_minute < NEW.end_minute
              AND NOT (other.project_id = NEW.project_id AND other.id = NEW.id)
        )
        BEGIN SELECT RAISE(ABORT, 'claims_never_overlap'); END;
CREATE TRIGGER claims_never_overlap_on_update BEFORE UPDATE OF technician_number, start_minute, end_minute, state ON claims
        WHEN NEW.state IN ('held', 'booked') AND EXISTS (
            SELECT 1 FROM claims AS other
            WHERE other.technician_number = NEW.technician_number AND other.state IN ('held', 'booked')
              AND other.end_minute > NEW.start_minute AND other.start_minute < NEW.end_minute
              AND NOT (other.project_id = NEW.project_id AND other.id = NEW.id)
        )
        BEGIN SELECT RAISE(ABORT, 'claims_never_overlap'); END;
CREATE INDEX booking_contacts_by_key ON booking_contacts (project_id, "key");
CREATE INDEX waits_by_state ON waits (project_id, state, start_to_minute);
CREATE INDEX waits_of_customer ON waits (project_id, customer_pseudonym) WHERE customer_pseudonym <> '';
CREATE INDEX wait_contacts_by_key ON wait_contacts (project_id, "key");
CREATE INDEX calendar_entries_in_series ON calendar_entries (project_id, series) WHERE series <> '';
CREATE INDEX calendar_entries_of ON calendar_entries (project_id, booking_id) WHERE booking_id <> '';
CREATE INDEX calendar_entries_replacing ON calendar_entries (project_id, replaces) WHERE replaces <> '';
CREATE INDEX calendar_entries_to_come ON calendar_entries (project_id, end_minute) WHERE status IN ('pending', 'accepted');
CREATE INDEX calendar_deliveries_age ON calendar_deliveries (project_id, received_at_ms);
CREATE INDEX calendar_pushes_due ON calendar_pushes (project_id, due_ms);
CREATE INDEX traces_by_time ON traces (project_id, at_ms, id);
CREATE INDEX traces_by_conversation ON traces (project_id, conversation, at_ms, id);
CREATE INDEX traces_by_age ON traces (at_ms);
COMMIT;
