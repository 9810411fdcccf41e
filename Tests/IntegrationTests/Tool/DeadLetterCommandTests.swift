import AMQP
import BankSample
import LocalServers
import Messaging
import Postgres
import Telemetry
import Testing

@testable import Participant
@testable import Skald

@Suite struct DeadLetterCommandTests {
    @Test func lettersAreListedSentBackWithAnotherBodyAndDropped() async throws {
        try await BankHarness.withBank(ladder: RetryLadder.none) { bank in
            let saga = try await SagaSide(bank)
            let tool = ToolRun(bank)
            try await bank.whileRunning(bank.participant()) {
                try await bank.whileRunning(bank.keeperOfRecords()) {
                    let poison = try (0..<3).map { number in
                        let deposit = Bank.Deposit(account: "a", amount: 1, trick: .throwing)
                        return try saga.command(deposit, saga: "wanted-\(number)")
                    }
                    let torn = try saga.command(Bank.Deposit(account: "a", amount: 1))
                    let tornMessages = (0..<220).map { _ in
                        var message = torn.envelope.message(body: Array("{".utf8))
                        let id = saga.nextID().description
                        message.properties.messageID = id
                        message.headers[HeaderName.eventID] = .string(id)
                        return message
                    }
                    // Those that are wanted lie behind more than one consumer may hold.
                    await saga.insist(on: tornMessages)
                    try await bank.untilDead(220)
                    try await saga.send(poison)
                    try await bank.untilDead(223)

                    let list = try await tool("dlq", "list", "bank.commands")
                    #expect(list.output.contains("attempts-exhausted") && list.output.contains("undecodable"))
                    #expect(list.messages.contains("223 dead letters"))
                    let shown = try await tool("dlq", "show", "bank.commands", "--saga", "wanted-1", "--json")
                    #expect(shown.output.contains(poison[1].id.description) && shown.output.contains("vault is jammed"))

                    let redrive = [
                        "dlq", "redrive", "bank.commands", "--reason-code", "attempts-exhausted", "--set",
                        "trick=null", "--rate", "500",
                    ]
                    let refused = try await tool(redrive)
                    #expect(refused.exit == .usage && refused.messages.contains("asks for a reason"))
                    #expect(try await tool(redrive + ["--dry-run"]).messages.contains("3 would be sent back"))
                    #expect(try await bank.ledgerCount == 0)
                    let done = try await tool(redrive + ["--reason", "vault oiled", "--who", "test"])
                    #expect(done.exit == .success && done.messages.contains("3 sent back"), "\(done.messages)")
                    for command in poison { _ = try await saga.answers(to: command.id, count: 1) }
                    #expect(try await bank.balance("a") == 3)

                    let dropped = try await tool(
                        "dlq", "drop", "bank.commands", "--type", "bank.Deposit", "--reason", "torn", "--json")
                    #expect(dropped.output == #"{"matched":220,"removed":220,"dryRun":false}"# + "\n")
                    #expect(try await tool("dlq", "list", "bank.commands").messages.contains("0 dead letters"))
                    let expected = ["dlq redrive by test: 3 of 3", "dlq drop by \(tool.who): 220 of 220"]
                    try await eventually { try await bank.actions.filter { $0.contains(" of ") }.count == 2 }
                    #expect(try await bank.actions == expected)
                }
            }
            await saga.close()
        }
    }

    /// It has told how many there are, and hands the first one out long after we have lost patience.
    @Test(.timeLimit(.minutes(5))) func noLetterIsLeftOutBecauseTheBrokerIsSlow() async throws {
        try await BankHarness.withBank(ladder: RetryLadder.none) { bank in
            let proxy = try FaultProxy(to: bank.broker.port)
            let connection = try await Connection.connect(
                bank.brokerConfiguration(user: TopologyNames.tool, port: proxy.port))
            let publisher = try await connection.makePublisher()
            for _ in 0..<3 {
                let letter = Message([UInt8](repeating: 0x20, count: 60_000))
                try await publisher.publish(letter, routingKey: TopologyNames.deadQueue(of: "bank.commands"))
            }
            let reader = try await DeadQueueReader("bank.commands", on: connection, patience: .milliseconds(100))
            await proxy.set(.limited(bytesPerSecond: 60_000), on: .toClient)
            var count = 0
            while try await reader.next() != nil { count += 1 }
            #expect(count == 3)
            await proxy.set(.pass)
            await reader.close()
            await connection.close()
            await proxy.close()
        }
    }

    @Test func nothingIsDoneThatNobodyWritesDown() async throws {
        try await BankHarness.withBank(ladder: RetryLadder.none) { bank in
            let saga = try await SagaSide(bank)
            let tool = ToolRun(bank)
            try await bank.whileRunning(bank.participant()) {
                try await saga.send([saga.command(Bank.Deposit(account: "a", amount: 1, trick: .throwing))])
                try await bank.untilDead(1)
                let drop = try await tool(
                    "dlq", "drop", "bank.commands", "--reason", "x", "--record-with", "nobody")
                #expect(drop.exit == .failed && drop.messages.contains("Nothing was done"))
                try await bank.untilDead(1)
            }
            await saga.close()
        }
    }
}

/// Runs the tool in this process against the bank's broker.
struct ToolRun {
    private let url: String
    let who = variable("USER") ?? "unknown"

    init(_ bank: BankHarness) {
        let place = "\(bank.broker.host):\(bank.broker.port)/\(bank.virtualHost.replacing("/", with: "%2f"))"
        url = "amqp://\(TopologyNames.tool):\(BankHarness.password)@\(place)"
    }

    func callAsFunction(_ words: String...) async throws -> (exit: ExitCode, output: String, messages: String) {
        try await callAsFunction(words)
    }

    func callAsFunction(_ words: [String]) async throws -> (exit: ExitCode, output: String, messages: String) {
        let output = Lock("")
        let messages = Lock("")
        func stream(_ text: Lock<String>) -> Skald.Stream {
            Skald.Stream(isTerminal: false, style: Style(isColored: false), columnCount: 200) { more in
                text.withLock { $0 += more }
            }
        }
        let console = Console(output: stream(output), messages: stream(messages), now: { ContinuousClock.now })
        let exit = await Tool().run(words + ["--broker", url], console)
        return (exit, output.withLock { $0 }, messages.withLock { $0 })
    }
}

extension BankHarness {
    /// The participant that writes down what operators do; it shares the bank's tables.
    func keeperOfRecords() throws -> Participant {
        var configuration = ParticipantConfiguration(
            service: TopologyNames.orchestrator, broker: brokerConfiguration(user: TopologyNames.orchestrator),
            database: runtimeConfiguration)
        configuration.ladder = ladder
        configuration.commandSenders = [TopologyNames.tool]
        var handlers = Handlers()
        handlers.recordOperatorActions()
        return try Participant(
            configuration, handlers: handlers,
            telemetry: ParticipantTelemetry(log: Logger(level: .debug, sink: log), metrics: MetricRegistry()))
    }

    /// Waits until so many messages lie in the bank's dead queue.
    func untilDead(_ count: Int) async throws {
        let queue = try await DeadQueue(self)
        try await eventually { try await queue.connection.status(ofQueue: queue.queue).messageCount == count }
        await queue.close()
    }

    /// What operators did, in order.
    var actions: [String] {
        get async throws {
            var actions: [String] = []
            for row in try await pool.query(
                "SELECT name, who, coalesce(result, '') FROM skald.operator_action ORDER BY id")
            {
                let (name, who, result) = try row.decode(String.self, String.self, String.self)
                actions.append("\(name) by \(who): \(result)")
            }
            return actions
        }
    }
}
