import SagaCheck
import SagaFile
import SagaModel

extension Command {
    static let check = Command(
        "check", "Explore everything that can happen to sagas",
        examples: [
            Example("skald check", "Every saga under `sagas`, each alone and those that meet together."),
            Example("skald check sagas/create-order.saga.yaml", "One file, with the bounds that it states."),
            Example("skald check new.saga.yaml --bounds timeouts=3", "A deeper look than the file asks for."),
            Example(
                "skald check new.saga.yaml --write-scenario broken.scenario.yaml",
                "The shortest story of what is wrong, as a scenario that fails until it is mended."),
        ],
        operands: .files("[FILE...]", "Saga files, or folders of them; `sagas` if left out."),
        options: [
            .value("bounds", "LIST", "Other bounds than the file's, of these: \(BoundsList.example)."),
            .value("states", "COUNT", "Give up after so many states; 50000000 if left out."),
            .value("memory", "MEBIBYTES", "Give up when the states take so much memory; 4096 if left out."),
            .flag("alone", "Do not look at the sagas that meet on one aggregate together."),
            .value("write-scenario", "FILE", "Write the first story there."),
            .json,
        ],
        exits: [
            .success: "no story breaks a promise", .failed: "a story does, or a part of a saga is dead",
            .badInput: "a file is no definition; its faults are told",
        ]
    ) { arguments, console in
        let library = try loadLibrary(arguments.operands, isJSON: arguments.has("json"), console)
        guard let library else { return .badInput }
        var run = CheckRun(console, isQuiet: arguments.has("json"))
        run.wish = try BoundsList(arguments.value("bounds") ?? "")
        if let count = try arguments.count("states", in: 1...1_000_000_000) {
            run.limits = SearchLimits(stateCountMax: count)
        }
        if let size = try arguments.count("memory", in: 1...1 << 20) { run.limits.byteCountMax = size << 20 }
        let definitions = library.sagas.map(\.definition)
        for definition in definitions { try run.check([definition]) }
        if !arguments.has("alone") {
            for meeting in Check.meetings(of: definitions) { try run.check(meeting) }
        }
        let report = CheckTelling(run.outcomes, library)
        if let path = arguments.value("write-scenario") { try report.writeScenario(to: path, console) }
        try arguments.has("json") ? console.print(CanonicalJSON.text(of: report.value)) : report.tell(console)
        return run.outcomes.allSatisfy { $0.report.isClean } ? .success : .failed
    }

    /// Returns nil after the faults have been told, on standard output for programs.
    private static func loadLibrary(_ operands: [String], isJSON: Bool, _ console: Console) throws -> SagaLibrary? {
        do throws(DefinitionError) {
            return try SagaPaths.library(operands)
        } catch {
            guard isJSON else { throw error }
            try console.print(CanonicalJSON.text(of: ["faults": .list(error.diagnostics.map(\.value))]))
            return nil
        }
    }
}

/// The sagas that operands name.
enum SagaPaths {
    static func library(_ operands: [String]) throws(DefinitionError) -> SagaLibrary {
        if operands.isEmpty { return try SagaLibrary(folder: "sagas") }
        if operands.count == 1, Folder.exists(operands[0]) { return try SagaLibrary(folder: operands[0]) }
        return try SagaLibrary(
            sagaFiles: operands.flatMap {
                Folder.files(below: $0, suffix: SagaLibrary.sagaSuffix, depthMax: 0) ?? [$0]
            })
    }
}

/// Some bounds by name, as in `timeouts=2,crashes=0`; the others stay what they are.
struct BoundsList {
    private var counts: [(name: String, count: Int)] = []

    static let example = text(of: Bounds())

    init(_ text: String) throws(Failure) {
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
            guard sides.count == 2, Self.paths.contains(where: { $0.name == sides[0] }) else {
                let names = Self.paths.map(\.name)
                let nearest = Spelling.nearest(to: sides[0], among: names)
                throw Failure(
                    .usage, "`\(part)` is no bound",
                    remedy: nearest.map { "Did you mean `\($0)=…`?" } ?? "Bounds are \(names.joined(separator: ", ")).")
            }
            guard let number = WholeNumber.parse(sides[1]), (0...8).contains(number) else {
                throw Failure(.usage, "`\(part)` is out of range", remedy: "From 0 to 8.")
            }
            counts.append((sides[0], Int(number)))
        }
    }

    func applied(to bounds: Bounds) -> Bounds {
        var bounds = bounds
        for (name, count) in counts {
            for (known, path) in Self.paths where known == name { bounds[keyPath: path] = count }
        }
        return bounds
    }

    /// All bounds, as they are written on the command line.
    static func text(of bounds: Bounds) -> String {
        paths.map { "\($0.name)=\(bounds[keyPath: $0.path])" }.joined(separator: ",")
    }

    private static var paths: [(name: String, path: WritableKeyPath<Bounds, Int>)] {
        [
            ("timeouts", \.timeouts), ("duplicates", \.duplicates), ("crashes", \.crashes), ("losses", \.losses),
            ("attempts", \.attempts),
        ]
    }
}

/// Runs checks and shows on a terminal how far they are.
struct CheckRun {
    struct Outcome {
        let report: CheckReport
        let duration: Duration
    }

    /// What was asked for on the command line.
    var wish: BoundsList?
    var limits = SearchLimits()
    private(set) var outcomes: [Outcome] = []
    private let console: Console
    private let isQuiet: Bool

    init(_ console: Console, isQuiet: Bool) {
        self.console = console
        self.isQuiet = isQuiet || !console.messages.isTerminal
    }

    mutating func check(_ definitions: [Definition]) throws {
        let began = console.now()
        let names = definitions.map(\.name).joined(separator: " x ")
        let (console, isQuiet) = (console, isQuiet)
        let bounds = Check.bounds(of: definitions)
        let report = try Check.check(definitions, bounds: wish?.applied(to: bounds) ?? bounds, limits: limits) {
            progress in
            if !isQuiet {
                let rate = Rate(count: progress.stateCount, during: console.now() - began)
                let line = "\(names): \(progress.stateCount.grouped) states, depth \(progress.depth), \(rate)"
                console.showProgress(line)
            }
            return true
        }
        if !isQuiet { console.showProgress("") }
        outcomes.append(Outcome(report: report, duration: console.now() - began))
    }
}

extension Console {
    /// Replaces the line at the bottom of a terminal; an empty one removes it.
    func showProgress(_ line: String) {
        let text = line.count > messages.columnCount - 1 ? String(line.prefix(messages.columnCount - 1)) : line
        do { try messages.write("\r\u{1B}[K" + text) } catch {}
    }
}
