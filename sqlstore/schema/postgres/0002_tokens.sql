CREATE TABLE {tokens} (
    purpose    text COLLATE "C" NOT NULL,
    digest     text COLLATE "C" NOT NULL,
    user_id    {id}             NOT NULL,
    family     text COLLATE "C" NOT NULL,
    epoch      bigint           NOT NULL,
    created_at timestamptz      NOT NULL,
    expires_at timestamptz,
    data       bytea,
    CONSTRAINT "{tokens name}_pkey" PRIMARY KEY (purpose, digest),
    CONSTRAINT "{tokens name}_user_id_fkey" FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
)

CREATE INDEX "{tokens name}_user_id_purpose_idx" ON {tokens} (user_id, purpose)

CREATE INDEX "{tokens name}_expires_at_idx" ON {tokens} (expires_at)
