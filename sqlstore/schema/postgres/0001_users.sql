-- In braces: uuid, or text COLLATE "C" where Config.IDs is core.TextIDs.
CREATE TABLE users (
    id              {id}             NOT NULL,
    email           text             NOT NULL,
    email_key       text COLLATE "C" NOT NULL,
    hashed_password text             NOT NULL,
    is_active       boolean          NOT NULL,
    is_superuser    boolean          NOT NULL,
    is_verified     boolean          NOT NULL,
    session_epoch   bigint           NOT NULL,
    revision        bigint           NOT NULL,
    created_at      timestamptz      NOT NULL,
    updated_at      timestamptz      NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key_key UNIQUE (email_key)
)
