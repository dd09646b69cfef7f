//! The functions that a guest's text may call by their short names, and the interfaces that they belong to.

/// A function that a guest may import: its short name, the module and name it is imported under, and its type.
pub struct Import {
    /// What the guest's text calls it.
    pub name: &'static str,
    module: &'static str,
    field: &'static str,
    /// Its type, as text.
    pub signature: &'static str,
}

impl Import {
    /// The import as module text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("(import \"{}\" \"{}\" (func {} {}))\n", self.module, self.field, self.name, self.signature)
    }
}

macro_rules! imports {
    ($($module:literal { $($name:literal $field:literal $signature:literal;)+ })+) => {
        /// All of them.
        pub const IMPORTS: &[Import] =
            &[$($(Import { name: $name, module: $module, field: $field, signature: $signature },)+)+];
    };
}

imports! {
    "trialbox:trial/report@0.1.0" {
        "$report" "report" "(param i32 i32)";
    }
    "trialbox:trial/data@0.1.0" {
        "$data_names" "names" "(param i32)";
        "$data_size" "size" "(param i32 i32 i32)";
        "$data_read" "read" "(param i32 i32 i64 i32 i32)";
    }
    "trialbox:trial/artifact@0.1.0" {
        "$artifact_append" "append" "(param i32 i32 i32 i32)";
        "$artifact_clear" "clear" "(param i32 i32)";
    }
    "trialbox:trial/log@0.1.0" {
        "$log" "write" "(param i32 i32)";
    }
    "wasi:clocks/monotonic-clock@0.2.3" {
        "$monotonic_now" "now" "(result i64)";
        "$monotonic_resolution" "resolution" "(result i64)";
        "$subscribe_instant" "subscribe-instant" "(param i64) (result i32)";
        "$subscribe_duration" "subscribe-duration" "(param i64) (result i32)";
    }
    "wasi:clocks/wall-clock@0.2.3" {
        "$wall_now" "now" "(param i32)";
    }
    "wasi:random/random@0.2.3" {
        "$random_bytes" "get-random-bytes" "(param i64 i32)";
        "$random_u64" "get-random-u64" "(result i64)";
    }
    "wasi:random/insecure@0.2.3" {
        "$insecure_bytes" "get-insecure-random-bytes" "(param i64 i32)";
        "$insecure_u64" "get-insecure-random-u64" "(result i64)";
    }
    "wasi:random/insecure-seed@0.2.3" {
        "$insecure_seed" "insecure-seed" "(param i32)";
    }
    "wasi:io/poll@0.2.3" {
        "$pollable_ready" "[method]pollable.ready" "(param i32) (result i32)";
        "$pollable_block" "[method]pollable.block" "(param i32)";
        "$pollable_drop" "[resource-drop]pollable" "(param i32)";
        "$poll" "poll" "(param i32 i32 i32)";
    }
    "wasi:io/streams@0.2.3" {
        "$stream_check_write" "[method]output-stream.check-write" "(param i32 i32)";
        "$stream_write" "[method]output-stream.write" "(param i32 i32 i32 i32)";
        "$stream_write_and_flush" "[method]output-stream.blocking-write-and-flush" "(param i32 i32 i32 i32)";
        "$stream_write_zeroes" "[method]output-stream.write-zeroes" "(param i32 i64 i32)";
        "$stream_splice" "[method]output-stream.splice" "(param i32 i32 i64 i32)";
        "$stream_flush" "[method]output-stream.blocking-flush" "(param i32 i32)";
        "$stream_write_zeroes_and_flush" "[method]output-stream.blocking-write-zeroes-and-flush" "(param i32 i64 i32)";
        "$stream_blocking_splice" "[method]output-stream.blocking-splice" "(param i32 i32 i64 i32)";
        "$stream_subscribe" "[method]output-stream.subscribe" "(param i32) (result i32)";
        "$stream_drop" "[resource-drop]output-stream" "(param i32)";
        "$input_drop" "[resource-drop]input-stream" "(param i32)";
        "$stream_read" "[method]input-stream.read" "(param i32 i64 i32)";
        "$stream_blocking_read" "[method]input-stream.blocking-read" "(param i32 i64 i32)";
    }
    "wasi:cli/stdin@0.2.3" {
        "$stdin" "get-stdin" "(result i32)";
    }
    "wasi:cli/stdout@0.2.3" {
        "$stdout" "get-stdout" "(result i32)";
    }
    "wasi:cli/stderr@0.2.3" {
        "$stderr" "get-stderr" "(result i32)";
    }
    "wasi:cli/environment@0.2.3" {
        "$environment" "get-environment" "(param i32)";
        "$arguments" "get-arguments" "(param i32)";
    }
    "wasi:cli/exit@0.2.3" {
        "$exit" "exit" "(param i32)";
    }
    "wasi:filesystem/preopens@0.2.3" {
        "$directories" "get-directories" "(param i32)";
    }
    "wasi:filesystem/types@0.2.3" {
        "$open_at" "[method]descriptor.open-at" "(param i32 i32 i32 i32 i32 i32 i32)";
        "$file_read" "[method]descriptor.read" "(param i32 i64 i64 i32)";
        "$file_write" "[method]descriptor.write" "(param i32 i32 i32 i64 i32)";
        "$file_input" "[method]descriptor.read-via-stream" "(param i32 i64 i32)";
        "$file_output" "[method]descriptor.write-via-stream" "(param i32 i64 i32)";
        "$file_appending" "[method]descriptor.append-via-stream" "(param i32 i32)";
        "$set_size" "[method]descriptor.set-size" "(param i32 i64 i32)";
        "$file_stat" "[method]descriptor.stat" "(param i32 i32)";
        "$stat_at" "[method]descriptor.stat-at" "(param i32 i32 i32 i32 i32)";
        "$read_directory" "[method]descriptor.read-directory" "(param i32 i32)";
        "$next_entry" "[method]directory-entry-stream.read-directory-entry" "(param i32 i32)";
        "$create_directory_at" "[method]descriptor.create-directory-at" "(param i32 i32 i32 i32)";
        "$remove_directory_at" "[method]descriptor.remove-directory-at" "(param i32 i32 i32 i32)";
        "$unlink_at" "[method]descriptor.unlink-file-at" "(param i32 i32 i32 i32)";
        "$rename_at" "[method]descriptor.rename-at" "(param i32 i32 i32 i32 i32 i32 i32)";
        "$symlink_at" "[method]descriptor.symlink-at" "(param i32 i32 i32 i32 i32 i32)";
        "$readlink_at" "[method]descriptor.readlink-at" "(param i32 i32 i32 i32)";
        "$same_file" "[method]descriptor.is-same-object" "(param i32 i32) (result i32)";
        "$descriptor_drop" "[resource-drop]descriptor" "(param i32)";
    }
    "wasi:sockets/instance-network@0.2.3" {
        "$network" "instance-network" "(result i32)";
    }
    "wasi:sockets/tcp-create-socket@0.2.3" {
        "$tcp_socket" "create-tcp-socket" "(param i32 i32)";
    }
    "wasi:sockets/ip-name-lookup@0.2.3" {
        "$resolve" "resolve-addresses" "(param i32 i32 i32 i32)";
    }
    "wasi:http/outgoing-handler@0.2.3" {
        "$http_wait" "wait" "(param i32)";
    }
}

/// The world of searchers, with an import that is a trial's.
pub const SEARCHER_WORLD: &str = "
package trialbox:guest;

world guest {
    include trialbox:trial/searcher@0.1.0;
    import trialbox:trial/report@0.1.0;
}
";

/// The world of these guests: a trial's, and as much of WASI 0.2 as stands in [`IMPORTS`].
pub const WORLD: &str = r#"
package trialbox:guest;

world guest {
    include trialbox:trial/trial@0.1.0;
    import wasi:clocks/monotonic-clock@0.2.3;
    import wasi:clocks/wall-clock@0.2.3;
    import wasi:random/random@0.2.3;
    import wasi:random/insecure@0.2.3;
    import wasi:random/insecure-seed@0.2.3;
    import wasi:io/poll@0.2.3;
    import wasi:io/streams@0.2.3;
    import wasi:cli/stdin@0.2.3;
    import wasi:cli/stdout@0.2.3;
    import wasi:cli/stderr@0.2.3;
    import wasi:cli/environment@0.2.3;
    import wasi:cli/exit@0.2.3;
    import wasi:filesystem/types@0.2.3;
    import wasi:filesystem/preopens@0.2.3;
    import wasi:sockets/instance-network@0.2.3;
    import wasi:sockets/tcp-create-socket@0.2.3;
    import wasi:sockets/ip-name-lookup@0.2.3;
    import wasi:http/outgoing-handler@0.2.3;
}

package wasi:io@0.2.3 {
    interface error {
        resource error;
    }
    interface poll {
        resource pollable {
            ready: func() -> bool;
            block: func();
        }
        poll: func(in: list<borrow<pollable>>) -> list<u32>;
    }
    interface streams {
        use error.{error};
        use poll.{pollable};
        variant stream-error { last-operation-failed(error), closed }
        resource input-stream {
            read: func(len: u64) -> result<list<u8>, stream-error>;
            blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
        }
        resource output-stream {
            check-write: func() -> result<u64, stream-error>;
            write: func(contents: list<u8>) -> result<_, stream-error>;
            blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
            write-zeroes: func(len: u64) -> result<_, stream-error>;
            splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
            blocking-flush: func() -> result<_, stream-error>;
            blocking-write-zeroes-and-flush: func(len: u64) -> result<_, stream-error>;
            blocking-splice: func(src: borrow<input-stream>, len: u64) -> result<u64, stream-error>;
            subscribe: func() -> pollable;
        }
    }
}

package wasi:clocks@0.2.3 {
    interface monotonic-clock {
        use wasi:io/poll@0.2.3.{pollable};
        now: func() -> u64;
        resolution: func() -> u64;
        subscribe-instant: func(when: u64) -> pollable;
        subscribe-duration: func(when: u64) -> pollable;
    }
    interface wall-clock {
        record datetime { seconds: u64, nanoseconds: u32 }
        now: func() -> datetime;
    }
}

package wasi:random@0.2.3 {
    interface random {
        get-random-bytes: func(len: u64) -> list<u8>;
        get-random-u64: func() -> u64;
    }
    interface insecure {
        get-insecure-random-bytes: func(len: u64) -> list<u8>;
        get-insecure-random-u64: func() -> u64;
    }
    interface insecure-seed {
        insecure-seed: func() -> tuple<u64, u64>;
    }
}

package wasi:cli@0.2.3 {
    interface stdin {
        use wasi:io/streams@0.2.3.{input-stream};
        get-stdin: func() -> input-stream;
    }
    interface stdout {
        use wasi:io/streams@0.2.3.{output-stream};
        get-stdout: func() -> output-stream;
    }
    interface stderr {
        use wasi:io/streams@0.2.3.{output-stream};
        get-stderr: func() -> output-stream;
    }
    interface environment {
        get-environment: func() -> list<tuple<string, string>>;
        get-arguments: func() -> list<string>;
    }
    interface exit {
        exit: func(status: result);
    }
    interface run {
        run: func() -> result;
    }
}

package wasi:filesystem@0.2.3 {
    interface types {
        use wasi:io/streams@0.2.3.{input-stream, output-stream};
        use wasi:clocks/wall-clock@0.2.3.{datetime};
        enum descriptor-type {
            unknown, block-device, character-device, directory, fifo, symbolic-link, regular-file, socket,
        }
        flags descriptor-flags {
            read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory,
        }
        flags path-flags { symlink-follow }
        flags open-flags { create, directory, exclusive, truncate }
        record descriptor-stat {
            %type: descriptor-type,
            link-count: u64,
            size: u64,
            data-access-timestamp: option<datetime>,
            data-modification-timestamp: option<datetime>,
            status-change-timestamp: option<datetime>,
        }
        record directory-entry { %type: descriptor-type, name: string }
        enum error-code {
            access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large,
            illegal-byte-sequence, in-progress, interrupted, invalid, io, is-directory, loop, too-many-links,
            message-size, name-too-long, no-device, no-entry, no-lock, insufficient-memory, insufficient-space,
            not-directory, not-empty, not-recoverable, unsupported, no-tty, no-such-device, overflow, not-permitted,
            pipe, read-only, invalid-seek, text-file-busy, cross-device,
        }
        resource descriptor {
            open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
                -> result<descriptor, error-code>;
            read: func(length: u64, offset: u64) -> result<tuple<list<u8>, bool>, error-code>;
            write: func(buffer: list<u8>, offset: u64) -> result<u64, error-code>;
            read-via-stream: func(offset: u64) -> result<input-stream, error-code>;
            write-via-stream: func(offset: u64) -> result<output-stream, error-code>;
            append-via-stream: func() -> result<output-stream, error-code>;
            set-size: func(size: u64) -> result<_, error-code>;
            stat: func() -> result<descriptor-stat, error-code>;
            stat-at: func(path-flags: path-flags, path: string) -> result<descriptor-stat, error-code>;
            read-directory: func() -> result<directory-entry-stream, error-code>;
            create-directory-at: func(path: string) -> result<_, error-code>;
            remove-directory-at: func(path: string) -> result<_, error-code>;
            unlink-file-at: func(path: string) -> result<_, error-code>;
            rename-at: func(old-path: string, new-descriptor: borrow<descriptor>, new-path: string)
                -> result<_, error-code>;
            symlink-at: func(old-path: string, new-path: string) -> result<_, error-code>;
            readlink-at: func(path: string) -> result<string, error-code>;
            is-same-object: func(other: borrow<descriptor>) -> bool;
        }
        resource directory-entry-stream {
            read-directory-entry: func() -> result<option<directory-entry>, error-code>;
        }
    }
    interface preopens {
        use types.{descriptor};
        get-directories: func() -> list<tuple<descriptor, string>>;
    }
}

package wasi:sockets@0.2.3 {
    interface network {
        resource network;
        enum error-code {
            unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout, concurrency-conflict,
            not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable, address-in-use,
            remote-unreachable, connection-refused, connection-reset, connection-aborted, datagram-too-large,
            name-unresolvable, temporary-resolver-failure, permanent-resolver-failure,
        }
        enum ip-address-family { ipv4, ipv6 }
    }
    interface instance-network {
        use network.{network};
        instance-network: func() -> network;
    }
    interface tcp {
        resource tcp-socket;
    }
    interface tcp-create-socket {
        use network.{error-code, ip-address-family};
        use tcp.{tcp-socket};
        create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
    }
    interface ip-name-lookup {
        use network.{network, error-code};
        resource resolve-address-stream;
        resolve-addresses: func(network: borrow<network>, name: string) -> result<resolve-address-stream, error-code>;
    }
}

package wasi:http@0.2.3 {
    interface outgoing-handler {
        use wasi:io/poll@0.2.3.{pollable};
        use wasi:io/streams@0.2.3.{input-stream, output-stream};
        wait: func(what: borrow<pollable>);
    }
}
"#;
