import Glibc

/// Processor time used so far, user and system together.
enum ProcessorTime {
    /// Of this whole process, all threads, also those that ended; finer than `getrusage(2)`.
    static func ofThisProcess() -> Duration {
        time(of: CLOCK_PROCESS_CPUTIME_ID) ?? .zero
    }

    /// Of another process, to the nanosecond, or nil once it has ended (`clock_getcpuclockid(3)`).
    static func ofProcess(_ identifier: pid_t) -> Duration? {
        var clock = clockid_t()
        guard clock_getcpuclockid(identifier, &clock) == 0 else { return nil }
        return time(of: clock)
    }

    /// Of the children of a process that have ended, in steps of the kernel's clock (`proc(5)`, `stat`, fields 16 and 17).
    static func ofReapedChildren(_ parent: pid_t) -> Duration {
        // The name in the second field may hold anything, also a space; it ends with the last parenthesis.
        let fields = ProcFile.read("/proc/\(parent)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 14, let user = Int(fields[13]), let system = Int(fields[14]) else { return .zero }
        return .seconds(Double(user + system) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Of each thread of this process; threads of one name are summed.
    static func byThreadName() -> [String: Duration] {
        var times: [String: Duration] = [:]
        for thread in ProcFile.threadIdentifiers() {
            let name = ProcFile.read("/proc/self/task/\(thread)/comm").prefix { $0 != "\n" }
            guard !name.isEmpty, let time = time(of: processorClock(ofThread: thread)) else { continue }
            times[String(name), default: .zero] += time
        }
        return times
    }

    /// The kernel's clock of a thread by its id: the inverted id shifted by 3, then "per thread" and "scheduler time".
    private static func processorClock(ofThread thread: pid_t) -> clockid_t {
        (~thread << 3) | 6
    }

    private static func time(of clock: clockid_t) -> Duration? {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return nil }
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}

extension Duration {
    /// The whole duration in seconds.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }

    var inMicroseconds: Double { inSeconds * 1e6 }
    var inMilliseconds: Double { inSeconds * 1e3 }
}
