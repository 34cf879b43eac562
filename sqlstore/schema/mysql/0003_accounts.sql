CREATE TABLE IF NOT EXISTS {accounts} (
    provider   varbinary(255)  NOT NULL,
    subject    varbinary(1024) NOT NULL,
    user_id    {id}            NOT NULL,
    email      varchar(1024)   NOT NULL,
    data       mediumblob,
    created_at datetime(6)     NOT NULL,
    updated_at datetime(6)     NOT NULL,
    revision   bigint          NOT NULL,
    PRIMARY KEY (provider, subject),
    INDEX `{accounts name}_user_id_idx` (user_id),
    CONSTRAINT `{accounts name}_user_id_fkey` FOREIGN KEY (user_id) REFERENCES {users} (id) ON DELETE CASCADE
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
