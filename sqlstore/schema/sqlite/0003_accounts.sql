CREATE TABLE {accounts} (
    provider   text     NOT NULL COLLATE BINARY,
    subject    text     NOT NULL COLLATE BINARY,
    user_id    {id}     NOT NULL,
    email      text     NOT NULL,
    data       blob,
    created_at datetime NOT NULL,
    updated_at datetime NOT NULL,
    revision   integer  NOT NULL,
    CONSTRAINT "{accounts name}_pkey" PRIMARY KEY (provider, subject),
    CONSTRAINT "{accounts name}_user_id_fkey" FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
)

CREATE INDEX "{accounts name}_user_id_idx" ON {accounts} (user_id)

-- SQLite enforces foreign keys only on connections with PRAGMA foreign_keys.
CREATE TRIGGER "{users name}_delete_{accounts name}" AFTER DELETE ON {users}
BEGIN
    DELETE FROM {accounts} WHERE user_id = OLD.id;
END
