//! What a dependency may inherit, set by set, and the names under which the rest is refused.

/// The sets that a dependency shares with its parent.
pub enum Inherits<'a> {
    All,
    /// By name; an unknown one grants nothing.
    Sets(Vec<&'a str>),
}

struct Set {
    name: &'static str,
    /// Without version: every version reaches the same thing.
    interfaces: &'static [&'static str],
}

/// What is in no set is never refused: standard output, clocks, random numbers, streams.
const SETS: [Set; 7] = [
    Set { name: "ai_models", interfaces: &["fermyon:spin/llm"] },
    Set {
        name: "allowed_outbound_hosts",
        interfaces: &[
            "fermyon:spin/http",
            "fermyon:spin/mqtt",
            "fermyon:spin/mysql",
            "fermyon:spin/postgres",
            "fermyon:spin/redis",
            "spin:mqtt/mqtt",
            "spin:mysql/mysql",
            "spin:postgres/postgres",
            "spin:redis/redis",
            "wasi:http/client",
            "wasi:http/outgoing-handler",
            "wasi:sockets/ip-name-lookup",
            "wasi:sockets/tcp",
            "wasi:sockets/tcp-create-socket",
            // Since WASI 0.3 the sockets themselves.
            "wasi:sockets/types",
            "wasi:sockets/udp",
            "wasi:sockets/udp-create-socket",
        ],
    },
    Set { name: "environment", interfaces: &["wasi:cli/environment"] },
    // Files are reached from a preopened directory only.
    Set { name: "files", interfaces: &["wasi:filesystem/preopens"] },
    Set {
        name: "key_value_stores",
        interfaces: &[
            "fermyon:spin/key-value",
            "spin:key-value/key-value",
            "wasi:keyvalue/atomics",
            "wasi:keyvalue/batch",
            "wasi:keyvalue/store",
        ],
    },
    Set { name: "sqlite_databases", interfaces: &["fermyon:spin/sqlite", "spin:sqlite/sqlite"] },
    Set {
        name: "variables",
        interfaces: &[
            "fermyon:spin/config",
            "fermyon:spin/variables",
            "spin:variables/variables",
            "wasi:config/store",
        ],
    },
];

const REFUSED: &str = "refused-";

fn without_version(import: &str) -> &str {
    import.split_once('@').map_or(import, |(name, _)| name)
}

impl Inherits<'_> {
    /// Whether a dependency may not have what it imports.
    pub fn refuses(&self, import: &str) -> bool {
        let Inherits::Sets(shared) = self else { return false };
        let interface = without_version(import);
        SETS.iter().any(|set| set.interfaces.contains(&interface) && !shared.contains(&set.name))
    }
}

/// The same interface in a namespace of its own.
pub fn refused_name(import: &str) -> String {
    format!("{REFUSED}{import}")
}

/// Whether an import is one that is to be refused.
pub fn is_refused_name(import: &str) -> bool {
    import.starts_with(REFUSED) && import.contains(':')
}

/// For messages: the interface that a refused name stands for, without its version.
pub fn asked_name(refused: &str) -> &str {
    without_version(refused.strip_prefix(REFUSED).unwrap_or(refused))
}
