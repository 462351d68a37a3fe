-- Every record once: the key is the record's name in the world.
CREATE TABLE IF NOT EXISTS events (
    idempotency_key text PRIMARY KEY,
    partition_key text NOT NULL,
    arrived_millis bigint NOT NULL,
    payload json NOT NULL
);

-- The greatest fencing token that wrote from a shard.
CREATE TABLE IF NOT EXISTS shard_owners (
    shard text PRIMARY KEY,
    token bigint NOT NULL
);
