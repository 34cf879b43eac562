CREATE TABLE {accounts} (
    provider   text COLLATE "C" NOT NULL,
    subject    text COLLATE "C" NOT NULL,
    user_id    {id}             NOT NULL,
    email      text             NOT NULL,
    data       bytea,
    created_at timestamptz      NOT NULL,
    updated_at timestamptz      NOT NULL,
    revision   bigint           NOT NULL,
    CONSTRAINT "{accounts name}_pkey" PRIMARY KEY (provider, subject),
    CONSTRAINT "{accounts name}_user_id_fkey" FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
)

CREATE INDEX "{accounts name}_user_id_idx" ON {accounts} (user_id)
