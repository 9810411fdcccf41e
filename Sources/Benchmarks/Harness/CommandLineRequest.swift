/// What the arguments ask for.
enum CommandLineRequest {
    case list
    case help(Benchmark?)
    case run([Benchmark], RunSettings, isJSON: Bool)

    /// Reads the arguments after the program's name.
    ///
    /// - Throws: `UsageError` that names the argument and what would be right.
    init(_ arguments: [String], catalogue: [Benchmark]) throws(UsageError) {
        guard let first = arguments.first else {
            self = .list
            return
        }
        if first == "--help" || first == "-h" {
            self = .help(nil)
            return
        }
        let chosen = try Self.chosen(first, catalogue)
        var rest = OptionReader(arguments.dropFirst(), numbers: chosen.flatMap(\.options))
        self = try rest.asksForHelp ? .help(chosen.count == 1 ? chosen.first : nil) : rest.request(for: chosen)
    }

    private static func chosen(_ word: String, _ catalogue: [Benchmark]) throws(UsageError) -> [Benchmark] {
        if word == "all" { return catalogue }
        guard let benchmark = catalogue.first(where: { $0.name == word }) else {
            let names = catalogue.map(\.name).joined(separator: ", ")
            throw UsageError("there is no benchmark '\(word)'; there are: \(names), all")
        }
        return [benchmark]
    }
}

/// Arguments that cannot be understood.
struct UsageError: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
}

/// Reads the options after the benchmark's name.
private struct OptionReader {
    private var rest: ArraySlice<String>
    private let numbers: [NumberOption]

    init(_ rest: ArraySlice<String>, numbers: [NumberOption]) {
        self.rest = rest
        self.numbers = numbers
    }

    var asksForHelp: Bool { rest.contains("--help") || rest.contains("-h") }

    mutating func request(for benchmarks: [Benchmark]) throws(UsageError) -> CommandLineRequest {
        var settings = RunSettings()
        settings.numbers = Dictionary(numbers.map { ($0.name, $0.standard) }) { first, _ in first }
        var isJSON = false
        var roundCount: Int?
        while let option = rest.popFirst() {
            switch option {
            case "--json": isJSON = true
            case "--quick": settings.isQuick = true
            case "--runs": roundCount = try number(after: option)
            case "--only":
                guard let name = rest.popFirst() else { throw UsageError("--only needs a name after it") }
                settings.only = name
            default:
                guard option.hasPrefix("--"), settings.numbers[String(option.dropFirst(2))] != nil else {
                    throw UsageError("unknown option '\(option)'")
                }
                settings.numbers[String(option.dropFirst(2))] = try number(after: option)
            }
        }
        settings.roundCount = roundCount ?? (settings.isQuick ? 1 : settings.roundCount)
        return .run(benchmarks, settings, isJSON: isJSON)
    }

    private mutating func number(after option: String) throws(UsageError) -> Int {
        guard let text = rest.popFirst() else { throw UsageError("\(option) needs a number after it") }
        guard let number = Int(text), number > 0 else {
            throw UsageError("\(option) needs a whole number above 0, not '\(text)'")
        }
        return number
    }
}
