-- A database as the program of schema 0001 left it: every kind of row, in two projects.
PRAGMA application_id = 1397509972;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE bookings (
	project_id TEXT NOT NULL, 
	claim_id TEXT NOT NULL, 
	customer_name TEXT, 
	customer_phone TEXT NOT NULL, 
	customer_email TEXT NOT NULL, 
	address TEXT NOT NULL, 
	notes TEXT NOT NULL, 
	latitude REAL, 
	longitude REAL, 
	reason TEXT, 
	created_at_ms INTEGER NOT NULL, 
	PRIMARY KEY (project_id, claim_id), 
	FOREIGN KEY(project_id, claim_id) REFERENCES claims (project_id, id), 
	CONSTRAINT bookings_location CHECK ((latitude IS NULL) = (longitude IS NULL))
)
 STRICT

;
INSERT INTO "bookings" VALUES('full','b-national','Zoë','06 12 34 56 78','','','',NULL,NULL,NULL,1795374000000);
INSERT INTO "bookings" VALUES('shop','b-held','Kim Doe','(303) 555-0142 x5','Kim@Example.com','1 Main St','Beware of the dog 🐕',39.7,-104.94,'{"policy":["load","priority"],"values":{"load":2,"priority":1},"considered":3,"wished":true}',1795374000000);
INSERT INTO "bookings" VALUES('shop','b-file',NULL,'','','','',NULL,NULL,NULL,1795374000000);
INSERT INTO "bookings" VALUES('shop','b-odd','Lee','12345','','','',NULL,NULL,NULL,1795374000000);
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
 STRICT

;
INSERT INTO "busy_times" VALUES(1,29923200,29923260,'calendar');
INSERT INTO "busy_times" VALUES(2,29923200,29923260,'another');
CREATE TABLE changes (
	project_id TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	technician_id TEXT NOT NULL, 
	claim_id TEXT NOT NULL, 
	PRIMARY KEY (project_id, revision, technician_id, claim_id), 
	FOREIGN KEY(project_id) REFERENCES projects (id)
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "changes" VALUES('full',1,'','');
INSERT INTO "changes" VALUES('full',1,'ana','');
INSERT INTO "changes" VALUES('full',1,'ana','b-national');
INSERT INTO "changes" VALUES('full',1,'full','');
INSERT INTO "changes" VALUES('shop',1,'','');
INSERT INTO "changes" VALUES('shop',1,'ana','');
INSERT INTO "changes" VALUES('shop',1,'ben','');
INSERT INTO "changes" VALUES('shop',1,'cleo','');
INSERT INTO "changes" VALUES('shop',2,'ana','');
INSERT INTO "changes" VALUES('shop',2,'ana','b-held');
INSERT INTO "changes" VALUES('shop',2,'ana','h-lapsed');
INSERT INTO "changes" VALUES('shop',2,'ben','');
INSERT INTO "changes" VALUES('shop',2,'ben','h-released');
INSERT INTO "changes" VALUES('shop',3,'ana','b-held');
INSERT INTO "changes" VALUES('shop',3,'ben','b-file');
INSERT INTO "changes" VALUES('shop',3,'cleo','b-odd');
INSERT INTO "changes" VALUES('shop',4,'','');
INSERT INTO "changes" VALUES('shop',4,'cleo','h-live');
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
	hold_token TEXT, 
	customer_pseudonym TEXT NOT NULL, 
	PRIMARY KEY (project_id, id), 
	FOREIGN KEY(project_id) REFERENCES projects (id), 
	FOREIGN KEY(technician_number) REFERENCES technicians (number), 
	CONSTRAINT claims_hold_token UNIQUE (hold_token), 
	CONSTRAINT claims_span CHECK (start_minute < end_minute), 
	CONSTRAINT claims_buffers CHECK (buffer_before_minutes >= 0 AND buffer_after_minutes >= 0), 
	CONSTRAINT claims_state CHECK (state IN ('held', 'booked', 'lapsed', 'released')), 
	CONSTRAINT claims_expiry CHECK ((state = 'booked') = (expires_at_ms IS NULL)), 
	CONSTRAINT claims_held_by_token CHECK (state = 'booked' OR hold_token IS NOT NULL), 
	CONSTRAINT claims_technician_chosen CHECK (technician_chosen IN (0, 1))
)
 STRICT

;
INSERT INTO "claims" VALUES('full','b-national',5,'repair',29922960,29923020,0,0,'booked',NULL,0,NULL,'');
INSERT INTO "claims" VALUES('shop','h-lapsed',1,'repair',29922900,29922960,0,0,'lapsed',1795374001000,0,'token-h-lapsed','kim');
INSERT INTO "claims" VALUES('shop','h-released',2,'repair',29922900,29922960,0,0,'released',1795374090000,0,'token-h-released','kim');
INSERT INTO "claims" VALUES('shop','b-held',1,'repair',29922960,29923020,0,15,'booked',NULL,0,'token-b-held','792d52806cf918050b305e446d97d8c7879e683395fd7af7f9c62e28465970a7');
INSERT INTO "claims" VALUES('shop','b-file',2,'repair',29922960,29923020,0,0,'booked',NULL,0,NULL,'');
INSERT INTO "claims" VALUES('shop','b-odd',3,'repair',29922960,29923020,0,0,'booked',NULL,0,NULL,'');
INSERT INTO "claims" VALUES('shop','h-live',3,'repair',29923200,29923260,0,0,'held',1795374090000,1,'token-h-live','kim');
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
	default_service_id TEXT, 
	holiday_regions TEXT NOT NULL, 
	closed_dates TEXT NOT NULL, 
	salt BLOB NOT NULL, 
	revision INTEGER NOT NULL, 
	PRIMARY KEY (id)
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "projects" VALUES('full','Every field 🛠','Asia/Kathmandu','fr-FR',20,'opening',45,14,120,2,'["load"]','["priority"]','full','["US","US-CO"]','["2026-12-24","2027-01-02"]',X'0101010101010101010101010101010101010101010101010101010101010101',1);
INSERT INTO "projects" VALUES('shop','Shop','America/Denver','en-US',15,'clock',60,31,90,3,'["priority","load"]','["load","priority"]',NULL,'[]','[]',X'0000000000000000000000000000000000000000000000000000000000000000',4);
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
 STRICT

;
INSERT INTO "receipts" VALUES('shop','local','book_slot','key','fingerprint','{"bookingId":"b"}',1795374000000);
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
	PRIMARY KEY (project_id, id), 
	FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT services_archived CHECK (archived IN (0, 1))
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO "services" VALUES('full','full','Full',45,5,10,'["gas","hvac"]',0,0);
INSERT INTO "services" VALUES('shop','check','Check',30,0,0,'[]',1,1);
INSERT INTO "services" VALUES('shop','repair','Repair',60,0,0,'[]',0,0);
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
	FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT technicians_id UNIQUE (project_id, id), 
	CONSTRAINT technicians_archived CHECK (archived IN (0, 1)), 
	CONSTRAINT technicians_home CHECK ((home_latitude IS NULL) = (home_longitude IS NULL))
)
 STRICT

;
INSERT INTO "technicians" VALUES(1,'shop','ana','Ana','America/Denver',1,'active','[]',NULL,NULL,NULL,'{"shifts":[[[0,1,2,3,4],480,1020,null,null]],"breaks":[],"overrides":[],"time_off":[]}',1,0);
INSERT INTO "technicians" VALUES(2,'shop','ben','Ben','America/Denver',1,'active','[]',NULL,NULL,NULL,'{"shifts":[[[0,1,2,3,4],480,1020,null,null]],"breaks":[],"overrides":[],"time_off":[]}',2,0);
INSERT INTO "technicians" VALUES(3,'shop','cleo','Cleo','America/Denver',1,'active','[]',NULL,NULL,NULL,'{"shifts":[[[0,1,2,3,4],480,1020,null,null]],"breaks":[],"overrides":[],"time_off":[]}',0,0);
INSERT INTO "technicians" VALUES(4,'full','full','Full','Australia/Lord_Howe',3,'off','["gas","hvac"]',39.7392,-104.9903,6,'{"shifts":[[[0,6],1320,1800,"2026-01-01","2026-12-31"]],"breaks":[[[2],720,780,null,null]],"overrides":[["2026-11-27",[]],["2026-11-28",[[540,780]]]],"time_off":[[29922900,29922960,"dentist"]]}',0,0);
INSERT INTO "technicians" VALUES(5,'full','ana','Another Ana','America/Denver',1,'active','[]',NULL,NULL,NULL,'{"shifts":[[[0,1,2,3,4],480,1020,null,null]],"breaks":[],"overrides":[],"time_off":[]}',1,0);
CREATE INDEX claims_live ON claims (technician_number, end_minute, start_minute) WHERE state IN ('held', 'booked');
CREATE INDEX claims_expiring ON claims (project_id, state, expires_at_ms) WHERE expires_at_ms IS NOT NULL;
CREATE INDEX claims_of_customer ON claims (project_id, customer_pseudonym) WHERE state = 'held';
CREATE INDEX receipts_age ON receipts (project_id, created_at_ms);
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
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('technicians',5);
COMMIT;
