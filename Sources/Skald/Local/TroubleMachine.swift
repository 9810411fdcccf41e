import Telemetry

/// How a service ended by itself.
struct ServiceEnd: Sendable, Hashable {
    /// The exit status that says so: `EX_CONFIG` of BSD's `sysexits.h`.
    static let configurationStatus: Int32 = 78

    /// In words, such as `ended with exit status 1`.
    let how: String
    /// Whether it says that its configuration cannot work, which no restart changes.
    let isConfiguration: Bool
    /// What it said at the end, as people read it; empty if nothing.
    let lastWords: String

    /// It never ran, for this reason.
    static func failedStart(_ why: String) -> ServiceEnd {
        ServiceEnd(how: "could not start", isConfiguration: false, lastWords: why)
    }
}

/// Tells which ends of one service people should hear of.
///
/// Each at which it says that its configuration cannot work, and others once they repeat before it ever took messages. None
/// twice in a row.
struct TroubleMachine: Sendable {
    static let sameEndCount = 3

    private var last: ServiceEnd?
    private var sameCount = 0
    private var told: ServiceEnd?

    /// The service ended.
    ///
    /// - Parameter hasWorked: whether it took messages before.
    /// - Returns: whether to tell.
    mutating func ended(_ end: ServiceEnd, hasWorked: Bool) -> Bool {
        if hasWorked { self = TroubleMachine() }
        sameCount = last?.how == end.how ? sameCount + 1 : 1
        last = end
        guard end.isConfiguration || (!hasWorked && sameCount >= Self.sameEndCount), isNews(end) else { return false }
        told = end
        return true
    }

    /// What a crash says last may differ each time; what is wrong with a configuration differs once somebody changed it.
    private func isNews(_ end: ServiceEnd) -> Bool {
        guard let told, told.how == end.how else { return true }
        return end.isConfiguration && told.lastWords != end.lastWords
    }
}

extension ServiceEnd {
    func trouble(of service: String) -> SystemState.Trouble {
        SystemState.Trouble(
            words: "\(service) \(how)" + (lastWords.isEmpty ? " and said nothing" : ": \(lastWords)"),
            isConfiguration: isConfiguration)
    }
}

extension LogTail {
    /// More than this of what a program says at its end is left to its log.
    private static let wordLineCountMax = 4

    /// What a program said last, as people read it: what it wrote besides its log when it ended, or the last line of that.
    static func lastWords(of lines: [Line], by name: String) -> String {
        let plain = lines.reversed().prefix { LogRecord(json: $0.text) == nil }.reversed().map(\.text)
        if plain.isEmpty { return lines.last.flatMap { LogRecord(json: $0.text) }?.words ?? "" }
        let words = plain.prefix(wordLineCountMax).joined(separator: "\n")
        return words.hasPrefix(name + ": ") ? String(words.dropFirst(name.count + 2)) : words
    }
}

extension LogRecord {
    /// The message, and what error was met.
    fileprivate var words: String {
        guard case .string(let error)? = fields[LogFieldName.error] else { return message }
        return "\(message): \(error)"
    }
}
