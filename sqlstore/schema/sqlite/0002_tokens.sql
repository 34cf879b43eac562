-- In braces: text. Times are text in UTC, which sorts by time:
-- 2026-05-17 11:42:13.987654+00:00.
CREATE TABLE tokens (
    purpose    text    NOT NULL COLLATE BINARY,
    digest     text    NOT NULL COLLATE BINARY,
    user_id    {id}    NOT NULL COLLATE BINARY,
    family     text    NOT NULL COLLATE BINARY,
    epoch      integer NOT NULL,
    created_at text    NOT NULL,
    expires_at text,
    data       blob,
    CONSTRAINT tokens_pkey PRIMARY KEY (purpose, digest),
    CONSTRAINT tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX tokens_user_id_purpose_idx ON tokens (user_id, purpose);
CREATE INDEX tokens_expires_at_idx ON tokens (expires_at);
-- SQLite enforces foreign keys only on connections with PRAGMA foreign_keys.
CREATE TRIGGER users_delete_tokens AFTER DELETE ON users
BEGIN
    DELETE FROM tokens WHERE user_id = OLD.id;
END
