CREATE TABLE {tokens} (
    purpose    text     NOT NULL COLLATE BINARY,
    digest     text     NOT NULL COLLATE BINARY,
    user_id    {id}     NOT NULL,
    family     text     NOT NULL COLLATE BINARY,
    epoch      integer  NOT NULL,
    created_at datetime NOT NULL,
    expires_at datetime,
    data       blob,
    CONSTRAINT "{tokens name}_pkey" PRIMARY KEY (purpose, digest),
    CONSTRAINT "{tokens name}_user_id_fkey" FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
)

CREATE INDEX "{tokens name}_user_id_purpose_idx" ON {tokens} (user_id, purpose)

CREATE INDEX "{tokens name}_expires_at_idx" ON {tokens} (expires_at)

-- SQLite enforces foreign keys only on connections with PRAGMA foreign_keys.
CREATE TRIGGER "{users name}_delete_{tokens name}" AFTER DELETE ON {users}
BEGIN
    DELETE FROM {tokens} WHERE user_id = OLD.id;
END
