import Messaging
import SagaModel
import Telemetry

/// Makes the messages of a request one batch after the other.
struct InjectionStream: Sendable {
    private let request: InjectionRequest
    private let catalogue: MessageCatalogue
    private let fixture: Fixture?
    private let ids: UUIDv7Source
    private var filler: TemplateFiller
    private var random: SplitMix64
    private var lines: LineSource?
    private var rest: [UInt8] = []
    private var waiting: [String] = []
    private var lineNumber = 0
    private var madeCount = 0

    /// How many there will be; nil where that is not known before.
    let count: Int?

    init(
        _ request: InjectionRequest, _ catalogue: MessageCatalogue, _ fixtures: [Fixture], ids: UUIDv7Source, now: Int64
    ) throws {
        self.request = request
        self.catalogue = catalogue
        self.ids = ids
        fixture = try request.type.flatMap { type throws(Failure) in
            _ = try catalogue.entry(type)
            return fixtures.first { $0.type == type }
        }
        let seed = request.seed ?? .random(in: 0 ... .max)
        random = SplitMix64(seed: seed ^ 0x5EED)
        var takesFirst = false
        switch request.origin {
        case .template(let count):
            self.count = count
            takesFirst = count == 1 && request.seed == nil
            guard fixture != nil else {
                throw Failure(
                    .usage, "there is no template of \(request.type ?? "it")",
                    remedy: "Give the payload: --data JSON, --file FILE, or - for standard input.")
            }
        case .payload: count = 1
        case .lines(let path):
            count = nil
            lines = try LineSource(path: path)
        }
        filler = TemplateFiller(seed: seed, takesFirst: takesFirst, now: now) { ids.next().description }
    }

    /// What has to be there before the first message of a template.
    mutating func needs() throws -> [Injection] {
        guard case .template = request.origin, request.bringsNeeds else { return [] }
        return try (fixture?.needs ?? []).map { need in
            let entry = try catalogue.entry(need.type)
            let payload = try filler.fill(need.data, number: 1)
            try PayloadCheck.check(payload, entry)
            return injection(entry, payload, flaw: nil)
        }
    }

    /// Makes up to so many; fewer where no more have come yet, none at the end.
    mutating func next(_ countMax: Int) async throws -> [Injection] {
        switch request.origin {
        case .template(let count):
            guard let fixture else { return [] }
            let entry = try catalogue.entry(fixture.type)
            var batch: [Injection] = []
            while batch.count < countMax, madeCount < count {
                batch.append(try made(entry, filler.fill(fixture.data, number: madeCount + 1)))
            }
            return batch
        case .payload(let payload):
            guard madeCount == 0, let type = request.type else { return [] }
            return [try made(try catalogue.entry(type), try filler.fill(payload, number: 1))]
        case .lines: return try await nextLines(countMax)
        }
    }

    private mutating func nextLines(_ countMax: Int) async throws -> [Injection] {
        var batch: [Injection] = []
        while batch.isEmpty {
            if waiting.isEmpty {
                guard case .lines(let more) = try await lines?.more(&rest, waits: true) else { return [] }
                waiting = more.reversed()
            }
            while batch.count < countMax, let line = waiting.popLast() {
                lineNumber += 1
                // Empty lines and those that begin with # are for people.
                let first = line.first { $0 != " " && $0 != "\t" && $0 != "\r" }
                guard let first, first != "#" else { continue }
                batch.append(try injection(ofLine: line))
            }
        }
        return batch
    }

    private mutating func injection(ofLine line: String) throws -> Injection {
        do {
            var record = try InjectionRequest.record(line, of: "line \(lineNumber)")
            var type = request.type
            if case .string(let own)? = record["type"], case .record(let data)? = record["data"] {
                type = own
                record = data
            }
            guard let type else {
                throw Failure(
                    .badInput, "line \(lineNumber) does not say its type",
                    remedy: "Name it on the command line, or write {\"type\": ..., \"data\": {...}}.")
            }
            return try made(try catalogue.entry(type), try filler.fill(record, number: lineNumber))
        } catch let failure as Failure where !failure.message.contains("line \(lineNumber)") {
            throw Failure(failure.exit, "line \(lineNumber): \(failure.message)", remedy: failure.remedy)
        }
    }

    private mutating func made(_ entry: MessageCatalogue.Entry, _ filled: Record) throws -> Injection {
        var payload = filled
        for change in request.changes { payload = try payload.setting(change.path, to: change.value) }
        if request.isChecked { try PayloadCheck.check(payload, entry) }
        madeCount += 1
        let isFlawed = random.happens(request.malformedShare)
        return injection(entry, payload, flaw: isFlawed ? Injection.Flaw.allCases.randomElement(using: &random) : nil)
    }

    private func injection(
        _ entry: MessageCatalogue.Entry, _ payload: Record, flaw: Injection.Flaw?
    ) -> Injection {
        var saga: Injection.SagaKey?
        if flaw == nil, let started = catalogue.saga(startedBy: entry), case .string(let key)? = payload[started.key] {
            saga = Injection.SagaKey(definition: started.definition, key: key)
        }
        var generator = SystemRandomNumberGenerator()
        return Injection(
            id: ids.next(), entry: entry, payload: payload, saga: saga,
            traceparent: TraceContext.root(using: &generator).traceparent, flaw: flaw)
    }

    /// The batch as it is sent: some twice, and out of order, if that was asked for.
    mutating func disturbed(_ batch: [Injection]) -> [Injection] {
        var result = batch
        for injection in batch where random.happens(request.duplicateShare) { result.append(injection) }
        if request.reorders { result.shuffle(using: &random) }
        return result
    }
}
