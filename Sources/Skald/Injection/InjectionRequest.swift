import SagaModel

/// What the command line asks to inject.
struct InjectionRequest: Sendable {
    enum Origin: Sendable {
        /// The fixture of the type, so many times.
        case template(count: Int)
        /// One payload.
        case payload(Record)
        /// Lines of a file; `-` is standard input.
        case lines(path: String)
    }

    /// Nil where each line names its own.
    let type: String?
    let origin: Origin
    /// Changes to every payload: a path such as `lines.0.quantity` and the new value.
    let changes: [(path: [String], value: Value)]
    /// Messages a second; nil is as fast as the broker confirms.
    let perSecond: Double?
    let seed: UInt64?
    let duplicateShare: Double
    let malformedShare: Double
    let reorders: Bool
    let waits: Bool
    /// How long nothing may happen before a wait is given up.
    let patience: Duration
    let isChecked: Bool
    let bringsNeeds: Bool

    init(_ arguments: Arguments) throws(Failure) {
        try Self.refuseStrangers(in: arguments)
        type = arguments.operands.first
        let count = try arguments.count("count", in: 1...100_000_000)
        switch (arguments.value("data"), arguments.value("file"), count) {
        case (nil, nil, _):
            guard type != nil else {
                throw Failure(.usage, "which type of message?", remedy: "`skald inject` lists them.")
            }
            origin = .template(count: count ?? 1)
        case (let data?, nil, nil):
            guard type != nil else { throw Failure(.usage, "--data needs the type of the message before it") }
            origin = .payload(try Self.record(data, of: "--data"))
        case (nil, let file?, nil): origin = .lines(path: file)
        default:
            throw Failure(.usage, "--data, --file and --count each say on their own what is sent; give one of them")
        }
        changes = try arguments.values(of: "set").map { text throws(Failure) in try Self.change(text) }
        perSecond = try arguments.value("rate").map { text throws(Failure) in try Self.rate(text) }
        seed = try arguments.value("seed").map { text throws(Failure) in
            guard let seed = UInt64(text) else { throw Failure(.usage, "`--seed \(text)` is no whole number") }
            return seed
        }
        duplicateShare = try Self.share(arguments, "duplicate")
        malformedShare = try Self.share(arguments, "malformed")
        reorders = arguments.has("reorder")
        waits = arguments.has("wait")
        patience = .seconds(try arguments.count("patience", in: 1...86_400) ?? 60)
        isChecked = !arguments.has("unchecked")
        bringsNeeds = !arguments.has("bare")
    }

    /// A file's name among the operands would be sent by nobody.
    private static func refuseStrangers(in arguments: Arguments) throws(Failure) {
        if arguments.values(of: "file").count > 1 {
            throw Failure(.usage, "lines come from one place", remedy: "Give one --file FILE, or - for standard input.")
        }
        if arguments.operands.first == "-" {
            throw Failure(.usage, "- stands after the type", remedy: "Such as skald inject order.CancelOrder -.")
        }
        guard arguments.operands.count > 1, let stranger = arguments.operands.last else { return }
        throw Failure(
            .usage, "`skald inject` takes one type; what is `\(stranger)`?",
            remedy: "Lines of a file are sent by --file \(stranger), those of standard input by -.")
    }

    static func record(_ text: String, of what: String) throws(Failure) -> Record {
        do {
            guard case .record(let record) = try CanonicalJSON.value(of: text) else {
                throw Failure(.badInput, "\(what) is no JSON object")
            }
            return record
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.badInput, "\(what) is no JSON: \(error)")
        }
    }

    /// `path=value`; the value is JSON, or a text where it is none.
    private static func change(_ text: String) throws(Failure) -> (path: [String], value: Value) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, path.allSatisfy({ !$0.isEmpty }) else {
            throw Failure(.usage, "`--set \(text)` is no path=value", remedy: "Such as --set lines.0.quantity=3.")
        }
        return (path, (try? CanonicalJSON.value(of: parts[1])) ?? .string(parts[1]))
    }

    /// `50`, `50/s`, `300/m`.
    private static func rate(_ text: String) throws(Failure) -> Double {
        let parts = text.split(separator: "/")
        let seconds: Double? = parts.count == 1 ? 1 : ["s": 1, "m": 60, "h": 3600][String(parts.last ?? "")]
        guard parts.count <= 2, let number = parts.first.flatMap({ Double($0) }), let seconds, number > 0, number <= 1e6
        else { throw Failure(.usage, "`--rate \(text)` is no rate", remedy: "Such as 50/s or 300/m.") }
        return number / seconds
    }

    /// `5%` or `0.05`.
    private static func share(_ arguments: Arguments, _ option: String) throws(Failure) -> Double {
        guard let text = arguments.value(option) else { return 0 }
        let number = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
        guard let number, (0...1).contains(number) else {
            throw Failure(.usage, "`--\(option) \(text)` is no share", remedy: "Such as 5% or 0.05.")
        }
        return number
    }
}

extension Record {
    /// The record with the value at a path replaced or added. A number in the path counts into a list from 0.
    func setting(_ path: [String], to value: Value) throws(Failure) -> Record {
        guard case .record(let record) = try Value.record(self).setting(path[...], to: value) else { return self }
        return record
    }
}

extension Value {
    fileprivate func setting(_ path: ArraySlice<String>, to value: Value) throws(Failure) -> Value {
        guard let name = path.first else { return value }
        switch self {
        case .record(var record):
            record[name] = try (record[name] ?? .record(Record())).setting(path.dropFirst(), to: value)
            return .record(record)
        case .list(var items):
            guard let index = Int(name), items.indices.contains(index) else {
                throw Failure(.badInput, "--set: there is no item \(name) in a list of \(items.count)")
            }
            items[index] = try items[index].setting(path.dropFirst(), to: value)
            return .list(items)
        case .null, .boolean, .integer, .string:
            throw Failure(.badInput, "--set: `\(name)` would stand inside of \(CanonicalJSON.text(of: self))")
        }
    }
}
