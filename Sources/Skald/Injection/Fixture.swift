import SagaFile
import SagaModel

/// A template of one type of message, from a file of its own in `sagas/fixtures/`.
///
/// Texts in it may hold `${id}` (a new id), `${n}` (the message's number), `${now}` or `${now+90d}` (milliseconds since
/// 1970), `${pick:ada*9,grace}` (one of these, by weight; for a single message the first) and `${from:1:3}` (a whole
/// number). A text that is nothing but one of them becomes a number where it means one.
struct Fixture: Sendable {
    static let suffix = ".fixture.json"

    let type: String
    /// One line for the list.
    let about: String
    let data: Record
    /// What has to be there first, as type and payload.
    let needs: [(type: String, data: Record)]

    /// All of a folder, by type.
    static func all(in folder: String) throws -> [Fixture] {
        let paths = Folder.files(below: folder, suffix: suffix, depthMax: 0) ?? []
        return try paths.map { try Fixture(path: $0) }.sorted { $0.type < $1.type }
    }

    init(path: String) throws {
        let name = path.split(separator: "/").last ?? ""
        type = String(name.dropLast(Self.suffix.count))
        let file = try SourceFile.read(path)
        func refuse(_ why: String) -> Failure {
            Failure(
                .badInput, "\(path): \(why)",
                remedy: "It reads { \"about\": ..., \"data\": { ... }, \"needs\": [ ... ] }.")
        }
        let value: Value
        do {
            value = try CanonicalJSON.value(of: file.bytes)
        } catch {
            throw refuse("\(error)")
        }
        guard case .record(let record) = value, case .string(let about)? = record["about"],
            case .record(let data)? = record["data"]
        else { throw refuse("`about` and `data` have to be there") }
        self.about = about
        self.data = data
        var needs: [(type: String, data: Record)] = []
        if case .list(let list)? = record["needs"] {
            for need in list {
                guard case .record(let need) = need, case .string(let type)? = need["type"],
                    case .record(let data)? = need["data"]
                else { throw refuse("each of `needs` has a `type` and `data`") }
                needs.append((type, data))
            }
        }
        self.needs = needs
    }
}

/// Fills templates: the same seed makes the same choices, ids are always new.
struct TemplateFiller: Sendable {
    private var random: SplitMix64
    private let nextID: @Sendable () -> String
    private let now: Int64
    /// Whether the first of a choice is always taken.
    private let takesFirst: Bool

    /// - Parameters:
    ///   - now: milliseconds since 1970.
    init(seed: UInt64, takesFirst: Bool, now: Int64, nextID: @escaping @Sendable () -> String) {
        random = SplitMix64(seed: seed)
        self.takesFirst = takesFirst
        self.now = now
        self.nextID = nextID
    }

    mutating func fill(_ record: Record, number: Int) throws(Failure) -> Record {
        guard case .record(let filled) = try fill(.record(record), number) else { return record }
        return filled
    }

    private mutating func fill(_ value: Value, _ number: Int) throws(Failure) -> Value {
        switch value {
        case .null, .boolean, .integer: return value
        case .string(let text): return try fill(text, number)
        case .list(let items):
            var filled: [Value] = []
            for item in items { filled.append(try fill(item, number)) }
            return .list(filled)
        case .record(let record):
            var filled: [Record.Member] = []
            for member in record.members {
                filled.append(Record.Member(name: member.name, value: try fill(member.value, number)))
            }
            return .record(Record(filled))
        }
    }

    private mutating func fill(_ text: String, _ number: Int) throws(Failure) -> Value {
        var result = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw Failure(.badInput, "`\(text)` has a ${ without its }")
            }
            let value = try meaning(of: rest[start.upperBound..<end], number, text)
            let after = rest[rest.index(after: end)...]
            if start.lowerBound == text.startIndex, after.isEmpty { return value }
            result += rest[..<start.lowerBound]
            switch value {
            case .string(let text): result += text
            default: result += CanonicalJSON.text(of: value)
            }
            rest = after
        }
        return .string(result + rest)
    }

    private mutating func meaning(of word: Substring, _ number: Int, _ text: String) throws(Failure) -> Value {
        let parts = word.split(separator: ":", maxSplits: 1)
        switch parts.first.map(String.init) ?? "" {
        case "id": return .string(nextID())
        case "n": return .integer(Int64(number))
        case let word where word.hasPrefix("now"):
            if let shift = TimeShift(word.dropFirst(3)) { return .integer(now + shift.milliseconds) }
        case "pick" where parts.count == 2:
            if let choice = pick(parts[1]) { return .string(choice) }
        case "from" where parts.count == 2:
            let bounds = parts[1].split(separator: ":").compactMap { Int64($0) }
            if bounds.count == 2, bounds[0] <= bounds[1] {
                return .integer(takesFirst ? bounds[0] : Int64.random(in: bounds[0]...bounds[1], using: &random))
            }
        default: break
        }
        throw Failure(
            .badInput, "`\(text)`: ${\(word)} means nothing",
            remedy: "Known: ${id}, ${n}, ${now}, ${now+90d}, ${pick:a*9,b}, ${from:1:3}.")
    }

    /// One of several by weight, such as `ada*9,grace`.
    private mutating func pick(_ text: Substring) -> String? {
        let choices = text.split(separator: ",").map { choice -> (name: String, weight: UInt64) in
            let parts = choice.split(separator: "*")
            return (String(parts[0]), parts.count == 2 ? UInt64(parts[1]) ?? 1 : 1)
        }
        let whole = choices.reduce(0) { $0 + $1.weight }
        guard whole > 0 else { return choices.first?.name }
        if takesFirst { return choices.first?.name }
        var place = UInt64.random(in: 0..<whole, using: &random)
        for choice in choices {
            if place < choice.weight { return choice.name }
            place -= choice.weight
        }
        return nil
    }
}

/// `+90d`, `-2h`, or nothing.
struct TimeShift {
    let milliseconds: Int64

    init?(_ text: Substring) {
        if text.isEmpty {
            milliseconds = 0
            return
        }
        let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let sign = text.first, sign == "+" || sign == "-", let unit = text.last.flatMap({ units[$0] }),
            let count = Int64(text.dropFirst().dropLast()), (0...100_000).contains(count)
        else { return nil }
        milliseconds = (sign == "-" ? -1 : 1) * count * unit
    }
}

/// A small generator whose choices follow from its seed (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", 2014).
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// Whether something with this probability happens.
    mutating func happens(_ probability: Double) -> Bool {
        probability > 0 && Double(next() >> 11) / Double(1 << 53) < probability
    }
}
