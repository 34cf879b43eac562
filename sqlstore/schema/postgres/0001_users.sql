CREATE TABLE {users} (
    id              {new id},
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
    CONSTRAINT "{users name}_email_key_key" UNIQUE (email_key)
)
