SET LOCAL TIME ZONE 'UTC';
CREATE TABLE conversation (
    id UUID NOT NULL,
    name VARCHAR,
    visibility VARCHAR NOT NULL,
    last_stamp TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE membership (
    conversation_id UUID NOT NULL,
    user_id UUID NOT NULL,
    role VARCHAR NOT NULL,
    PRIMARY KEY (conversation_id, user_id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);
CREATE INDEX ix_membership_user_id ON membership (user_id);
CREATE TABLE message (
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    sender_id UUID NOT NULL,
    content VARCHAR NOT NULL,
    folded VARCHAR NOT NULL,
    parent_id UUID,
    attachments JSON NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    edited_at TIMESTAMP WITH TIME ZONE,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);
CREATE INDEX ix_message_history ON message (conversation_id, created_at);
CREATE INDEX ix_message_sync ON message (conversation_id, changed_at);
CREATE TABLE readmark (
    conversation_id UUID NOT NULL,
    user_id UUID NOT NULL,
    read_until TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (conversation_id, user_id),
    FOREIGN KEY(conversation_id) REFERENCES conversation (id)
);
CREATE TABLE delivery (
    message_id UUID NOT NULL,
    user_id UUID NOT NULL,
    PRIMARY KEY (message_id, user_id),
    FOREIGN KEY(message_id) REFERENCES message (id)
);
CREATE TABLE reaction (
    message_id UUID NOT NULL,
    user_id UUID NOT NULL,
    emoji VARCHAR NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (message_id, user_id, emoji),
    FOREIGN KEY(message_id) REFERENCES message (id)
);
