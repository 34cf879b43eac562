CREATE TABLE IF NOT EXISTS {tokens} (
    purpose    varbinary(255) NOT NULL,
    digest     varbinary(255) NOT NULL,
    user_id    {id}           NOT NULL,
    family     varbinary(255) NOT NULL,
    epoch      bigint         NOT NULL,
    created_at datetime(6)    NOT NULL,
    expires_at datetime(6),
    data       blob,
    PRIMARY KEY (purpose, digest),
    INDEX `{tokens name}_user_id_purpose_idx` (user_id, purpose),
    INDEX `{tokens name}_expires_at_idx` (expires_at),
    CONSTRAINT `{tokens name}_user_id_fkey` FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
