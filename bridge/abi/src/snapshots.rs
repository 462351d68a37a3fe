//! Components made for a snapshot of WASI whose interfaces the release took over unchanged: what they
//! import is given the release's names. What a snapshot has beside them is provided under those
//! names too (crate `network`); where a function did change, linking says so.

use std::borrow::Cow;

use kt_bridge_compose::rename_imports;

struct Snapshot {
    version: &'static str,
    release: &'static str,
    /// Interfaces of which so much changed that they are provided under their own names.
    own: &'static [&'static str],
}
const SNAPSHOTS: [Snapshot; 3] = [
    Snapshot {
        version: "@0.2.0-rc-2023-10-18",
        release: "@0.2.0",
        own: &[
            "wasi:clocks/monotonic-clock",
            "wasi:clocks/timezone",
            "wasi:filesystem/types",
            "wasi:http/outgoing-handler",
            "wasi:http/types",
            "wasi:io/poll",
            "wasi:io/streams",
            "wasi:sockets/ip-name-lookup",
        ],
    },
    Snapshot { version: "@0.2.0-rc-2023-11-10", release: "@0.2.0", own: &[] },
    Snapshot { version: "@0.3.0-rc-2026-03-15", release: "@0.3.0", own: &[] },
];

/// The same component, importing the release. Bytes that are no component are left as they are.
pub fn as_released(component: &[u8]) -> Cow<'_, [u8]> {
    let released = |name: &str| {
        let of = |snapshot: &Snapshot| {
            let interface = name.strip_suffix(snapshot.version)?;
            let is_renamed = interface.starts_with("wasi:") && !snapshot.own.contains(&interface);
            is_renamed.then(|| format!("{interface}{}", snapshot.release))
        };
        SNAPSHOTS.iter().find_map(of)
    };
    rename_imports(component, released).unwrap_or(Cow::Borrowed(component))
}
