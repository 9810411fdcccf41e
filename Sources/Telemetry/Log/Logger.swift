#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Tells what a program does, one line at a time.
///
/// A value: `with(_:)` makes another that adds its fields to every line. The message is a fixed text, what varies goes
/// into fields, so that lines can be counted and searched. Ids of the current trace are added by themselves.
package struct Logger: Sendable {
    package var level: LogLevel
    package let format: LogFormat
    private let sink: any LogSink
    private let now: @Sendable () -> Int64
    private var fields: LogFields

    /// - Parameters:
    ///   - fields: what every line carries, such as `service` and `version`.
    ///   - now: the wall clock, in milliseconds since 1970.
    package init(
        level: LogLevel = .info, format: LogFormat = .json, sink: any LogSink, fields: LogFields = [:],
        now: @escaping @Sendable () -> Int64 = { Logger.wallClockMilliseconds() }
    ) {
        self.level = level
        self.format = format
        self.sink = sink
        self.fields = fields
        self.now = now
    }

    /// A logger that writes nothing.
    package static let silent = Logger(level: .error, sink: SilentLogSink())

    package func with(_ added: LogFields) -> Logger {
        var copy = self
        copy.fields = fields.merging(added)
        return copy
    }

    package func log(
        _ level: LogLevel, _ message: @autoclosure () -> String, _ added: @autoclosure () -> LogFields = [:]
    ) {
        guard level >= self.level else { return }
        var all = fields
        if let trace = TraceContext.current {
            all[LogFieldName.traceID] = .string(trace.traceID.description)
            all[LogFieldName.spanID] = .string(trace.spanID.description)
        }
        all = all.merging(added())
        let record = LogRecord(milliseconds: now(), level: level, message: message(), fields: all)
        sink.write(format.line(record))
    }

    /// The system's wall clock, in milliseconds since 1970.
    package static func wallClockMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension Logger {
    package func trace(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.trace, message(), fields())
    }

    package func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, message(), fields())
    }

    package func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, message(), fields())
    }

    package func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, message(), fields())
    }

    package func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, message(), fields())
    }
}

extension LogFields {
    /// The fields that tell of an error, its type and its description, which by our rule is safe to show, and others.
    package static func failure(_ error: any Error, _ others: LogFields = [:]) -> LogFields {
        others.merging([
            LogFieldName.errorType: .string(String(describing: type(of: error))),
            LogFieldName.error: .string(String(describing: error)),
        ])
    }
}

private struct SilentLogSink: LogSink {
    func write(_ line: [UInt8]) {}
}
