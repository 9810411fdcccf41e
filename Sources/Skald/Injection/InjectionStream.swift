import Messaging
import SagaModel
import Telemetry

/// Makes the messages of a request one batch after the other, and disturbs them if that was asked for.
struct InjectionStream: Sendable {
    private let request: InjectionRequest
    private let catalogue: MessageCatalogue
    private let fixture: Fixture?
    private let ids: UUIDv7Source
    private var filler: TemplateFiller
    private var random: SplitMix64
    private var disturbance: Disturbance
    /// What goes out next.
    private var window: ArraySlice<Outgoing> = []
    private var lines: LineSource?
    private var hasEnded = false
    private var rest: [UInt8] = []
    private var waiting: [String] = []
    private var lineNumber = 0
    private var madeCount = 0
    /// What ended the lines early. It is thrown once all before it has gone out.
    private var fault: Failure?

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
        disturbance = Disturbance(request, seed: seed ^ 0x0DDE)
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

    /// Reads a file through, so that nothing is sent where one of its lines is bad. What can be read only once is not.
    func rehearse() async throws {
        guard let lines, lines.isRepeatable else { return }
        var rehearsal = self
        while try await rehearsal.nextMessage(within: nil) != nil {}
        try lines.rewind()
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

    /// Hands out up to so many copies; fewer where no more have come yet, none at the end.
    ///
    /// - Throws: what is wrong with a line, once those before it were handed out.
    mutating func next(_ countMax: Int) async throws -> [Outgoing] {
        var batch: [Outgoing] = []
        while batch.count < countMax {
            if window.isEmpty {
                // A window may fill slowly; what came before it goes out meanwhile.
                if disturbance.reorders, !batch.isEmpty { break }
                window = disturbance.copies(of: try await nextWindow(within: batch.isEmpty ? nil : .zero))[...]
            }
            guard let copy = window.popFirst() else { break }
            batch.append(copy)
        }
        if batch.isEmpty, let fault { throw fault }
        return batch
    }

    /// Makes a window of messages; fewer where no more come soon, none at the end.
    ///
    /// - Parameter limit: How long to wait for the first.
    private mutating func nextWindow(within limit: Duration?) async throws -> [Injection] {
        var made: [Injection] = []
        let pause = disturbance.reorders ? Disturbance.pauseMax : .zero
        while made.count < Disturbance.windowCountMax, fault == nil {
            do {
                guard let injection = try await nextMessage(within: made.isEmpty ? limit : pause) else { break }
                made.append(injection)
            } catch let failure as Failure {
                fault = advising(failure)
            }
        }
        return made
    }

    /// Says where to go on, where something went out before.
    private func advising(_ failure: Failure) -> Failure {
        guard case .lines = request.origin, madeCount > 0 else { return failure }
        let advice = "The lines before it were sent; continue at line \(lineNumber)."
        return Failure(
            failure.exit, failure.message, remedy: [failure.remedy, advice].compactMap(\.self).joined(separator: " "))
    }

    private mutating func nextMessage(within limit: Duration?) async throws -> Injection? {
        switch request.origin {
        case .template(let count):
            guard let fixture, madeCount < count else { return nil }
            return try made(try catalogue.entry(fixture.type), filler.fill(fixture.data, number: madeCount + 1))
        case .payload(let payload):
            guard madeCount == 0, let type = request.type else { return nil }
            return try made(try catalogue.entry(type), try filler.fill(payload, number: 1))
        case .lines: return try await nextLine(within: limit)
        }
    }

    private mutating func nextLine(within limit: Duration?) async throws -> Injection? {
        while true {
            while let line = waiting.popLast() {
                lineNumber += 1
                // Empty lines and those that begin with # are for people.
                let first = line.first { $0 != " " && $0 != "\t" && $0 != "\r" }
                guard let first, first != "#" else { continue }
                return try injection(ofLine: line)
            }
            guard let lines, !hasEnded else { return nil }
            do {
                switch try await lines.more(&rest, within: limit) {
                case .lines(let more): waiting = more.reversed()
                case .nothing: return nil
                // At a terminal more may come after the end.
                case .end: hasEnded = true
                }
            } catch let failure as Failure {
                // It is the next line that cannot be read.
                lineNumber += 1
                throw failure
            }
        }
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
}
