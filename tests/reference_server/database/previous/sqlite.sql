CREATE TABLE conversation (
    id CHAR(32) NOT NULL,
    name VARCHAR,
    visibility VARCHAR NOT NULL,
    last_stamp DATETIME NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE membership (
    conversation_id CHAR(32) NOT NULL,
    user_id CHAR(32) NOT NULL,
    role VARCHAR NOT NULL,
    PRIMARY KEY (conversation_id, user_id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);
CREATE INDEX ix_membership_user_id ON membership (user_id);
CREATE TABLE message (
    id CHAR(32) NOT NULL,
    conversation_id CHAR(32) NOT NULL,
    sender_id CHAR(32) NOT NULL,
    content VARCHAR NOT NULL,
    folded VARCHAR NOT NULL,
    parent_id CHAR(32),
    attachments JSON NOT NULL,
    created_at DATETIME NOT NULL,
    changed_at DATETIME NOT NULL,
    edited_at DATETIME,
    deleted_at DATETIME,
    PRIMARY KEY (id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);
CREATE INDEX ix_message_history ON message (conversation_id, created_at);
CREATE INDEX ix_message_sync ON message (conversation_id, changed_at);
CREATE TABLE readmark (
    conversation_id CHAR(32) NOT NULL,
    user_id CHAR(32) NOT NULL,
    read_until DATETIME NOT NULL,
    PRIMARY KEY (conversation_id, user_id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);
CREATE TABLE delivery (
    message_id CHAR(32) NOT NULL,
    user_id CHAR(32) NOT NULL,
    PRIMARY KEY (message_id, user_id),
    FOREIGN KEY(message_id) REFERENCES message (id)
);
CREATE TABLE reaction (
    message_id CHAR(32) NOT NULL,
    user_id CHAR(32) NOT NULL,
    emoji VARCHAR NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (message_id, user_id, emoji),
    FOREIGN KEY(message_id) REFERENCES message (id)
);
