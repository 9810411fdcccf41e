import Messaging
import Telemetry

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Command {
    static let logs = Command(
        "logs", "Show what services have logged",
        examples: [
            Example("skald logs", "The last lines of every service, oldest first."),
            Example("skald logs kitchen --follow", "One service, and what comes, until Ctrl-C."),
            Example("skald logs --lines 1000 --json | grep TRACE", "As the services wrote it, one JSON object a line."),
        ],
        operands: Operands(label: "[SERVICE...]", about: "Services; all if left out.", count: 0...100),
        options: [
            .value("lines", "N", "How many lines of each service; 40 if left out."),
            .flag("follow", "Go on with what comes."), .json,
        ],
        exits: [.unavailable: "nothing ever ran here"]
    ) { arguments, console in
        let folder = LocalFolder.current()
        guard let state = try SystemState.read(folder) else {
            throw Failure(.unavailable, "nothing ever ran here", remedy: "Start it: skald up")
        }
        let known = state.services.map(\.name) + ["supervisor"]
        for name in arguments.operands where !known.contains(name) {
            throw Failure(.usage, "there is no log of `\(name)`", remedy: "One of \(known.joined(separator: ", ")).")
        }
        let lineCount = try arguments.count("lines") ?? 40
        let names = arguments.operands.isEmpty ? state.services.map(\.name) : arguments.operands
        var tails = names.map { LogTail(name: $0, path: folder.logPath(of: $0)) }
        let printer = LogPrinter(console, isRaw: arguments.has("json"))
        var first: [LogTail.Line] = []
        for index in tails.indices { first += tails[index].last(lineCount) }
        try printer.print(first.sorted { $0.time < $1.time })
        guard arguments.has("follow") else { return .success }
        let followed = tails
        _ = try await untilInterrupted {
            var tails = followed
            while true {
                for index in tails.indices { try printer.print(tails[index].fresh()) }
                try await Task.sleep(for: .milliseconds(200))
            }
        }
        return .success
    }
}

/// The end of one log, read on as it grows.
struct LogTail {
    struct Line {
        let service: String
        /// As it stands in the line; empty where there is none, which sorts first.
        let time: String
        let text: String
    }

    let name: String
    let path: String
    private var offset: Int = 0
    private var rest: [UInt8] = []

    /// More of a log than this is not looked at for its last lines.
    private static let byteCountMax = 4 << 20

    init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    /// The last lines there are.
    mutating func last(_ count: Int) -> [Line] {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return [] }
        offset = max(0, Int(facts.st_size) - Self.byteCountMax)
        return Array(fresh().suffix(count))
    }

    /// Passes over what is there.
    mutating func skip() {
        var facts = stat()
        offset = stat(path, &facts) == 0 ? Int(facts.st_size) : 0
        rest = []
    }

    /// The last of what has come since the last look, of whatever there is: whoever wrote it may have run for long.
    mutating func freshest(byteCountMax: Int = 64 << 10) -> [Line] {
        var facts = stat()
        guard stat(path, &facts) == 0, Int(facts.st_size) - offset > byteCountMax else { return fresh() }
        (offset, rest) = (Int(facts.st_size) - byteCountMax, [])
        // The first is the end of a line.
        return Array(fresh().dropFirst())
    }

    /// What has come since the last look; whole lines only.
    mutating func fresh() -> [Line] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var facts = stat()
        // A log that was begun anew is read from its beginning.
        if fstat(fileno(file), &facts) == 0, Int(facts.st_size) < offset { (offset, rest) = (0, []) }
        guard fseek(file, offset, SEEK_SET) == 0 else { return [] }
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            offset += count
            rest += chunk[..<count]
        }
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let whole = rest[..<end]
        rest = Array(rest[(end + 1)...])
        return whole.split(separator: UInt8(ascii: "\n")).map { line(String(decoding: $0, as: UTF8.self)) }
    }

    private func line(_ text: String) -> Line {
        let time = (try? JSON.decode(JSONValue.self, from: Array(text.utf8)))?["time"]?.text
        return Line(service: name, time: time ?? "", text: text)
    }
}

extension JSONValue {
    /// The text of a string.
    var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The number, where it is a whole one.
    var number: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }
}

extension Arguments {
    /// The value of an option that counts something.
    func count(_ option: String, in range: ClosedRange<Int> = 1...1_000_000_000) throws(Failure) -> Int? {
        guard let text = value(option) else { return nil }
        guard let number = Int(text.filter { $0 != "_" && $0 != "," }), range.contains(number) else {
            throw Failure(
                .usage, "`--\(option) \(text)` is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
