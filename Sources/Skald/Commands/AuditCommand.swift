import Orchestration
import SagaModel

extension Command {
    static let audit = Command(
        "audit", "Hold all databases and queues against what must always be true",
        examples: [
            Example("skald audit", "Money, slots, tickets, sagas, outboxes, queues, histories."),
            Example("skald audit --json", "Each invariant with its count and the offending ids."),
            Example("skald audit --settle 60 --dead 12", "After a load with twelve malformed messages."),
        ],
        options: [
            .value("settle", "SECONDS", "Wait at most so long until nothing is under way; 10 if left out."),
            .value("dead", "N", "How many dead letters were sent on purpose; 0 if left out."),
            .flag("quick", "Leave out what only the broker's own tool can tell."),
            .value("sagas", "FOLDER", "The folder with the definitions; `sagas` if left out."), .json,
        ],
        exits: [
            .success: "everything is as it must be", .failed: "an invariant is broken, and is named",
            .unavailable: "a server cannot be reached",
        ]
    ) { arguments, console in
        let system = try DeclaredSystem(folder: arguments.value("sagas") ?? "sagas")
        let reader = try AuditReader(Surroundings(), system)
        defer { reader.close() }
        let settle = Duration.seconds(try arguments.count("settle", in: 0...86_400) ?? 10)
        let facts = try await settled(reader, within: settle, isThorough: !arguments.has("quick"), console)
        var rules = AuditRules(facts: facts)
        rules.deadCountExpected = try arguments.count("dead", in: 0...1_000_000_000) ?? 0
        var histories = HistoryAudit()
        try await reader.auditHistories(&histories)
        let findings = (rules.findings + histories.findings).sorted { $0.number < $1.number }
        let broken = findings.filter { $0.offenderCount > 0 }
        if arguments.has("json") {
            let record: Record = [
                "clean": .boolean(broken.isEmpty), "findings": .list(findings.map(\.value)),
            ]
            try console.print(CanonicalJSON.text(of: .record(record)))
        } else {
            for finding in findings { try console.print(finding.words(console.output.style)) }
            console.say(
                broken.isEmpty
                    ? "\naudit clean: \(facts.orders.count.grouped) orders, \(facts.sagas.count.grouped) sagas"
                    : "\n\(broken.count) of \(findings.count) invariants are broken")
        }
        return broken.isEmpty ? .success : .failed
    }

    /// The facts once nothing is under way, or as they are when the time is over.
    private static func settled(
        _ reader: AuditReader, within limit: Duration, isThorough: Bool, _ console: Console
    ) async throws -> AuditFacts {
        let deadline = console.now() + limit
        while true {
            let isLast = console.now() >= deadline
            var facts = try await reader.facts(isThorough: false)
            // The broker's own tool takes a second, so it is asked only once nothing else moves.
            if isThorough, facts.isQuiet || isLast { facts = try await reader.facts(isThorough: true) }
            if facts.isQuiet || isLast { return facts }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}

extension AuditFinding {
    /// For the order of the list.
    fileprivate var number: Int { Int(id.dropFirst()) ?? 0 }
}
