import SagaModel
import Testing

/// Drives one instance by hand and remembers what it did.
struct SagaRun {
    let definition: CompiledDefinition
    var instance = Instance.unstarted
    var milliseconds: Int64 = 1_700_000_000_000
    /// The actions of the last input.
    var actions: [Action] = []
    var inputs: [Input] = []
    /// Every command sent, re-sends included.
    var sent: [Command] = []
    var outcome: String?

    init(_ definition: Definition) throws {
        self.definition = try CompiledDefinition(definition)
    }

    mutating func take(_ happening: Input.Happening) {
        let input = Input(happening, milliseconds: milliseconds)
        inputs.append(input)
        (instance, actions) = SagaMachine.decide(definition, instance, input)
        milliseconds += 5
        for action in actions {
            switch action {
            case .send(let command): sent.append(command)
            case .finish(let outcome): self.outcome = outcome
            case .setTimer, .cancelTimer, .ignore, .stick, .alarm: break
            }
        }
    }

    mutating func start(_ payload: Record = ["orderId": "o-1", "consumerId": "c-1", "lines": .list(["soup"])]) {
        let saga = Identifier.saga(
            definition: definition.definition.name, key: payload[definition.startKey] ?? .null,
            milliseconds: milliseconds)
        take(.started(StartEvent(saga: saga, payload: payload)))
    }

    /// Answers a command, by default the last one sent.
    mutating func answer(_ name: String, _ payload: Record = [:], to command: Command? = nil) {
        take(.replied(reply(name, payload, to: command)))
    }

    func reply(_ name: String, _ payload: Record = [:], to command: Command? = nil) -> Reply {
        guard let command = command ?? sent.last else { preconditionFailure("nothing was sent") }
        return Reply(
            causation: command.request, sender: command.participant, name: name, turn: command.turn, payload: payload)
    }

    /// Lets the timer of a command fire, by default of the last one sent.
    mutating func silence(of command: Command? = nil) {
        guard let command = command ?? sent.last else { preconditionFailure("nothing was sent") }
        take(.timerFired(command.turn))
    }

    mutating func order(_ action: OperatorOrder.Action, step: String? = nil) {
        take(.ordered(OperatorOrder(action, step: step, reason: "test", who: "somebody")))
    }

    /// The names of all commands sent.
    var names: [String] { sent.map(\.name) }

    var ignored: IgnoreReason? {
        for case .ignore(let reason) in actions { return reason }
        return nil
    }

    var stuck: StuckReason? {
        for case .stick(_, let reason) in actions { return reason }
        return nil
    }

    /// When the timers set by the last input fire.
    var due: [Int64] {
        actions.compactMap { if case .setTimer(_, let due) = $0 { due } else { nil } }
    }

    static let ticket: Record = ["ticketId": "t-1", "total": 1250]

    /// Runs create-order up to the step, which is asked then.
    mutating func reach(_ step: String) {
        start()
        let answers = [
            ("VerifyConsumer", "ConsumerVerified", Record()), ("CreateTicket", "TicketCreated", Self.ticket),
            ("AuthoriseCard", "CardAuthorised", [:]), ("ConfirmTicket", "TicketConfirmed", [:]),
        ]
        for (command, name, payload) in answers where sent.last?.turn.step != step {
            #expect(sent.last?.name == command)
            answer(name, payload)
        }
        #expect(sent.last?.turn.step == step)
    }
}
