import Messaging
import Orchestration
import SagaModel

extension Command {
    /// `skald saga retry` and its like, one for each order that an operator may give.
    static func sagaOrder(_ action: OperatorOrder.Action) -> Command {
        let word = action.rawValue
        let asksForStep = action == .retry || action == .resume || action == .skip
        return Command(
            "saga \(word)", action.about,
            examples: [
                Example(
                    "skald saga \(word) SAGA --reason 'the card service is back'", "The reason is kept in the history."),
                Example("skald saga \(word) SAGA --reason WHY --dry-run", "Only what would happen."),
            ],
            operands: Operands(
                label: "SAGA...", about: "Ids or keys of sagas.", count: 1...1000),
            options: [
                .value("reason", "WHY", "Why; it is kept in the history."),
                .value("by", "NAME", "Who; SKALD_OPERATOR or the user's name if left out."),
                .flag("dry-run", "Only say what would happen."), OperatorPost.patienceOption,
            ] + (asksForStep ? [.value("step", "STEP", "The step meant, where several are stuck.")] : []),
            exits: [
                .success: "the order was given to all",
                .failed: "a saga does not allow it now; nothing is changed there",
                .unavailable: "the database or the broker cannot be reached", .timedOut: OperatorPost.timedOutMeaning,
            ]
        ) { arguments, console in
            guard let reason = arguments.value("reason"), !reason.isEmpty else {
                throw Failure(
                    .usage, "an order needs its reason", remedy: "--reason 'why', for whoever reads the history.")
            }
            let order = OperatorOrder(
                action, step: arguments.value("step"), reason: reason,
                who: arguments.value("by") ?? SagaSession.operatorName)
            return try await SagaSession.with { session in
                let desk = SagaDesk(session, try OperatorPost(arguments), console)
                var exit = ExitCode.success
                for name in arguments.operands {
                    let saga = try await session.saga(name)
                    let isDone = try await desk.give(order, to: saga, isDry: arguments.has("dry-run"))
                    if !isDone { exit = .failed }
                }
                return exit
            }
        }
    }
}

/// Gives orders to sagas: looks first whether they allow them, which costs nothing, then has the orchestrator do it.
private struct SagaDesk {
    let session: SagaSession
    let post: OperatorPost
    let console: Console

    init(_ session: SagaSession, _ post: OperatorPost, _ console: Console) {
        self.session = session
        self.post = post
        self.console = console
    }

    /// - Returns: whether the saga allows it.
    func give(_ order: OperatorOrder, to saga: SagaSummary, isDry: Bool) async throws -> Bool {
        let choices = try await session.store.choices(for: saga.id, now: UTC.now()) ?? []
        let choice = choices.first { $0.action == order.action && (order.step == nil || $0.step == order.step) }
        guard let choice else {
            let allowed = choices.map { $0.words(saga.id) }.joined(separator: "\n  ")
            console.fail(
                Failure(
                    .failed, "\(saga.name) \(saga.key) does not allow `\(order.action.rawValue)` now",
                    remedy: allowed.isEmpty ? "It is over." : "It allows:\n  \(allowed)"))
            return false
        }
        if isDry {
            try console.print("\(saga.name) \(saga.key): \(choice.words(saga.id))")
            for action in choice.actions { try console.print("  would \(action.words)") }
            return true
        }
        let message = OrderSaga(
            saga: saga.id.description, action: order.action.rawValue, step: order.step, who: order.who,
            reason: order.reason)
        let (id, outcome) = try await post.order(message, writtenDownIn: session.pool)
        if case .refused(let why) = outcome {
            // It has moved on since it was looked at.
            console.fail(Failure(.failed, "\(saga.name) \(saga.key): the order is refused: \(why)"))
            return false
        }
        let record = try await session.store.records(of: saga.id).last { $0.messageID == id.description }
        for action in record?.entry.actions ?? [] { try console.print("\(saga.key): \(action.words)") }
        return true
    }
}

extension OperatorOrder.Action {
    /// One line for the list of commands.
    var about: String {
        switch self {
        case .retry: "Ask again where a saga is stuck"
        case .resume: "Wait again where a saga is stuck, without asking"
        case .skip: "Take a stuck step for done, because somebody did it by hand"
        case .compensate: "Undo everything now, before the pivot"
        case .abort: "End a saga here and leave its effects as they are"
        }
    }
}
