import Messaging

/// A participant, its database and its broker in miniature: everything that can go wrong between them, as values.
///
/// The process part does nothing but what `BatchPlanner` and `DeliveryMachine` tell it to. Each handler run that is committed
/// makes reply bytes of its own (a stamp), so that a second one would be seen.
struct DeliveryWorld: Hashable {
    /// What the sender asks for.
    struct Command: Hashable {
        let id: UUIDv7
        var direction: StepReference.Direction?
        /// Whether its handler fails every time.
        var isPoison = false
    }

    /// One copy of a command on its way.
    struct Copy: Hashable {
        let command: Int
        var attempt = 1
        var isRedelivered = false
    }

    struct Row: Hashable {
        let command: Int
        let stamp: Int
        let owner: Int
    }

    /// What a transaction wrote and has not committed.
    struct Staged: Hashable {
        var claimed: Set<Int> = []
        var stamps: [Int: Int] = [:]
        var fence: FenceState?
        var isEffectLive: Bool?
    }

    struct Process: Hashable {
        var epoch: Int
        var planner: BatchPlanner?
        /// The deliveries of the batch; nil once the broker has taken one back.
        var batch: [Copy?] = []
        var run: BatchRun?
        /// Whether the run takes its messages for new, and finds out with the commit.
        var isOptimistic = false
        var machine: DeliveryMachine?
        var toDo: [Task] = []
        /// Whether the sweep must look for rows of this very process.
        var sweepsOwn = false
    }

    /// What the process is about to do.
    enum Task: Hashable {
        case action(DeliveryMachine.Action)
        case handle(Int, FenceDecision)
        case publish(row: Int)
        case resend(Int)
        case passOn(Int, Settlement)
    }

    /// How often each thing may still go wrong.
    struct Budget: Hashable {
        var crashes = 0
        var copies = 0
        var commitsUnknown = 0
        var confirmsLost = 0
        var groundFailures = 0
        var reconnects = 0
        var unclearErrors = 0
    }

    /// What never changes; shared by all worlds of one exploration, so comparing them need not look at it.
    final class Setting: Hashable {
        let commands: [Command]
        let rule: SettlementRule

        init(commands: [Command], rule: SettlementRule) {
            self.commands = commands
            self.rule = rule
        }

        static func == (left: Setting, right: Setting) -> Bool { left === right }
        func hash(into hasher: inout Hasher) {}
    }

    let setting: Setting
    var budget: Budget

    var commands: [Command] { setting.commands }
    var rule: SettlementRule { setting.rule }

    // The database.
    var inbox: Set<Int> = []
    var stampOf: [Int: Int] = [:]
    var effectCount: [Int: Int] = [:]
    var fence = FenceState.new
    var isEffectLive = false
    var outbox: Set<Row> = []
    var staged: Staged?

    // The broker and those behind it.
    var queue: [Copy]
    var answers: [Int: Set<Int>] = [:]
    /// The commands answered since they were last asked.
    var answered: Set<Int> = []
    var dead: Set<Int> = []

    var process: Process?
    /// The command of each place in the batch.
    var commandOf: [Int] = []
    var epoch = 0

    init(_ commands: [Command], budget: Budget, ladder: RetryLadder) {
        setting = Setting(commands: commands, rule: SettlementRule(ladder: ladder))
        self.budget = budget
        queue = commands.indices.map { Copy(command: $0) }
    }

    var isAtRest: Bool {
        guard let process else { return false }
        return queue.isEmpty && process.planner == nil && outbox.isEmpty
    }
}
