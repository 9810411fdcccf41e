/// How much a log line matters, from the least to the most.
package enum LogLevel: UInt8, Comparable, Sendable, CaseIterable {
    case trace, debug, info, warning, error

    package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// The name as it stands in a line and in `LOG_LEVEL`.
    package var name: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// Reads a name in any case.
    package init?(name: String) {
        let wanted = name.lowercased()
        guard let level = LogLevel.allCases.first(where: { $0.name == wanted }) else { return nil }
        self = level
    }
}
