-- Times are in UTC, whatever the zone of the session.
CREATE TABLE IF NOT EXISTS {users} (
    id              {new id},
    email           varchar(1024)   NOT NULL,
    email_key       varbinary(1024) NOT NULL,
    hashed_password varchar(1024)   NOT NULL,
    is_active       boolean         NOT NULL,
    is_superuser    boolean         NOT NULL,
    is_verified     boolean         NOT NULL,
    session_epoch   bigint          NOT NULL,
    revision        bigint          NOT NULL,
    created_at      datetime(6)     NOT NULL,
    updated_at      datetime(6)     NOT NULL,
    CONSTRAINT `{users name}_email_key_key` UNIQUE (email_key)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
