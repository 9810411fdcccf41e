import Glibc

/// Processes as /proc shows them, named by id and start time, so that a reused id is not taken for the old process.
struct ProcessTable {
    struct Entry: Sendable, Equatable {
        var pid: pid_t
        /// In clock ticks since boot.
        var startTime: UInt64
    }

    /// The process with this id, or nil when there is none or it has ended and waits to be reaped.
    static func entry(_ pid: pid_t) -> Entry? {
        guard let text = readFile("/proc/\(pid)/stat") else { return nil }
        return parse(text, pid)
    }

    /// Reads a line of /proc/PID/stat (proc(5)): the name in parentheses may hold anything, so look behind the last one.
    static func parse(_ text: String, _ pid: pid_t) -> Entry? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 19, fields[0] != "Z", fields[0] != "X", let start = UInt64(fields[19]) else { return nil }
        return Entry(pid: pid, startTime: start)
    }

    /// The processes that any thread of `pid` started and nobody has reaped.
    static func children(of pid: pid_t) -> [Entry] {
        namesInFolder("/proc/\(pid)/task").flatMap { thread in
            let text = readFile("/proc/\(pid)/task/\(thread)/children") ?? ""
            return text.split(whereSeparator: \.isWhitespace).compactMap { pid_t($0) }.compactMap(entry)
        }
    }

    /// Waits for processes that are not our children to end, and kills those that are still there after the limit.
    static func end(_ entries: [Entry], within limit: Duration) {
        let gone = { entries.allSatisfy { entry($0.pid) != $0 } }
        if Deadline(after: limit).poll(every: .milliseconds(2), { gone() ? true : nil }) != nil { return }
        for old in entries where entry(old.pid) == old { kill(old.pid, SIGKILL) }
        _ = Deadline(after: .seconds(10)).poll { gone() ? true : nil }
    }
}
