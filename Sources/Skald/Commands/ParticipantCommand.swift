import Messaging
import Orchestration
import Participant
import Postgres

extension Command {
    /// `skald participant ...`.
    static let participants: [Command] = [participantPause, participantResume]

    private static let participantPause = Command(
        "participant pause", "Hold back what comes to a service, or its messages of one type",
        examples: [
            Example(
                "skald participant pause kitchen --reason stocktaking",
                "Commands wait in the queue, the clocks of sagas that wait for the kitchen stand."),
            Example(
                "skald participant pause kitchen CreateTicket --reason 'bad prices'",
                "Only this command waits; all else goes on, and so do the clocks."),
        ],
        operands: serviceAndType, options: orderOptions, exits: orderExits
    ) { arguments, console in
        let order = try PauseOrder(arguments)
        let isNew = try await order.pause()
        console.say("\(order.words) \(isNew ? "is paused" : "was paused already, and keeps its first reason")")
        if !isNew { try await order.tellHolders(console) }
        return .success
    }

    private static let participantResume = Command(
        "participant resume", "Let through what was held back",
        examples: [
            Example("skald participant resume kitchen --reason counted", "What waited is handled, the clocks run on."),
            Example("skald participant resume kitchen CreateTicket --reason mended", "One type."),
        ],
        operands: serviceAndType, options: orderOptions,
        exits: orderExits.merging([.failed: "it was not paused"]) { $1 }
    ) { arguments, console in
        let order = try PauseOrder(arguments)
        guard try await order.resume() else {
            try await order.tellHolders(console)
            throw Failure(.failed, "\(order.words) is not paused")
        }
        console.say("\(order.words) goes on")
        try await order.tellHolders(console)
        return .success
    }

    private static let serviceAndType = Operands(
        label: "SERVICE [TYPE]", about: "The service; a type of message, such as CreateTicket or order.created.",
        count: 1...2)

    private static let orderOptions: [Option] = [
        .value("reason", "WHY", "Why; it is shown by `skald status` and kept."),
        .value("by", "NAME", "Who; SKALD_OPERATOR or the user's name if left out."),
    ]

    private static let orderExits: [ExitCode: String] = [
        .success: "it holds within two seconds, and over restarts",
        .unavailable: "a database cannot be reached; the message says whether anything was changed",
    ]
}

/// What an operator wants to hold or to let go: a service or one type, why, and who wants it.
struct PauseOrder: Sendable {
    let service: String
    /// A type of message, or `*`.
    let scope: String
    let reason: String
    let who: String
    private let surroundings: Surroundings

    init(_ arguments: Arguments, _ surroundings: Surroundings = Surroundings()) throws(Failure) {
        guard let reason = arguments.value("reason"), !reason.isEmpty else {
            throw Failure(.usage, "an order needs its reason", remedy: "--reason 'why', for whoever asks tomorrow.")
        }
        service = arguments.operands[0]
        guard TopologyNames.isServiceName(service) else {
            throw Failure(.usage, "`\(service)` is no name of a service", remedy: "`skald status` lists them.")
        }
        scope = try Self.scope(arguments.operands.dropFirst().first, of: service)
        self.reason = reason
        who = arguments.value("by") ?? SagaSession.operatorName
        self.surroundings = surroundings
    }

    /// A name without an owner is one of the service's own commands.
    private static func scope(_ type: String?, of service: String) throws(Failure) -> String {
        guard let type else { return PauseStore.everything }
        guard let full = MessageType(type.contains(".") ? type : "\(service).\(type)") else {
            throw Failure(.usage, "`\(type)` is no type of message", remedy: "Such as CreateTicket or order.created.")
        }
        return full.text
    }

    var isOfEverything: Bool { scope == PauseStore.everything }
    var words: String { isOfEverything ? service : "\(scope) at \(service)" }

    /// - Returns: whether it was not paused before.
    func pause() async throws -> Bool {
        // The clocks first: none may run out while the service takes nothing.
        try await tellSagas { try await $0.pause(service, reason: reason, who: who) }
        return try await withPauses { try await $0.pause(scope, reason: reason, who: who) }
    }

    /// - Returns: whether it was paused.
    func resume() async throws -> Bool {
        let wasPaused = try await withPauses { try await $0.resume(scope, reason: reason, who: who) }
        try await tellSagas { try await $0.resume(service) }
        return wasPaused
    }

    /// Says what holds messages of the service now.
    func tellHolders(_ console: Console) async throws {
        let pauses = try await withPauses { try await $0.all() }
        for pause in pauses { console.say("  " + PauseReport.line(service, pause)) }
    }

    /// The orchestrator cannot be told of itself, and of single types it knows nothing.
    private func tellSagas(_ body: (OperatorDesk) async throws -> Void) async throws {
        guard isOfEverything, service != TopologyNames.orchestrator else { return }
        try await SagaSession.with(isWriting: true, surroundings) { try await body(OperatorDesk($0.pool)) }
    }

    private func withPauses<Value>(_ body: (PauseStore) async throws -> Value) async throws -> Value {
        let pool = PostgresPool(try surroundings.operating(service))
        defer { pool.close() }
        do {
            return try await body(PauseStore(pool))
        } catch let error as PostgresError {
            throw Failure(
                .unavailable, "the database of \(service): \(error)",
                remedy: "Nothing was changed there. `skald status` lists services and shows what runs.")
        }
    }
}
