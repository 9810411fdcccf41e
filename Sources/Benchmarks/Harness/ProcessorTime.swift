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
