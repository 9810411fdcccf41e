import Glibc
import Telemetry

/// A small shell process that ends the servers when their owner is gone, even when the owner was killed.
///
/// It holds one end of a socket whose other end only the owner holds. When that closes, for whatever reason, it signals
/// every process it was told of, waits, kills what is left, and removes the throw-away folders. It knows processes by id
/// *and* start time, so a reused id is never hit. Where one of them ended without being asked to, the logs at the top of
/// the throw-away folders are kept. `PR_SET_PDEATHSIG` is not used: it fires when the starting *thread*
/// ends, and threads of the pool come and go.
final class Watchdog: Sendable {
    /// What the watchdog does to a process once the owner is gone.
    struct Farewell: Sendable, Hashable {
        var signal: Int32
        /// After this the process and its group are killed.
        var grace: Duration
        /// Whether it is ended once the others have: they need it until then.
        var isLast = false
    }

    private let line: Lock<Descriptor?>
    private let pid: pid_t
    private let folders = Lock<[String]>([])
    private static let hasKeptLogs: Int32 = 3

    init() throws {
        let channel = try Descriptor.pair()
        let launch = Launch(
            arguments: ["/bin/sh", "-c", Self.script, "skald-watchdog"],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"],
            folder: "/", input: .descriptor(channel.far.number))
        pid = try launch.spawn()
        line = Lock(channel.near)
        OpenWatchdogs.shared.add(self)
    }

    /// False when the watchdog is gone.
    func watch(_ pid: pid_t, _ farewell: Farewell) -> Bool {
        tell("watch \(pid) \(farewell.signal) \(farewell.grace.components.seconds) \(farewell.isLast ? 2 : 1)")
    }

    /// The process was ended by its owner.
    func forget(_ pid: pid_t) -> Bool { tell("forget \(pid)") }

    /// Removes `folder` with everything in it at the end.
    func remove(_ folder: String) -> Bool {
        folders.withLock { $0.append(folder) }
        return tell("remove \(folder)")
    }

    /// Takes `remove` back.
    func keep(_ folder: String) -> Bool { tell("keep \(folder)") }

    /// Lets the watchdog do its work now and waits for it.
    func end() {
        line.withLock { $0 = nil }
        var status: Int32 = 0
        // Somebody else may have waited for it already.
        let waited = Deadline(after: .seconds(60)).poll { () -> pid_t? in
            let result = waitpid(pid, &status, WNOHANG)
            return result == 0 || result < 0 && errno == EINTR ? nil : result
        }
        if waited == pid, status == Self.hasKeptLogs << 8 {
            for folder in folders.withLock({ $0 }) where access(folder, F_OK) == 0 {
                let message = "A server ended that nobody had stopped; its log is kept in \(folder)\n"
                _ = write(STDERR_FILENO, message, message.utf8.count)
            }
        }
        OpenWatchdogs.shared.drop(self)
    }

    private func tell(_ order: String) -> Bool {
        line.withLock { line in
            guard line != nil else { return false }
            return line!.send(order + "\n")
        }
    }

    /// Reads orders until the owner is gone, then cleans up. Times are in tenths of a second.
    private static let script = #"""
        trap '' HUP INT QUIT TERM PIPE
        watched='' folders='' lost='' newline='
        '
        # Sets `start` to the start time of process $1; fails when it has ended.
        look() {
            { read -r stat < "/proc/$1/stat"; } 2>/dev/null || return 1
            set -- ${stat##*) }
            case $1 in Z | X) return 1 ;; esac
            shift 19
            start=$1
        }
        same() { look "$1" && [ "$start" = "$2" ]; }
        while read -r order rest; do
            case $order in
            watch)
                set -- $rest
                # One that has ended already is noticed at the end.
                look "$1" || start=0
                watched="$1:$start:$2:$3:$4 $watched" ;;
            forget)
                others=''
                for entry in $watched; do
                    [ "${entry%%:*}" = "$rest" ] || others="$others$entry "
                done
                watched=$others ;;
            remove) folders="$folders$rest$newline" ;;
            keep)
                kept=''
                while read -r folder; do
                    [ -z "$folder" ] || [ "$folder" = "$rest" ] || kept="$kept$folder$newline"
                done <<END
        $folders
        END
                folders=$kept ;;
            esac
        done
        for turn in 1 2; do
            for entry in $watched; do
                IFS=: read -r process began signal grace own <<END
        $entry
        END
                [ "$own" = "$turn" ] || continue
                if ! same "$process" "$began"; then
                    lost=yes
                    continue
                fi
                kill -"$signal" "$process" 2>/dev/null
            done
            tenths=0
            for entry in $watched; do
                IFS=: read -r process began signal grace own <<END
        $entry
        END
                [ "$own" = "$turn" ] || continue
                while same "$process" "$began"; do
                    [ "$tenths" -lt $((grace * 10)) ] || { kill -KILL "-$process" "$process" 2>/dev/null; break; }
                    sleep 0.1
                    tenths=$((tenths + 1))
                done
            done
        done
        while read -r folder; do
            if [ -n "$lost" ] && [ -n "$folder" ] && [ -e "$folder" ]; then
                find "$folder" -mindepth 1 -maxdepth 1 ! -name '*.log' -exec rm -rf -- {} +
                rmdir "$folder" 2>/dev/null
                continue
            fi
            # Again, because something that was just being started may still write there.
            for attempt in 1 2 3 4 5 6 7 8 9 10; do
                [ -n "$folder" ] && [ -e "$folder" ] || break
                rm -rf -- "$folder" 2>/dev/null || sleep 0.2
            done
        done <<END
        $folders
        END
        [ -z "$lost" ] || exit 3
        """#
}

/// The watchdogs of this process, ended in order when it exits, so that nothing outlives `swift test`.
final class OpenWatchdogs: Sendable {
    static let shared = OpenWatchdogs()

    private let open = Lock<[ObjectIdentifier: Watchdog]>([:])

    private init() {
        atexit { OpenWatchdogs.shared.endAll() }
    }

    func add(_ watchdog: Watchdog) { open.withLock { $0[ObjectIdentifier(watchdog)] = watchdog } }

    func drop(_ watchdog: Watchdog) { open.withLock { $0[ObjectIdentifier(watchdog)] = nil } }

    private func endAll() {
        for watchdog in open.withLock({ Array($0.values) }) { watchdog.end() }
    }
}
