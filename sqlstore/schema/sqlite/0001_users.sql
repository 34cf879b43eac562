-- Times are text in UTC, which sorts by time: 2026-05-17 11:42:13.987654+00:00.
-- Drivers make times of columns of type datetime.
CREATE TABLE {users} (
    id              {new id},
    email           text     NOT NULL,
    email_key       text     NOT NULL COLLATE BINARY,
    hashed_password text     NOT NULL,
    is_active       boolean  NOT NULL,
    is_superuser    boolean  NOT NULL,
    is_verified     boolean  NOT NULL,
    session_epoch   integer  NOT NULL,
    revision        integer  NOT NULL,
    created_at      datetime NOT NULL,
    updated_at      datetime NOT NULL,
    CONSTRAINT "{users name}_email_key_key" UNIQUE (email_key)
)
