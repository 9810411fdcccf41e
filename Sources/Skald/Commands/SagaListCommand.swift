import Orchestration
import SagaModel
import Telemetry

extension Command {
    /// `skald saga ...`.
    static let sagas: [Command] =
        [sagaList, sagaShow, sagaWatch, sagaExport] + OperatorOrder.Action.allCases.map(sagaOrder)

    private static let sagaList = Command(
        "saga list", "List sagas, those started last first",
        examples: [
            Example("skald saga list", "The last fifty."),
            Example("skald saga list --state stuck", "Those that wait for a person."),
            Example("skald saga list --outcome rejected --search consumerId=ada", "By outcome and by data."),
            Example("skald saga list --after 0199a0c2-...", "The next page; the end of the page before says where."),
        ],
        options: [
            .choice("state", SagaSummary.Standing.allCases.map(\.rawValue), "Only these."),
            .value("name", "DEFINITION", "Only those of this definition."),
            .value("outcome", "NAME", "Only those that ended so."),
            .value("key", "KEY", "Only those with this key, such as an order's id."),
            .value("search", "FIELD=VALUE", "Only those whose data say so; may stand there several times."),
            .value("since", "TIME", "Only those started from then on: 10m, 2h, 1d ago, or an RFC 3339 time."),
            .value("limit", "N", "How many; 50 if left out."),
            .value("after", "ID", "Go on after this saga."),
            .flag("keys", "Only their keys, one a line, for other commands."),
            .flag("count", "Only how many there are, by state."), .json,
        ],
        exits: [.unavailable: "the database cannot be reached"]
    ) { arguments, console in
        let filter = try SagaFilter(arguments, now: Logger.wallClockMilliseconds())
        let limit = try arguments.count("limit", in: 1...10_000) ?? 50
        let after = try arguments.value("after").map { text throws(Failure) in
            guard let id = Identifier(text) else { throw Failure(.usage, "`\(text)` is no id of a saga") }
            return id
        }
        return try await SagaSession.with { session in
            if arguments.has("count") {
                try SagaListing.tell(try await session.store.counts(filter), console, asJSON: arguments.has("json"))
            } else {
                let page = try await session.store.list(filter, after: after, countMax: limit)
                if arguments.has("keys") {
                    for saga in page.sagas { try console.print(saga.key) }
                    return .success
                }
                try SagaListing.tell(page, console, asJSON: arguments.has("json"))
            }
            return .success
        }
    }
}

extension SagaFilter {
    /// - Parameter now: milliseconds since 1970.
    init(_ arguments: Arguments, now: Int64) throws(Failure) {
        self.init()
        name = arguments.value("name")
        outcome = arguments.value("outcome")
        key = arguments.value("key")
        standings = Set(arguments.values(of: "state").compactMap { SagaSummary.Standing(rawValue: $0) })
        for text in arguments.values(of: "search") {
            let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { throw Failure(.usage, "`--search \(text)` is no FIELD=VALUE") }
            search[parts[0]] = parts[1]
        }
        if let text = arguments.value("since") {
            guard let time = TimeShift("-" + text[...]).map({ now + $0.milliseconds }) ?? RFC3339.milliseconds(text)
            else {
                throw Failure(
                    .usage, "`--since \(text)` is no time", remedy: "Such as 10m, 2h, 1d or 2026-01-05T10:00:00Z.")
            }
            startedFrom = time
        }
    }
}

/// Lists of sagas, for people and for programs.
enum SagaListing {
    static func tell(_ page: SagaPage, _ console: Console, asJSON: Bool) throws {
        if asJSON {
            let record: Record = [
                "sagas": .list(page.sagas.map(\.value)), "next": page.next.map { .string("\($0)") } ?? .null,
            ]
            return try console.print(CanonicalJSON.text(of: .record(record)))
        }
        var table = TextTable("key", "definition", "state", "started", "took")
        for saga in page.sagas {
            // Day and time; the year stands in what programs read.
            let started = RFC3339.text(milliseconds: saga.startedAt).dropFirst(5).prefix(14).map {
                $0 == "T" ? " " : $0
            }
            table.add(
                saga.key, "\(saga.name) \(saga.definitionVersion)", saga.state,
                String(started), saga.endedAt.map { milliseconds($0 - saga.startedAt) } ?? "")
        }
        try console.print(table.text(columnCount: console.output.columnCount, style: console.output.style))
        if let next = page.next { console.say("\nthere are more: --after \(next)") }
    }

    static func tell(_ counts: [SagaSummary.Standing: Int], _ console: Console, asJSON: Bool) throws {
        let all = SagaSummary.Standing.allCases.map { ($0.rawValue, counts[$0] ?? 0) }
        if asJSON {
            let record = Record(all.map { Record.Member(name: $0.0, value: .integer(Int64($0.1))) })
            return try console.print(CanonicalJSON.text(of: .record(record)))
        }
        for (name, count) in all { try console.print("\(name.padded(to: 14)) \(count.grouped)") }
    }

    static func milliseconds(_ count: Int64) -> String { Duration.milliseconds(count).words }
}

extension SagaSummary {
    /// Where it stands, for people: its outcome, or what it does and whom it waits for.
    var state: String {
        if let outcome { return outcome }
        if pausedFor.isEmpty { return standing.rawValue }
        return "\(standing.rawValue), waits for \(pausedFor.joined(separator: ", ")) (paused)"
    }

    /// The saga for programs.
    var value: Value {
        .record([
            "id": .string("\(id)"), "definition": .string(name), "version": .integer(Int64(definitionVersion)),
            "hash": .string(definitionHash), "key": .string(key), "state": .string(standing.rawValue),
            "paused": .list(pausedFor.map { .string($0) }), "outcome": outcome.map { .string($0) } ?? .null,
            "inputs": .integer(version), "data": .record(search),
            "traceparent": traceparent.map { .string($0) } ?? .null, "started": .integer(startedAt),
            "changed": .integer(changedAt), "ended": endedAt.map { .integer($0) } ?? .null,
        ])
    }
}
