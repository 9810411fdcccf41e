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
        let order = try PauseOrder(arguments, isPaused: true)
        let isNew = try await order.give()
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
        let order = try PauseOrder(arguments, isPaused: false)
        guard try await order.give() else {
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
        OperatorPost.patienceOption,
    ]

    private static let orderExits: [ExitCode: String] = [
        .success: "it holds within two seconds, and over restarts",
        .unavailable: "a server cannot be reached; the message says whether anything was changed",
        .timedOut: OperatorPost.timedOutMeaning,
    ]
}

/// What an operator wants to hold or to let go: a service or one type, why, and who wants it.
struct PauseOrder: Sendable {
    let service: String
    /// A type of message, or `*`.
    let scope: String
    let reason: String
    let who: String
    let isPaused: Bool
    private let surroundings: Surroundings
    private let post: OperatorPost

    init(_ arguments: Arguments, isPaused: Bool, _ surroundings: Surroundings = Surroundings()) throws {
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
        self.isPaused = isPaused
        self.surroundings = surroundings
        post = try OperatorPost(arguments, surroundings)
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

    /// Has the orchestrator stop or start the clocks and tell the service, and waits until the service has written it down.
    ///
    /// - Returns: whether it was not so before.
    func give() async throws -> Bool {
        let order = OrderPause(participant: service, scope: scope, isPaused: isPaused, who: who, reason: reason)
        let (id, outcome) = try await SagaSession.with(surroundings) {
            try await post.order(order, writtenDownIn: $0.pool)
        }
        if case .refused(let why) = outcome { throw Failure(.failed, "the order is refused: \(why)") }
        guard let taken = try await withDatabase({ try await post.outcome(of: id, writtenDownIn: $0) }) else {
            throw Failure(
                .timedOut, "\(service) does not take the order",
                remedy: """
                    The orchestrator has\(isOfEverything ? " \(isPaused ? "stopped" : "started") the clocks and" : "") \
                    passed it on; it waits in \(TopologyNames.controlQueue(of: service)) until the service is up: \
                    skald status
                    """)
        }
        return taken == .done()
    }

    /// Says what holds messages of the service now.
    func tellHolders(_ console: Console) async throws {
        let pauses = try await withDatabase { try await PauseStore($0).all() }
        for pause in pauses { console.say("  " + PauseReport.line(service, pause)) }
    }

    private func withDatabase<Value>(_ body: (PostgresPool) async throws -> Value) async throws -> Value {
        let pool = PostgresPool(try surroundings.database(of: service))
        defer { pool.close() }
        do {
            return try await body(pool)
        } catch let error as PostgresError {
            throw Failure(
                .unavailable, "the database of \(service) cannot be read: \(error)",
                remedy: "`skald status` lists services and shows what runs.")
        }
    }
}
